//! Where an account's mail lies.

use std::fmt;

/// A numeric user id of an account, 70000 or more, never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Uid(pub u32);

/// How Dovecot stores the mail of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailboxFormat {
    /// One file a message, in `cur`, `new` and `tmp`.
    Maildir,
    /// Dovecot's format of several messages a file.
    Mdbox,
    /// Dovecot's format of one message a file.
    Sdbox,
}

/// Why a text is not a mailbox format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the mailbox formats are maildir, mdbox and sdbox")]
pub struct MailboxFormatError;

impl MailboxFormat {
    /// The name in configuration and in Dovecot's `mail` field.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Maildir => "maildir",
            Self::Mdbox => "mdbox",
            Self::Sdbox => "sdbox",
        }
    }

    /// Reads a format's name.
    ///
    /// # Errors
    /// There is no such format.
    pub fn parse(text: &str) -> Result<Self, MailboxFormatError> {
        [Self::Maildir, Self::Mdbox, Self::Sdbox]
            .into_iter()
            .find(|format| format.as_str() == text)
            .ok_or(MailboxFormatError)
    }
}

impl fmt::Display for MailboxFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The home of an account and the mail in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailLocation {
    /// The absolute path of the home directory.
    pub home: Box<str>,
    /// How mail is stored.
    pub format: MailboxFormat,
    /// The directory of the mail below the home.
    pub root: Box<str>,
}

impl MailLocation {
    /// The mailbox path as virtual(8) writes it: `home/Maildir/`, with the slash that says maildir.
    pub fn mailbox_path(&self) -> String {
        [&*self.home, "/", &*self.root, "/"].concat()
    }
}
