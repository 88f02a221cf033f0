//! Where new passwords come from, and what is stored of them.

use std::io::{self, BufRead as _};

use argon2::password_hash::PasswordHasher as _;
use argon2::{Algorithm, Argon2, Params, Version};
use secrecy::{ExposeSecret, SecretString};

use crate::admin::AdminError;
use crate::config::PasswordScheme;
use crate::mail::{PasswordHash, Scheme};

/// How the password of an account is given. Asked for twice on the terminal unless one of these
/// is named; it is never an argument, for everybody can read those in the list of processes.
#[derive(Clone, Debug, Default, clap::Args)]
#[group(multiple = false)]
pub struct PasswordSource {
    /// Reads the password from standard input, one line
    #[arg(long)]
    pub password_stdin: bool,
    /// Makes a password up and prints it, once
    #[arg(long)]
    pub random: bool,
    /// Stores this hash as it is, with its scheme in braces
    #[arg(long, value_name = "{SCHEME}HASH")]
    pub hash: Option<SecretString>,
}

/// Where passwords are typed or piped. The real one is [`Terminal`]; tests have their own.
pub trait PasswordInput: Send {
    /// Reads the one line of standard input, without its end.
    ///
    /// # Errors
    /// There is no line.
    fn piped(&mut self) -> io::Result<SecretString>;

    /// Asks on the terminal, without showing what is typed.
    ///
    /// # Errors
    /// There is no terminal, or whoever sits there gave up.
    fn asked(&mut self, prompt: &str) -> io::Result<SecretString>;
}

/// Standard input and the terminal of this process.
#[derive(Clone, Copy, Debug, Default)]
pub struct Terminal;

impl PasswordInput for Terminal {
    fn piped(&mut self) -> io::Result<SecretString> {
        let mut line = String::new();
        if io::stdin().lock().read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let end = line.strip_suffix('\n').map(|line| line.strip_suffix('\r').unwrap_or(line).len());
        line.truncate(end.unwrap_or(line.len()));
        Ok(line.into())
    }

    fn asked(&mut self, prompt: &str) -> io::Result<SecretString> {
        rpassword::prompt_password(prompt).map(Into::into)
    }
}

/// A password as it will be stored, and as it is to be shown if it was made up.
#[derive(Debug)]
pub(super) struct NewPassword {
    pub(super) hash: PasswordHash,
    pub(super) made_up: Option<SecretString>,
}

impl PasswordSource {
    /// Gets the password and hashes it; takes a fifth of a second, which is the point.
    pub(super) fn obtain(
        &self,
        scheme: PasswordScheme,
        input: &mut dyn PasswordInput,
    ) -> Result<NewPassword, AdminError> {
        if let Some(hash) = &self.hash {
            let hash = PasswordHash::parse(hash.expose_secret()).map_err(|reason| {
                AdminError::bad_data(format!("the value of `--hash` is no password hash: {reason}"))
                    .hint("quote it for the shell: `--hash '{SHA512-CRYPT}$6$…'`")
            })?;
            return Ok(NewPassword { hash, made_up: None });
        }
        if self.random {
            let password = made_up().map_err(|reason| unreadable(&reason))?;
            return Ok(NewPassword { hash: hash(scheme, &password)?, made_up: Some(password) });
        }
        let password = if self.password_stdin {
            input.piped().map_err(|reason| {
                AdminError::bad_data(format!("standard input has no password: {reason}"))
                    .hint("`--password-stdin` reads one line")
            })?
        } else {
            asked_twice(input)?
        };
        if password.expose_secret().is_empty() {
            return Err(AdminError::bad_data("an empty password would let everybody in")
                .hint("type one, or let one be made up with `--random`"));
        }
        if password.expose_secret().chars().any(|c| matches!(c, '\0' | '\r' | '\n')) {
            return Err(AdminError::bad_data(
                "a password has no line breaks and no NUL: no client \
                                             could send it",
            ));
        }
        Ok(NewPassword { hash: hash(scheme, &password)?, made_up: None })
    }
}

fn asked_twice(input: &mut dyn PasswordInput) -> Result<SecretString, AdminError> {
    let first = input.asked("New password: ").map_err(|reason| unreadable(&reason))?;
    let again = input.asked("The same again: ").map_err(|reason| unreadable(&reason))?;
    if first.expose_secret() == again.expose_secret() {
        Ok(first)
    } else {
        Err(AdminError::bad_data("the two passwords differ").hint("run the command again"))
    }
}

