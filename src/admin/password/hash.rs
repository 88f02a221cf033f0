//! `password hash`: makes what would be stored of a password.

use secrecy::ExposeSecret;

use crate::admin::item::Item;
use crate::admin::password::{NewHash, PasswordInput};
use crate::admin::report::Report;
use crate::admin::{AdminError, Settings};
use crate::mail::Address;

/// Makes what would be stored of a password.
#[derive(Clone, Debug, clap::Args)]
pub struct Hash {
    /// How the password is given and hashed.
    #[command(flatten)]
    pub new: NewHash,
    /// The account that a hash of DIGEST-MD5 is for
    #[arg(long, value_name = "ADDRESS")]
    pub user: Option<Address>,
}

pub(super) const EXAMPLES: &str = "\
Examples:
  postcote admin password hash
  postcote admin password hash --random --scheme SHA512-CRYPT --rounds 200000
  pass mail/alice | postcote admin password hash --password-stdin --scheme BLF-CRYPT.HEX

With --random the first line is the password and the second its hash.";

impl Hash {
    pub(super) fn perform(
        &self,
        settings: &Settings,
        input: &mut dyn PasswordInput,
    ) -> Result<Report, AdminError> {
        let new = self.new.obtain(settings, self.user.as_ref(), input)?;
        let made_up = new.made_up.as_ref().map(ExposeSecret::expose_secret);
        let mut report = Report::new("password hash");
        report.items.push(Item::hash(&new.hash, made_up));
        new.doubts.into_iter().for_each(|doubt| report.warn(doubt));
        Ok(report)
    }
}
