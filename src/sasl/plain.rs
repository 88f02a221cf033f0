//! PLAIN: `[authorization identity] NUL name NUL password`.

use secrecy::SecretSlice;

use crate::sasl::{SaslError, name};

/// Reads the one message there is: the name, and the password, which may be empty.
pub(super) fn read(message: &[u8]) -> Result<(String, SecretSlice<u8>), SaslError> {
    let fields: Vec<_> = message.split(|byte| *byte == 0).collect();
    let [identity, user, password] = *fields else { return Err(SaslError::Malformed) };
    let user = name(user)?;
    if !identity.is_empty() && identity != user.as_bytes() {
        return Err(SaslError::OtherIdentity);
    }
    Ok((user, password.to_vec().into()))
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn the_message_has_three_parts() {
        use SaslError::{Malformed, OtherIdentity};
        type Expected = Result<(&'static str, &'static [u8]), SaslError>;
        let table: &[(&[u8], Expected)] = &[
            (b"\0joe@example.org\0sekrit", Ok(("joe@example.org", b"sekrit"))),
            (b"joe\0joe\0sekrit", Ok(("joe", b"sekrit"))),
            (b"\0joe\0", Ok(("joe", b""))),
            (b"\0joe\0p\xe4ss", Ok(("joe", b"p\xe4ss"))),
            (b"\0gr\xc3\xbcn\0x", Ok(("grün", b"x"))),
            (b"ann\0joe\0sekrit", Err(OtherIdentity)),
            (b"JOE\0joe\0sekrit", Err(OtherIdentity)),
            (b"\0\0sekrit", Err(Malformed)),
            (b"\0joe", Err(Malformed)),
            (b"\0joe\0sek\0rit", Err(Malformed)),
            (b"\0j\xff\0sekrit", Err(Malformed)),
            (b"\0jo\ne\0sekrit", Err(Malformed)),
            (b"", Err(Malformed)),
        ];
        for (message, expected) in table {
            let got = read(message);
            let got =
                got.as_ref().map(|(user, password)| (user.as_str(), password.expose_secret()));
            assert_eq!(got.map_err(|error| *error), *expected, "{}", message.escape_ascii());
        }
    }
}
