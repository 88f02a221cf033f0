//! `password schemes`: what there is to know about each.

use crate::admin::Settings;
use crate::admin::item::Item;
use crate::admin::report::Report;
use crate::mail::Scheme;

pub(super) fn report(settings: &Settings) -> Report {
    let items = Scheme::ALL.iter().map(|scheme| Item::scheme(*scheme)).collect();
    let mut report = Report::list("password schemes", items);
    let usual = settings.accounts.password_scheme;
    report.note(format!("new passwords are hashed as `{usual}` (`accounts.password-scheme`)"));
    report.note(
        "what Dovecot 2.4 refuses it accepts if told `auth_allow_weak_schemes = yes`; 2.3 accepts all \
         but `ARGON2`",
    );
    report.note("`.HEX` or `.B64` behind a scheme chooses how its data are written");
    report
}
