//! Text about more things than anybody reads.

use std::fmt::Write as _;

use secrecy::{ExposeSecret, SecretString};

use crate::admin::account::bulk::csv_value;
use crate::admin::report::{Change, ChangeKind};
use crate::mail::Address;

/// So many changes are still told one by one.
pub(super) const FEW: usize = 20;

/// How many accounts were changed.
pub(super) fn changes(changes: &[Change], dry_run: bool) -> String {
    let mut words = String::new();
    for kind in [ChangeKind::Added, ChangeKind::Changed, ChangeKind::Deleted, ChangeKind::Reset] {
        let count = changes.iter().filter(|change| change.change == kind).count();
        if count > 0 {
            let _ = writeln!(words, "{} {count} accounts", kind.done(dry_run));
        }
    }
    words
}

/// Passwords that were made up, as CSV; nothing if there are none.
pub(super) fn passwords(passwords: &[(Address, SecretString)]) -> String {
    if passwords.is_empty() {
        return String::new();
    }
    let mut data = "address,password\n".to_owned();
    for (address, password) in passwords {
        let address = csv_value(&address.to_string());
        let _ = writeln!(data, "{address},{}", csv_value(password.expose_secret()));
    }
    data
}
