//! What `admin` answers, read as every script may read it: by the names of its JSON.

use serde_json::Value;

use crate::admin::{Format, Report};

/// What `admin` says, as the JSON that scripts read.
pub(super) struct Answer(Value);

/// One thing of an answer.
#[derive(Clone, Copy)]
pub(super) struct Fields<'a>(&'a Value);

impl Answer {
    pub(super) fn of(report: &Report) -> Self {
        // What was written a moment ago can be read.
        Self(serde_json::from_str(&report.render(Format::Json).data).unwrap_or_default())
    }

    /// The things in one of the lists.
    pub(super) fn list(&self, name: &str) -> impl Iterator<Item = Fields<'_>> {
        let list = self.0.get(name).and_then(Value::as_array);
        list.into_iter().flatten().map(Fields)
    }

    /// The things that were listed, of one kind.
    pub(super) fn items(&self, kind: &str) -> impl Iterator<Item = Fields<'_>> {
        self.list("items").filter(move |item| item.text("kind") == kind)
    }
}

impl<'a> Fields<'a> {
    /// A text; what is not set is empty.
    pub(super) fn text(self, name: &str) -> &'a str {
        self.0.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    /// A text that may be unset.
    pub(super) fn maybe(self, name: &str) -> Option<&'a str> {
        self.0.get(name).and_then(Value::as_str)
    }

    /// What stands inside; nothing if it is not set.
    pub(super) fn inner(self, name: &str) -> Self {
        Self(self.0.get(name).unwrap_or(&Value::Null))
    }

    /// The things in a list of its own.
    pub(super) fn list(self, name: &str) -> impl Iterator<Item = Self> {
        let list = self.0.get(name).and_then(Value::as_array);
        list.into_iter().flatten().map(Self)
    }

    /// A number; what is not set is 0.
    pub(super) fn number(self, name: &str) -> u64 {
        self.0.get(name).and_then(Value::as_u64).unwrap_or_default()
    }

    /// A switch.
    pub(super) fn is(self, name: &str) -> bool {
        self.0.get(name).and_then(Value::as_bool).unwrap_or_default()
    }

    /// A list of texts.
    pub(super) fn texts(self, name: &str) -> Vec<&'a str> {
        let list = self.0.get(name).and_then(Value::as_array);
        list.into_iter().flatten().filter_map(Value::as_str).collect()
    }
}