fn unreadable(reason: &io::Error) -> AdminError {
    AdminError::bad_data(format!("the password cannot be read: {reason}"))
        .hint("without a terminal use `--password-stdin`, `--random` or `--hash`")
}

/// 20 characters that are not mistaken for others, of 56: 116 bits.
fn made_up() -> io::Result<SecretString> {
    const ALPHABET: &[u8] = b"abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";
    const LENGTH: usize = 20;
    let mut password = String::with_capacity(LENGTH);
    while password.len() < LENGTH {
        let mut random = [0_u8; 32];
        getrandom::fill(&mut random).map_err(io::Error::other)?;
        // Six bits choose one of 64; those that choose none are thrown away, so that no character
        // is likelier than another.
        let chosen = random.iter().filter_map(|byte| ALPHABET.get(usize::from(byte & 63)));
        password.extend(chosen.map(|byte| char::from(*byte)).take(LENGTH - password.len()));
    }
    Ok(password.into())
}

/// Hashes with the parameters of Dovecot, so that `doveadm pw` would have made the same.
fn hash(scheme: PasswordScheme, password: &SecretString) -> Result<PasswordHash, AdminError> {
    let PasswordScheme::Argon2id = scheme;
    let failed = |reason: &dyn std::fmt::Display| {
        AdminError::bad_data(format!("the password cannot be hashed: {reason}"))
    };
    let params = Params::new(65_536, 3, 1, Some(32)).map_err(|reason| failed(&reason))?;
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let text = argon2
        .hash_password(password.expose_secret().as_bytes())
        .map_err(|reason| failed(&reason))?
        .to_string();
    PasswordHash::of(Scheme::Argon2id, &text).map_err(|reason| failed(&reason))
}

#[cfg(test)]
mod tests {
    use argon2::password_hash::PasswordVerifier as _;

    use super::*;

    struct Typed(Vec<&'static str>);

    impl PasswordInput for Typed {
        fn piped(&mut self) -> io::Result<SecretString> {
            self.asked("")
        }

        fn asked(&mut self, _: &str) -> io::Result<SecretString> {
            let next = self.0.pop().map(SecretString::from);
            next.ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
        }
    }

    #[test]
    fn passwords_are_hashed_as_dovecot_does() {
        let source = PasswordSource { password_stdin: true, ..PasswordSource::default() };
        let input = &mut Typed(vec!["sécret \t"]);
        let new = source.obtain(PasswordScheme::Argon2id, input).unwrap();
        let stored = new.hash.expose();
        assert!(stored.starts_with("{ARGON2ID}$argon2id$v=19$m=65536,t=3,p=1$"), "{stored}");
        let phc = stored.strip_prefix("{ARGON2ID}").unwrap();
        let verify =
            |password: &str| Argon2::default().verify_password(password.as_bytes(), phc).is_ok();
        assert!(verify("sécret \t") && !verify("sécret"));
        assert!(new.made_up.is_none());
    }

    #[test]
    fn made_up_passwords_are_long_and_different() {
        let source = PasswordSource { random: true, ..PasswordSource::default() };
        let new = source.obtain(PasswordScheme::Argon2id, &mut Typed(vec![])).unwrap();
        let shown = format!("{new:?}");
        let password = new.made_up.unwrap();
        assert_eq!(password.expose_secret().len(), 20);
        assert!(!shown.contains(password.expose_secret()), "{shown}");
        assert_ne!(made_up().unwrap().expose_secret(), password.expose_secret());
    }

    #[test]
    fn what_is_no_password_is_refused() {
        let piped = PasswordSource { password_stdin: true, ..PasswordSource::default() };
        let hash =
            |text: &str| PasswordSource { hash: Some(text.into()), ..PasswordSource::default() };
        let table = [
            (piped.clone(), vec![], "has no password"),
            (piped.clone(), vec![""], "empty password"),
            (piped, vec!["a\0b"], "no NUL"),
            (PasswordSource::default(), vec!["one", "two"], "differ"),
            (PasswordSource::default(), vec!["", ""], "empty password"),
            (PasswordSource::default(), vec!["one"], "cannot be read"),
            (hash("{PLAIN}"), vec![], "the hash is empty"),
            (hash("secret"), vec![], "scheme in braces"),
        ];
        for (source, typed, expected) in table {
            let error = source.obtain(PasswordScheme::Argon2id, &mut Typed(typed)).unwrap_err();
            let text = error.to_string();
            assert!(text.contains(expected), "{text} should say `{expected}`");
            assert!(!text.contains("secret"), "{text}");
        }
    }
}
