//! checkpassword: what a qmail-style server writes to descriptor 3.
//!
//! # Requests
//! `NAME NUL PASSWORD NUL TIMESTAMP NUL`, and anything behind it; then the end.
//!
//! # Replies
//! None: the program that was named is run, or the process exits with 1 (not let in), 2 (called
//! wrongly) or 111 (cannot be known now).
//!
//! # Limits
//! At most 512 bytes.
//!
//! # See also
//! <https://cr.yp.to/checkpwd/interface.html>

use crate::protocol::Secret;

/// The most that is read, in bytes.
pub const MAX_REQUEST: usize = 512;

/// Who wants to log in.
#[derive(Debug, PartialEq, Eq)]
pub struct Request {
    /// The name, never empty.
    pub user: String,
    /// The password, which may be empty.
    pub password: Secret,
    /// Something that the server used once, such as a time or the challenge of APOP.
    pub timestamp: Vec<u8>,
}

/// Why what was written is no request. Shows nothing of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CheckpasswordError {
    /// A NUL is missing. Without it the password may have been cut.
    #[error("descriptor 3 gives no name, password and timestamp, each with a NUL behind it")]
    Incomplete,
    /// The name is empty or no UTF-8, so it is nobody's.
    #[error("the name is empty or no UTF-8")]
    NoName,
    /// More than any server writes.
    #[error("descriptor 3 gives more than {MAX_REQUEST} bytes")]
    TooLong,
}

/// Reads all that was written.
///
/// ```
/// use postcote::protocol::checkpassword::parse;
/// let request = parse(b"joe@example.org\0sekrit\0Y123456\0")?;
/// assert_eq!(request.user, "joe@example.org");
/// assert_eq!(request.password.expose(), b"sekrit");
/// # Ok::<(), postcote::protocol::checkpassword::CheckpasswordError>(())
/// ```
///
/// # Errors
/// [`CheckpasswordError::NoName`] is a login that fails; the others are a server that calls wrongly.
pub fn parse(input: &[u8]) -> Result<Request, CheckpasswordError> {
    if input.len() > MAX_REQUEST {
        return Err(CheckpasswordError::TooLong);
    }
    let mut fields = input.split(|byte| *byte == 0);
    let (Some(user), Some(password), Some(timestamp), Some(_)) =
        (fields.next(), fields.next(), fields.next(), fields.next())
    else {
        return Err(CheckpasswordError::Incomplete);
    };
    let user = std::str::from_utf8(user).ok().filter(|user| !user.is_empty());
    let user = user.ok_or(CheckpasswordError::NoName)?.to_owned();
    Ok(Request { user, password: password.to_vec().into(), timestamp: timestamp.to_vec() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_fields_end_with_a_nul_each() {
        use CheckpasswordError::{Incomplete, NoName, TooLong};
        type Expected = Result<(&'static str, &'static [u8]), CheckpasswordError>;
        let table: &[(&[u8], Expected)] = &[
            (b"joe\0sekrit\0t\0", Ok(("joe", b"sekrit"))),
            (b"joe\0sekrit\0\0", Ok(("joe", b"sekrit"))),
            (b"joe\0\0\0", Ok(("joe", b""))),
            (b"joe\0p\xff\0t\0more\0and more", Ok(("joe", b"p\xff"))),
            (b"joe\0sekrit\0t", Err(Incomplete)),
            (b"joe\0sekrit\0", Err(Incomplete)),
            (b"joe\0sekrit", Err(Incomplete)),
            (b"joe", Err(Incomplete)),
            (b"", Err(Incomplete)),
            (b"\0sekrit\0t\0", Err(NoName)),
            (b"j\xff\0sekrit\0t\0", Err(NoName)),
            (&[0; 513], Err(TooLong)),
        ];
        for (input, expected) in table {
            let got = parse(input);
            let got = got.as_ref().map(|r| (r.user.as_str(), r.password.expose()));
            assert_eq!(got.map_err(|error| *error), *expected, "{}", input.escape_ascii());
        }
        let longest = [b"joe\0".as_slice(), &[b'x'; 505], b"\0t\0"].concat();
        assert_eq!(longest.len(), MAX_REQUEST);
        assert!(parse(&longest).is_ok());
    }
}
