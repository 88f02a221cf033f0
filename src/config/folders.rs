//! The list of folders that a new mailbox has.

use std::collections::BTreeSet;

use serde::Serializer;
use serde::de::{Deserializer, Error};

use crate::config::text::{self, BadValue, Written};
use crate::mail::FolderName;

impl Written for FolderName {
    const FORM: &'static str = "the name of a folder, such as \"Sent\"";

    fn read(text: &str) -> Result<Self, BadValue> {
        Self::parse(text).map_err(|why| {
            BadValue::new(format!("`{text}` cannot be a folder: {why}"))
                .hint("write names such as `Sent` or `Lists.Dovecot`")
        })
    }

    fn write(&self) -> String {
        self.to_string()
    }
}

pub(super) fn serialize<S: Serializer>(names: &[FolderName], to: S) -> Result<S::Ok, S::Error> {
    text::serialize_all(names, to)
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<FolderName>, D::Error> {
    let names: Vec<FolderName> = text::deserialize_all(from)?;
    let mut seen = BTreeSet::new();
    match names.iter().find(|name| !seen.insert(*name)) {
        None => Ok(names),
        Some(twice) => {
            let bad = BadValue::new(format!("folder `{twice}` stands there twice"));
            Err(D::Error::custom(bad.hint("remove one")))
        }
    }
}
