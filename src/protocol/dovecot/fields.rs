//! What Dovecot is told about a user: names and values, the same in every one of its protocols.

use std::fmt;

use bytes::{BufMut, BytesMut};
use serde_json::Value;

use crate::protocol::dovecot::tab;

/// Fields in the order in which they were added. A value may be a password hash, so `Debug` shows
/// the names only.
///
/// ```
/// use postcote::protocol::dovecot::Fields;
/// let fields = Fields::default().with("uid", "70000").with("home", "/srv/mail/7").flag("nologin");
/// assert_eq!(fields.to_json(), r#"{"uid":"70000","home":"/srv/mail/7","nologin":"yes"}"#);
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Fields(Vec<(&'static str, Option<String>)>);

impl Fields {
    /// Adds a field with a value.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.0.push((name, Some(value.into())));
        self
    }

    /// Adds a field that says all by its name.
    #[must_use]
    pub fn flag(mut self, name: &'static str) -> Self {
        self.0.push((name, None));
        self
    }

    /// A flat JSON object, every value a text: what a dict passdb or userdb of Dovecot 2.3 and the
    /// Lua scripts of 2.4 read; a userdb in Lua takes texts only.
    pub fn to_json(&self) -> String {
        let text = |text: &str| Value::from(text).to_string();
        let member = |(name, value): &(&'static str, Option<String>)| {
            format!("{}:{}", text(name), text(value.as_deref().unwrap_or("yes")))
        };
        let members: Vec<_> = self.0.iter().map(member).collect();
        format!("{{{}}}", members.join(","))
    }

    /// Appends each as TAB, name, and `=` with the escaped value if there is one.
    pub(super) fn encode(&self, output: &mut BytesMut) {
        for (name, value) in &self.0 {
            output.put_u8(b'\t');
            output.put_slice(name.as_bytes());
            if let Some(value) = value {
                output.put_u8(b'=');
                tab::escape(value.as_bytes(), output);
            }
        }
    }
}

impl fmt::Debug for Fields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_escaped_and_not_shown() {
        let fields = Fields::default().with("password", "{PLAIN}a\tb\"").flag("nopassword");
        let mut output = BytesMut::new();
        fields.encode(&mut output);
        assert_eq!(&output[..], b"\tpassword={PLAIN}a\x01tb\"\tnopassword");
        assert_eq!(fields.to_json(), r#"{"password":"{PLAIN}a\tb\"","nopassword":"yes"}"#);
        assert_eq!(format!("{fields:?}"), r#"["password", "nopassword"]"#);
    }
}
