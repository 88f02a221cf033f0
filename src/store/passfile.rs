//! Finds a password in `~/.pgpass` as libpq does.
//!
//! # Requests
//! Lines `host:port:database:user:password`; `*` matches anything, `\` escapes `:` and `\`, `#`
//! starts a comment, the first match counts. The directory of the default unix socket is written
//! `localhost`.
//!
//! # See also
//! PostgreSQL documentation, "The Password File".

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use secrecy::SecretString;

/// What the password file says about one host.
pub(super) enum Answer {
    /// The file could hold a password but must not be used, and why.
    Ignored(String),
    None,
    Password(SecretString),
}

/// The four fields a line is compared with.
pub(super) struct Login<'a> {
    pub(super) host: &'a str,
    pub(super) port: u16,
    pub(super) database: &'a str,
    pub(super) user: &'a str,
}

/// Reads the file anew, so that a changed password counts at the next connection.
pub(super) fn look_up(file: &Path, login: &Login<'_>) -> Answer {
    let shown = file.display();
    let metadata = match fs::metadata(file) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Answer::None,
        Err(error) => return Answer::Ignored(format!("`{shown}` cannot be read: {error}")),
    };
    if !metadata.is_file() {
        return Answer::Ignored(format!("`{shown}` is not a plain file"));
    }
    if metadata.mode() & 0o077 != 0 {
        return Answer::Ignored(format!(
            "`{shown}` was ignored because others may read it; `chmod 0600 {shown}`"
        ));
    }
    match fs::read_to_string(file) {
        Ok(text) => find(&text, login)
            .map_or(Answer::None, |password| Answer::Password(SecretString::from(password))),
        Err(error) => Answer::Ignored(format!("`{shown}` cannot be read: {error}")),
    }
}

fn find(text: &str, login: &Login<'_>) -> Option<String> {
    let port = login.port.to_string();
    let host = if login.host == "/var/run/postgresql" { "localhost" } else { login.host };
    text.lines().filter(|line| !line.starts_with('#')).find_map(|line| {
        [host, &port, login.database, login.user]
            .into_iter()
            .try_fold(line, field)
            .map(unescape)
            .filter(|password| !password.is_empty())
    })
}

/// What follows the first field of `line` and its colon, if that field matches `value`.
fn field<'a>(line: &'a str, value: &str) -> Option<&'a str> {
    if let Some(rest) = line.strip_prefix("*:") {
        return Some(rest);
    }
    let mut expected = value.chars();
    let mut characters = line.char_indices();
    loop {
        let (at, character) = characters.next()?;
        let character = match character {
            ':' => return expected.next().is_none().then(|| line.get(at + 1..)).flatten(),
            '\\' => characters.next()?.1,
            plain => plain,
        };
        if expected.next() != Some(character) {
            return None;
        }
    }
}

fn unescape(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match character {
            // A backslash at the very end stands for itself.
            '\\' => plain.push(characters.next().unwrap_or('\\')),
            other => plain.push(other),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_match_as_in_libpq() {
        let file = r"# comment:*:*:*:no
db1:5432:mail:u:one
db1:*:mail:u:any port
*:5433:*:u\:x:esc\:aped\\
fe80\:\:1:*:*:*:v6
localhost:*:*:local:socket
/run/pg:*:*:*:directory
short:1
*:*:*:last:with:colon
*:*:*:empty:
*:*:*:tail:end\
";
        for (host, port, database, user, expected) in [
            ("db1", 5432, "mail", "u", Some("one")),
            ("db1", 5434, "mail", "u", Some("any port")),
            ("db1", 5432, "mai", "u", None),
            ("db1", 5432, "mail2", "u", None),
            ("db2", 5433, "x", "u:x", Some(r"esc:aped\")),
            ("fe80::1", 1, "x", "y", Some("v6")),
            ("/var/run/postgresql", 5432, "x", "local", Some("socket")),
            ("/run/pg", 1, "x", "y", Some("directory")),
            ("h", 1, "d", "last", Some("with:colon")),
            ("h", 1, "d", "empty", None),
            ("h", 1, "d", "tail", Some(r"end\")),
            ("short", 1, "d", "u", None),
        ] {
            let login = Login { host, port, database, user };
            assert_eq!(find(file, &login).as_deref(), expected, "{host} {port} {database} {user}");
        }
    }
}
