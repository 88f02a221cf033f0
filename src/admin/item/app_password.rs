//! App passwords as they are reported; never the password itself, nor its hash.

use serde::Serialize;

use crate::admin::item::{Item, services};
use crate::mail::Timestamp;
use crate::store::app_password::AppPasswordRow;

/// A password for one program or device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AppPasswordItem {
    address: String,
    address_unicode: String,
    name: String,
    state: &'static str,
    services: Option<Vec<&'static str>>,
    expires: Option<String>,
    created: String,
    last_used: Option<String>,
}

impl Item {
    pub(in crate::admin) fn app_password(row: &AppPasswordRow, now: Timestamp) -> Self {
        Self::AppPassword(AppPasswordItem {
            address: row.address.to_string(),
            address_unicode: row.address.to_unicode(),
            name: row.name.clone(),
            state: if row.expires.is_some_and(|end| end <= now) { "expired" } else { "active" },
            services: row.services.map(services),
            expires: row.expires.map(|time| time.to_string()),
            created: row.created.to_string(),
            last_used: row.used.map(|time| time.to_string()),
        })
    }
}

impl AppPasswordItem {
    pub(super) const HEADINGS: &'static [&'static str] =
        &["ADDRESS", "APP PASSWORD", "SERVICES", "EXPIRES", "LAST USED"];

    pub(super) fn title(&self) -> String {
        format!("app password `{}` of `{}`", self.name, self.address_unicode)
    }

    pub(super) fn cells(&self) -> Vec<String> {
        let services = match &self.services {
            None => "account's".to_owned(),
            Some(none) if none.is_empty() => "none".to_owned(),
            Some(some) => some.join(", "),
        };
        let or =
            |time: &Option<String>, none: &str| time.clone().unwrap_or_else(|| none.to_owned());
        let expires = match self.state {
            "expired" => "expired".to_owned(),
            _ => or(&self.expires, "never"),
        };
        vec![
            self.address_unicode.clone(),
            self.name.clone(),
            services,
            expires,
            or(&self.last_used, "never"),
        ]
    }
}
