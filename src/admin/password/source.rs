//! Where new passwords come from, and what is stored of them.

use std::io::{self, BufRead as _};

use secrecy::{ExposeSecret, SecretString};

use crate::admin::report::Report;
use crate::admin::{AdminError, Settings};
use crate::config::password_scheme;
use crate::mail::{Address, HashForm, PasswordHash, Scheme};
use crate::password::{self, HashError};

/// How the password of an account is given. Asked for twice on the terminal unless one of these
/// is named; it is never an argument, for everybody can read those in the list of processes.
#[derive(Clone, Debug, Default, clap::Args)]
#[group(skip)]
pub struct PasswordSource {
    /// How it is given and hashed.
    #[command(flatten)]
    pub new: NewHash,
    /// Stores this hash as it is, with its scheme in braces
    #[arg(
        long,
        value_name = "{SCHEME}HASH",
        conflicts_with_all = ["password_stdin", "random", "scheme", "rounds"]
    )]
    pub hash: Option<SecretString>,
}

/// How a password is given and hashed.
#[derive(Clone, Debug, Default, clap::Args)]
#[group(skip)]
pub struct NewHash {
    /// Reads the password from standard input, one line
    #[arg(long)]
    pub password_stdin: bool,
    /// Makes a password up and prints it, once
    #[arg(long, conflicts_with = "password_stdin")]
    pub random: bool,
    /// Hashes the password so, instead of as configured; see `postcote admin password schemes`
    #[arg(long, value_name = "SCHEME", value_parser = scheme)]
    pub scheme: Option<HashForm>,
    /// How often the hash is computed: rounds, passes of Argon2, or the cost of bcrypt
    #[arg(long, value_name = "N", alias = "cost")]
    pub rounds: Option<u32>,
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

/// Reads a scheme of which hashes can be made.
fn scheme(names: &str) -> Result<HashForm, String> {
    password_scheme(names).map_err(|bad| match bad.hint {
        Some(hint) => format!("{}; {hint}", bad.why),
        None => bad.why,
    })
}

/// A password as it will be stored, and as it is to be shown if it was made up.
#[derive(Debug)]
pub(in crate::admin) struct NewPassword {
    pub(in crate::admin) hash: PasswordHash,
    pub(in crate::admin) made_up: Option<SecretString>,
    /// What is questionable about it.
    pub(in crate::admin) doubts: Vec<String>,
}

impl PasswordSource {
    /// A password that nobody chose.
    pub(in crate::admin) fn random() -> Self {
        Self { new: NewHash { random: true, ..NewHash::default() }, hash: None }
    }

    /// A password from standard input.
    pub(in crate::admin) fn piped() -> Self {
        Self { new: NewHash { password_stdin: true, ..NewHash::default() }, hash: None }
    }

