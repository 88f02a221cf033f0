//! Where the commands speak and ask: the terminal, or a test.

use std::io;

use secrecy::{ExposeSecret as _, SecretString};

use crate::admin::PasswordInput;
use crate::vmm::translate::Password;

/// Where the commands speak and ask.
pub trait Console: Send {
    /// Writes data.
    fn print(&mut self, data: &str);

    /// Writes words about it.
    fn say(&mut self, words: &str);

    /// Asks, showing what is typed.
    ///
    /// # Errors
    /// There is nothing left to read.
    fn ask(&mut self, question: &str) -> io::Result<String>;

    /// Asks, hiding what is typed.
    ///
    /// # Errors
    /// There is no terminal, or nothing left to read.
    fn ask_secret(&mut self, question: &str) -> io::Result<SecretString>;
}

/// How often vmm asked before it gave up.
pub(super) const ATTEMPTS: u32 = 3;

/// Gives `admin` a password where it expects one from standard input: only when it is wanted, so
/// that whatever is refused is refused before the question.
pub(super) struct Typing<'a> {
    pub(super) console: &'a mut dyn Console,
    pub(super) password: Password,
    /// What is printed before the question, once.
    pub(super) announcement: Option<String>,
    /// What went wrong.
    pub(super) failed: Option<Failed>,
}

/// Why there is no password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Failed {
    /// Whoever sits there gave up.
    Interrupted,
    /// The two were different, or empty, each time.
    TooOften,
}

impl Typing<'_> {
    /// Prints the announcement, if nothing was asked for.
    pub(super) fn announce(&mut self) {
        if let Some(announcement) = self.announcement.take() {
            self.console.print(&announcement);
        }
    }

    fn asked_twice(&mut self) -> Result<SecretString, Failed> {
        let interrupted = |_| Failed::Interrupted;
        for _ in 0..ATTEMPTS {
            let first = self.console.ask_secret("Enter new password: ").map_err(interrupted)?;
            let again = self.console.ask_secret("Retype new password: ").map_err(interrupted)?;
            if first.expose_secret() != again.expose_secret() {
                self.console.say("Sorry, passwords do not match.\n");
            } else if first.expose_secret().trim().is_empty() {
                self.console.say("Sorry, empty passwords are not permitted.\n");
            } else {
                return Ok(first.expose_secret().trim().into());
            }
        }
        Err(Failed::TooOften)
    }
}

impl PasswordInput for Typing<'_> {
    fn piped(&mut self) -> io::Result<SecretString> {
        if let Password::Given(password) = &self.password {
            return Ok(password.clone());
        }
        self.announce();
        self.asked_twice().map_err(|failed| {
            self.failed = Some(failed);
            io::ErrorKind::UnexpectedEof.into()
        })
    }

    /// `admin` asks for nothing but passwords.
    fn asked(&mut self, _: &str) -> io::Result<SecretString> {
        self.piped()
    }
}
