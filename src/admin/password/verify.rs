//! `password verify`: tells whether a password fits.

use secrecy::{ExposeSecret, SecretString};
use tokio_postgres::Client;

use crate::admin::password::PasswordInput;
use crate::admin::password::source::{given, piped, unreadable};
use crate::admin::report::Report;
use crate::admin::{AdminError, Desk, Settings, names};
use crate::mail::{Address, PasswordHash, Refusal, Rule, Scheme, Timestamp};
use crate::password;
use crate::store;
use crate::store::facts::EntryKind;

/// Tells whether a password fits.
#[derive(Clone, Debug, clap::Args)]
pub struct Verify {
    /// The account whose password it might be
    #[arg(required_unless_present = "hash")]
    pub(super) address: Option<Address>,
    /// The hash that might be the password's, with its scheme in braces
    #[arg(long, value_name = "{SCHEME}HASH", conflicts_with = "address")]
    hash: Option<SecretString>,
    /// The account that a hash of DIGEST-MD5 is for
    #[arg(long, value_name = "ADDRESS", requires = "hash", conflicts_with = "address")]
    user: Option<Address>,
    /// Reads the password from standard input, one line
    #[arg(long)]
    password_stdin: bool,
}

pub(super) const EXAMPLES: &str = "\
Examples:
  postcote admin password verify alice@example.org
  pass mail/alice | postcote admin password verify alice@example.org --password-stdin
  postcote admin password verify --hash '{SSHA}e/bQghi/1ZoabyUp3lyIjeicprH6TxaR'

Exit codes: 0 it fits; 1 it does not; 65 the hash is none.";

impl Verify {
    pub(super) fn what(&self) -> String {
        match &self.address {
            Some(address) => format!("cannot verify the password of `{}`", address.to_unicode()),
            None => "cannot verify the password".to_owned(),
        }
    }

    pub(super) async fn perform(
        &self,
        client: Option<&mut Client>,
        settings: &Settings,
        now: Timestamp,
        input: &mut dyn PasswordInput,
    ) -> Result<Report, AdminError> {
        let (hash, login) = match (&self.hash, &self.address, client) {
            (Some(hash), ..) => (given(hash)?, self.user.as_ref()),
            (None, Some(address), Some(client)) => {
                let tx = client.transaction().await?;
                let hash = self.stored(Desk { tx: &tx, settings, now }, address).await?;
                tx.rollback().await?;
                (hash, Some(address))
            }
            _ => return Err(AdminError::bad_data("there is no hash to compare with")),
        };
        if hash.scheme() == Scheme::DigestMd5 && login.is_none() {
            let error = AdminError::bad_data("a hash of DIGEST-MD5 is bound to a login");
            return Err(error.hint("name the account with `--user`"));
        }
        let given = if self.password_stdin {
            piped(input)?
        } else {
            input.asked("Password: ").map_err(|reason| unreadable(&reason))?
        };
        let login = login.map(ToString::to_string).unwrap_or_default();
        let fits = password::verify(&hash, &login, given.expose_secret().as_bytes());
        let fits =
            fits.map_err(|reason| AdminError::bad_data(format!("{}: {reason}", self.what())))?;
        if !fits {
            return Err(Refusal::new(Rule::WrongPassword, self.what()).into());
        }
        let mut report = Report::new("password verify");
        report.note("the password is right");
        if given.expose_secret().is_empty() {
            report.warn("it is empty: postcote lets nobody in by it, Dovecot everybody");
        }
        Ok(report)
    }

    async fn stored(
        &self,
        desk: Desk<'_, '_>,
        address: &Address,
    ) -> Result<PasswordHash, AdminError> {
        let what = self.what();
        let domain = names::home_of(desk, address, &what).await?;
        names::must_be(desk, domain.gid, address, EntryKind::Account, &what).await?;
        let text = store::password::of(desk.tx, domain.gid, &address.localpart).await?;
        let text = text.ok_or_else(|| Refusal::new(Rule::NoSuchAccount, what.clone()))?;
        PasswordHash::parse(&text).map_err(|reason| {
            AdminError::bad_data(format!("{what}: what is stored is no password hash: {reason}"))
                .hint("give the account another with `postcote admin account password`")
        })
    }
}
