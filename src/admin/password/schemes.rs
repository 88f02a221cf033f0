//! `password schemes`: what there is to know about each.

use crate::admin::item::Item;
use crate::admin::report::Report;
use crate::mail::Scheme;

pub(super) fn report() -> Report {
    let items = Scheme::ALL.iter().map(|scheme| Item::scheme(*scheme)).collect();
    let mut report = Report::list("password schemes", items);
    report.note("Dovecot 2.4 refuses old schemes unless told `auth_allow_weak_schemes = yes`");
    report.note("`.HEX` and `.B64` behind a scheme choose how its data are written");
    report
}
