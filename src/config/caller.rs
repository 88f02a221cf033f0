//! Who may connect to a unix socket, whatever its permissions: `users` of a `[[listen]]`.

use crate::config::text::{self, BadValue, Written};

/// A user of this machine, by name or number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The number, which is what the kernel tells of a peer.
    pub uid: u32,
    /// What was written.
    pub name: String,
}

const USERS: &str = "/etc/passwd";

impl Written for Caller {
    const FORM: &'static str = "a user as text, such as \"postfix\" or \"101\"";

    fn read(name: &str) -> Result<Self, BadValue> {
        if let Some(uid) = number(USERS, name) {
            return Ok(Self { uid, name: name.to_owned() });
        }
        let bad = BadValue::new(format!("there is no user `{name}` on this system"));
        let known = std::fs::read_to_string(USERS).unwrap_or_default();
        let names = known.lines().filter_map(|line| line.split(':').next());
        Err(match text::closest(name, names) {
            Some(close) => bad.hint(format!("did you mean `{close}`?")),
            None => bad.hint(format!("write the number of a user that {USERS} does not name")),
        })
    }

    fn write(&self) -> String {
        self.name.clone()
    }
}

/// The number of a user or group, given by number or by its name in a file such as `/etc/passwd`.
///
/// Read from the file: mail systems have their users there, and asking NSS would need unsafe code.
pub fn number(file: &str, name: &str) -> Option<u32> {
    if let Ok(number) = name.parse() {
        return Some(number);
    }
    let text = std::fs::read_to_string(file).ok()?;
    text.lines().find_map(|line| {
        let mut fields = line.split(':');
        (fields.next() == Some(name)).then(|| fields.nth(1)?.parse().ok()).flatten()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_have_names_or_numbers() {
        let table = [("root", Some(0)), ("0", Some(0)), ("4711", Some(4711)), ("", None)];
        for (text, expected) in table {
            assert_eq!(Caller::read(text).ok().map(|caller| caller.uid), expected, "{text}");
        }
        let bad = Caller::read("rooot").unwrap_err();
        assert_eq!(bad.hint.as_deref(), Some("did you mean `root`?"));
    }
}