    /// Gets the password of an account and hashes it; takes a fifth of a second, which is the point.
    pub(in crate::admin) fn obtain(
        &self,
        settings: &Settings,
        account: &Address,
        input: &mut dyn PasswordInput,
    ) -> Result<NewPassword, AdminError> {
        let Some(hash) = &self.hash else {
            return self.new.obtain(settings, Some(account), input);
        };
        let hash = given(hash)?;
        let mut doubts = doubts(&hash, Some(account));
        if let Err(reason) = password::cost(&hash) {
            doubts.push(format!("nobody is let in by this hash here: {reason}"));
        }
        Ok(NewPassword { hash, made_up: None, doubts })
    }
}

impl NewHash {
    /// Gets a password and hashes it, perhaps bound to a login.
    pub(in crate::admin) fn obtain(
        &self,
        settings: &Settings,
        login: Option<&Address>,
        input: &mut dyn PasswordInput,
    ) -> Result<NewPassword, AdminError> {
        let form = self.scheme.unwrap_or(settings.accounts.password_scheme);
        let made_up = if self.random {
            let length = settings.accounts.random_password_length;
            Some(password::random::password(length).map_err(|reason| unreadable(&reason.into()))?)
        } else {
            None
        };
        let password = match &made_up {
            Some(password) => password.clone(),
            None if self.password_stdin => piped(input)?,
            None => asked_twice(input)?,
        };
        let octets = password.expose_secret().as_bytes();
        let bound_to = login.map(ToString::to_string).unwrap_or_default();
        let hash =
            password::hash(form, &bound_to, octets, self.rounds).map_err(|r| failed(form, r))?;
        let mut doubts = doubts(&hash, login);
        if let Some(count) = form.scheme.octets_that_count().filter(|count| *count < octets.len()) {
            let scheme = form.scheme;
            doubts.push(format!("`{scheme}` looks at the first {count} octets of a password only"));
        }
        Ok(NewPassword { hash, made_up, doubts })
    }
}

impl NewPassword {
    /// Puts into a report what there is to say about a password that was stored.
    pub(in crate::admin) fn tell(self, account: &Address, report: &mut Report) {
        self.doubts.into_iter().for_each(|doubt| report.warn(doubt));
        if let Some(made_up) = self.made_up {
            report.password(account.clone(), made_up);
        }
    }
}

/// Why a hash might not be what was wanted.
pub(in crate::admin) fn doubts(hash: &PasswordHash, login: Option<&Address>) -> Vec<String> {
    let (scheme, method) = (hash.scheme(), password::method(hash));
    let named = if scheme == method {
        format!("`{scheme}`")
    } else {
        format!("`{method}` under the name of `{scheme}`")
    };
    let mut doubts = Vec::new();
    if let Some(why) = password::weakness(hash) {
        doubts.push(format!("{named} is weak: {why}"));
    }
    if password::is_refused_by_dovecot_24(hash) {
        doubts.push(format!(
            "Dovecot 2.4 lets nobody in by {named}, unless told `auth_allow_weak_schemes = yes`"
        ));
    }
    if !scheme.is_known_to_dovecot_23() {
        doubts.push(format!("Dovecot 2.3 does not know {named}"));
    }
    if let (Scheme::DigestMd5, Some(login)) = (scheme, login) {
        doubts.push(format!(
            "the hash is bound to `{}`: logging in by an alias domain or after a rename fails",
            login.to_unicode()
        ));
    }
    doubts
}

/// Reads a hash that was typed.
pub(in crate::admin) fn given(hash: &SecretString) -> Result<PasswordHash, AdminError> {
    PasswordHash::parse(hash.expose_secret()).map_err(|reason| {
        AdminError::bad_data(format!("the value of `--hash` is no password hash: {reason}"))
            .hint("quote it for the shell: `--hash '{SHA512-CRYPT}$6$…'`")
    })
}

/// Reads one line of standard input.
pub(in crate::admin) fn piped(input: &mut dyn PasswordInput) -> Result<SecretString, AdminError> {
    input.piped().map_err(|reason| {
        AdminError::bad_data(format!("standard input has no password: {reason}"))
            .hint("`--password-stdin` reads one line")
    })
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

pub(in crate::admin) fn unreadable(reason: &io::Error) -> AdminError {
    AdminError::bad_data(format!("the password cannot be read: {reason}"))
        .hint("without a terminal use `--password-stdin`, `--random` or `--hash`")
}

fn failed(form: HashForm, reason: HashError) -> AdminError {
    let error = AdminError::bad_data(match reason {
        HashError::Empty | HashError::LineBreak => reason.to_string(),
        _ => format!("the password cannot be hashed: {reason}"),
    });
    match reason {
        HashError::Empty => error.hint("type one, or let one be made up with `--random`"),
        HashError::LoginNeeded => error.hint("name the account with `--user`"),
        HashError::Unstorable(_) if form.encoding.is_none() => {
            error.hint(&format!("write it in digits with `--scheme {form}.B64`"))
        }
        _ => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

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

    fn obtain(
        source: &PasswordSource,
        typed: Vec<&'static str>,
    ) -> Result<NewPassword, AdminError> {
        let settings = Settings::from(&Config::default());
        source.obtain(&settings, &joe(), &mut Typed(typed))
    }

    fn joe() -> Address {
        Address::parse("joe@example.org").unwrap()
    }

    fn piped(scheme: &str) -> PasswordSource {
        let scheme = Some(scheme.parse().unwrap());
        let new = NewHash { password_stdin: true, scheme, ..NewHash::default() };
        PasswordSource { new, hash: None }
    }

    fn hash(text: &str) -> PasswordSource {
        PasswordSource { hash: Some(text.into()), ..PasswordSource::default() }
    }

    #[test]
    fn passwords_are_hashed_as_dovecot_does() {
        let new = obtain(&piped("ARGON2ID"), vec!["sécret \t"]).unwrap();
        let stored = new.hash.expose();
        assert!(stored.starts_with("{ARGON2ID}$argon2id$v=19$m=65536,t=3,p=1$"), "{stored}");
        let verify = |typed: &str| password::verify(&new.hash, "", typed.as_bytes()).unwrap();
        assert!(verify("sécret \t") && !verify("sécret"));
        assert!(new.made_up.is_none() && new.doubts.is_empty());
    }

    #[test]
    fn made_up_passwords_are_long_and_different() {
        let new = obtain(&PasswordSource::random(), vec![]).unwrap();
        let shown = format!("{new:?}");
        let password = new.made_up.unwrap();
        assert_eq!(password.expose_secret().len(), 20);
        assert!(!shown.contains(password.expose_secret()), "{shown}");
        let mut settings = Settings::from(&Config::default());
        settings.accounts.random_password_length = 32;
        let other = PasswordSource::random().obtain(&settings, &joe(), &mut Typed(vec![])).unwrap();
        let other = other.made_up.unwrap();
        assert_eq!(other.expose_secret().len(), 32);
        assert!(!other.expose_secret().starts_with(password.expose_secret()));
    }

    #[test]
    fn what_is_no_password_is_refused() {
        let stdin = piped("PLAIN");
        let mut rounds = piped("BLF-CRYPT");
        rounds.new.rounds = Some(17);
        let table = [
            (stdin.clone(), vec![], "has no password"),
            (stdin.clone(), vec![""], "empty password"),
            (stdin.clone(), vec!["a\0b"], "no NUL"),
            (stdin, vec!["tab\there"], "no control characters"),
            (rounds, vec!["x"], "4 to 16"),
            (PasswordSource::default(), vec!["one", "two"], "differ"),
            (PasswordSource::default(), vec!["", ""], "empty password"),
            (PasswordSource::default(), vec!["one"], "cannot be read"),
            (hash("{PLAIN}"), vec![], "the hash is empty"),
            (hash("secret"), vec![], "scheme in braces"),
        ];
        for (source, typed, expected) in table {
            let error = obtain(&source, typed).unwrap_err();
            let text = error.to_string();
            assert!(text.contains(expected), "{text} should say `{expected}`");
            assert!(!text.contains("secret"), "{text}");
        }
    }

    #[test]
    fn questionable_hashes_are_doubted() {
        let long =
            "72 octets and more: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx";
        let table: &[(PasswordSource, Vec<&'static str>, &[&str])] = &[
            (piped("SHA512-CRYPT"), vec!["x"], &[]),
            (piped("BLF-CRYPT"), vec!["x"], &[]),
            (piped("BLF-CRYPT"), vec![long], &["72 octets"]),
            (piped("ARGON2"), vec!["x"], &["Dovecot 2.3 does not know `ARGON2`"]),
            (piped("PLAIN"), vec!["x"], &["`PLAIN` is weak"]),
            (piped("SMD5"), vec!["x"], &["`SMD5` is weak", "Dovecot 2.4"]),
            (
                piped("DIGEST-MD5"),
                vec!["x"],
                &["`DIGEST-MD5` is weak", "bound to `joe@example.org`"],
            ),
            (hash("{SHA512-CRYPT}$6$x"), vec![], &["nobody is let in"]),
            (
                hash("{CRYPT}JBOZ0DgmtucwE"),
                vec![],
                &["`DES-CRYPT` under the name of `CRYPT` is weak", "Dovecot 2.4"],
            ),
        ];
        for (source, typed, expected) in table {
            let doubts = obtain(source, typed.clone()).unwrap().doubts;
            let fits = doubts.len() == expected.len()
                && doubts.iter().zip(*expected).all(|(got, part)| got.contains(part));
            assert!(fits, "expected {expected:?}, got {doubts:#?}");
        }
    }
}
