//! How new passwords are hashed: a scheme by Dovecot's name for it, perhaps with an encoding.

use crate::config::text::{BadValue, Written, closest};
use crate::mail::{HashForm, PasswordHashError, Scheme};

/// Reads the name of a scheme of which hashes can be made, such as `SHA512-CRYPT` or
/// `SHA512-CRYPT.HEX`, in any case.
///
/// # Errors
/// There is no such scheme or encoding, or postcote only verifies its hashes.
pub fn password_scheme(text: &str) -> Result<HashForm, BadValue> {
    let form = HashForm::parse(text).map_err(|reason| {
        if reason == PasswordHashError::UnknownEncoding {
            return BadValue::new(format!("password scheme `{text}` has an unknown encoding"))
                .hint("the encodings are `HEX`, `B64` and `BASE64`");
        }
        let scheme = text.split('.').next().unwrap_or(text);
        let bad = BadValue::new(format!("unknown password scheme `{scheme}`"));
        match closest(scheme, makeable().map(Scheme::as_str)) {
            Some(close) => bad.hint(format!("did you mean `{close}`?")),
            None => bad.hint("list them with `postcote admin password schemes`"),
        }
    })?;
    if form.scheme.can_be_made() {
        return Ok(form);
    }
    Err(BadValue::new(format!("hashes of `{}` are verified and not made", form.scheme))
        .hint("list schemes with `postcote admin password schemes`"))
}

fn makeable() -> impl Iterator<Item = Scheme> {
    Scheme::ALL.iter().copied().filter(|scheme| scheme.can_be_made())
}

impl Written for HashForm {
    const FORM: &'static str = "a text such as \"ARGON2ID\"";

    fn read(text: &str) -> Result<Self, BadValue> {
        password_scheme(text)
    }

    fn write(&self) -> String {
        self.to_string()
    }
}
