//! The configuration: one TOML file, read into values that cannot be wrong.
//!
//! Every option has its default in the `Default` of its section below and its description in
//! `conf-examples/postcote.toml`; a test proves the two equal.

mod caller;
pub mod check;
mod duration;
pub mod edit;
mod endpoint;
mod error;
mod folders;
mod listen;
mod load;
mod logins;
mod policy;
mod scheme;
mod show;
mod text;
mod value;
mod vmm;

use std::num::NonZeroU64;
use std::path::PathBuf;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use crate::mail::{Delimiters, FolderName, HashForm, MailboxFormat, Scheme};

pub use caller::{Caller, number};
pub use endpoint::{Endpoint, HostPort};
pub use error::ConfigError;
pub use listen::{Listen, Protocol};
pub use load::{DEFAULT_FILE, Source};
pub use logins::{LoginDomain, LoginPrefix, Logins};
pub use policy::{ADVISORY, FullMailbox, PROTECTING, Policy, RuleSet, WindowKind, ZoneName};
pub use scheme::password_scheme;
pub use show::{Shown, show};
pub use text::{BadValue, closest};
pub use value::{FileMode, LogFilter, LogFormat, LoginSeparators};
pub use vmm::{Size, Vmm};

/// Everything an operator can set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Config {
    /// Where the data is.
    pub database: Database,
    /// How addresses are read.
    pub addresses: Addresses,
    /// What new accounts get.
    pub accounts: Accounts,
    /// Who is let in, and how.
    pub logins: Logins,
    /// Where it is noted what peers tell.
    pub journal: Journal,
    /// Who works on the file system.
    pub orders: Orders,
    /// What the policy service decides.
    pub policy: Policy,
    /// Other rules for listeners and contexts.
    pub rule_set: Vec<RuleSet>,
    /// Where questions arrive; the daemon refuses to start without one.
    pub listen: Vec<Listen>,
    /// Metrics and health.
    pub http: Http,
    /// How much is remembered.
    pub cache: Cache,
    /// The daemon's own socket, for `postcote query` and `postcote explain`.
    pub control: Control,
    /// What is told on stderr.
    pub log: Log,
    /// What the vmm commands do without being told.
    pub vmm: Vmm,
}

/// Where the data is: `[database]`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Database {
    /// A libpq URL or key=value list. Never printed as it is: it may hold a password.
    #[serde(serialize_with = "value::hidden")]
    pub url: SecretString,
    /// How long a connection may take to be made, each host for itself.
    #[serde(with = "duration")]
    pub connect_timeout: Duration,
    /// How long a query may take before the answer is "cannot know now".
    #[serde(with = "duration")]
    pub query_timeout: Duration,
}

/// How addresses are read: `[addresses]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Addresses {
    /// The characters at which an address extension starts.
    #[serde(with = "text")]
    pub recipient_delimiter: Delimiters,
    /// The characters that may stand between name and domain of a login.
    #[serde(with = "text")]
    pub login_separators: LoginSeparators,
}

/// What new accounts get: `[accounts]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Accounts {
    /// The absolute path below which all homes lie.
    #[serde(deserialize_with = "value::absolute_path")]
    pub base_directory: PathBuf,
    /// How Dovecot stores mail.
    #[serde(with = "text")]
    pub mailbox_format: MailboxFormat,
    /// The directory of the mail below a home.
    #[serde(deserialize_with = "value::relative_path")]
    pub mailbox_root: String,
    /// The folders that a new mailbox has beside its inbox.
    #[serde(with = "folders")]
    pub folders: Vec<FolderName>,
    /// Whether mail clients show these folders.
    pub subscribe: bool,
    /// How new passwords are hashed.
    #[serde(with = "text")]
    pub password_scheme: HashForm,
    /// How long passwords are that are made up, in characters.
    #[serde(deserialize_with = "value::password_length")]
    pub random_password_length: usize,
}

/// Where it is noted what peers tell, until it is in the database: `[journal]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Journal {
    /// The directory.
    #[serde(deserialize_with = "value::absolute_path")]
    pub directory: PathBuf,
}

/// Who works on the file system: `[orders]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Orders {
    /// Whether the daemon carries orders out.
    pub run: bool,
    /// How often it looks for orders that it was not told of.
    #[serde(with = "duration")]
    pub interval: Duration,
    /// The program that makes the mailboxes of Dovecot's own formats.
    #[serde(deserialize_with = "value::absolute_path")]
    pub doveadm: PathBuf,
}

/// Metrics and health: `[http]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Http {
    /// Whether there is such a listener at all.
    pub enabled: bool,
    /// Where it listens.
    #[serde(with = "text")]
    pub address: HostPort,
}

