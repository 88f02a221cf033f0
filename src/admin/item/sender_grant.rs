//! Sender grants as they are reported.

use serde::Serialize;

use crate::admin::item::Item;
use crate::store::grants::GrantRow;

/// The right of an account to use addresses as the sender.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SenderGrantItem {
    login: String,
    login_unicode: String,
    /// An address in which `*` stands for any text, its local part without quotes.
    addresses: String,
    addresses_unicode: String,
    created: String,
}

impl Item {
    pub(in crate::admin) fn sender_grant(row: &GrantRow) -> Self {
        Self::SenderGrant(SenderGrantItem {
            login: row.login.to_string(),
            login_unicode: row.login.to_unicode(),
            addresses: row.addresses.to_string(),
            addresses_unicode: row.addresses.to_unicode(),
            created: row.created.to_string(),
        })
    }
}

impl SenderGrantItem {
    pub(super) const HEADINGS: &'static [&'static str] = &["LOGIN", "MAY SEND AS", "SINCE"];

    pub(super) fn title(&self) -> String {
        format!("grant of `{}` to `{}`", self.addresses_unicode, self.login_unicode)
    }

    pub(super) fn cells(&self) -> Vec<String> {
        vec![self.login_unicode.clone(), self.addresses_unicode.clone(), self.created.clone()]
    }
}