/// How much is remembered: `[cache]`. What is evicted is asked of the database again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Cache {
    /// The most domains, and the most addresses, that exist.
    pub entries: NonZeroU64,
    /// The most names that do not exist: a dictionary attack evicts only these.
    pub unknown: NonZeroU64,
}

/// The daemon's own socket: `[control]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Control {
    /// Where it is; always a unix path, for the commands must find it, too.
    #[serde(serialize_with = "text::serialize", deserialize_with = "endpoint::unix_only")]
    pub address: Endpoint,
    /// Who may connect.
    #[serde(with = "text")]
    pub mode: FileMode,
    /// The group of the socket, a name or a number; nothing leaves it to the daemon's group.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "value::name")]
    pub group: Option<String>,
}

/// What is told on stderr: `[log]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Log {
    /// For people or for machines.
    #[serde(with = "text")]
    pub format: LogFormat,
    /// What is told: a level, or directives as in `RUST_LOG`.
    #[serde(with = "text")]
    pub level: LogFilter,
}

impl Database {
    /// The url without its password, for people. What might be one is left out, too.
    pub fn shown_url(&self) -> String {
        let url = self.url.expose_secret();
        if url.to_ascii_lowercase().contains("password") {
            return "…".to_owned();
        }
        let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
        match rest.rsplit_once('@').map(|(login, host)| (login.split_once(':'), host)) {
            Some((Some((user, _password)), host)) => format!("{scheme}://{user}:…@{host}"),
            _ => url.to_owned(),
        }
    }

    /// Whether the database is the default one.
    pub fn is_default_url(&self) -> bool {
        self.url.expose_secret() == Self::default().url.expose_secret()
    }
}

impl Default for Database {
    fn default() -> Self {
        Self {
            url: SecretString::from("postgresql:///postcote"),
            connect_timeout: Duration::from_secs(3),
            query_timeout: Duration::from_secs(3),
        }
    }
}

impl PartialEq for Database {
    fn eq(&self, other: &Self) -> bool {
        self.url.expose_secret() == other.url.expose_secret()
            && self.connect_timeout == other.connect_timeout
            && self.query_timeout == other.query_timeout
    }
}

impl Eq for Database {}

impl Default for Accounts {
    fn default() -> Self {
        Self {
            base_directory: PathBuf::from("/srv/mail"),
            mailbox_format: MailboxFormat::Maildir,
            mailbox_root: "Maildir".to_owned(),
            folders: ["Drafts", "Junk", "Sent", "Trash"]
                .into_iter()
                .filter_map(|name| FolderName::parse(name).ok())
                .collect(),
            subscribe: true,
            password_scheme: Scheme::Argon2id.into(),
            random_password_length: 20,
        }
    }
}

impl Default for Journal {
    fn default() -> Self {
        Self { directory: PathBuf::from("/var/lib/postcote/journal") }
    }
}

impl Default for Orders {
    fn default() -> Self {
        Self {
            run: false,
            interval: Duration::from_mins(1),
            doveadm: PathBuf::from("/usr/bin/doveadm"),
        }
    }
}

impl Default for Http {
    fn default() -> Self {
        Self { enabled: true, address: HostPort { host: "127.0.0.1".to_owned(), port: 9725 } }
    }
}

impl Default for Cache {
    fn default() -> Self {
        const ENTRIES: NonZeroU64 = NonZeroU64::MIN.saturating_add(999_999);
        const UNKNOWN: NonZeroU64 = NonZeroU64::MIN.saturating_add(99_999);
        Self { entries: ENTRIES, unknown: UNKNOWN }
    }
}

impl Default for Control {
    fn default() -> Self {
        Self {
            address: Endpoint::Unix(PathBuf::from("/run/postcote/control")),
            mode: FileMode::default(),
            group: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_shown_without_their_password() {
        let table = [
            ("postgresql:///postcote", "postgresql:///postcote"),
            ("postgresql://postcote@db/postcote", "postgresql://postcote@db/postcote"),
            ("postgresql://postcote:sesame@db/x", "postgresql://postcote:…@db/x"),
            ("postgresql://postcote:ses@me@db/x", "postgresql://postcote:…@db/x"),
            ("postgresql://postcote:s/e@db:5432", "postgresql://postcote:…@db:5432"),
            ("postgresql:///x?password=sesame", "…"),
            ("host=db dbname=postcote", "host=db dbname=postcote"),
            ("host=db PassWord='ses ame'", "…"),
        ];
        for (url, expected) in table {
            let database = Database { url: SecretString::from(url), ..Database::default() };
            assert_eq!(database.shown_url(), expected);
        }
    }
}
