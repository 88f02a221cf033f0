//! Sender grants: who may use which addresses as the sender, beside those that are theirs.

use crate::admin::item::Item;
use crate::admin::names::{self, Names};
use crate::admin::pattern::{self, Selection};
use crate::admin::report::{ChangeKind, Report};
use crate::admin::{AdminError, Desk, account};
use crate::mail::policy::SenderPattern;
use crate::mail::{Address, Refusal, Rule};
use crate::store::facts::{self, Named};
use crate::store::grants::{self, GrantRow};

/// What to do with sender grants.
#[derive(Clone, Debug, clap::Subcommand)]
pub enum Verb {
    /// Lets an account use further addresses as the sender
    #[command(after_long_help = GRANT)]
    Grant(Grant),
    /// Lists who was granted which addresses
    #[command(after_long_help = LIST)]
    List(Selection),
    /// Takes addresses away that were granted, or all of them
    #[command(after_long_help = REVOKE)]
    Revoke(Revoke),
}

const GRANT: &str = "\
Examples:
  postcote admin sender grant bob@example.org info@example.org 'offers-*@example.org'
  postcote admin sender grant alice@example.net '*@example.org'

An account may use its own addresses anyway, with extensions and by every name of
its domain, and those of aliases and catch-alls that lead to it.";

const LIST: &str = "\
Examples:
  postcote admin sender list
  postcote admin sender list bob@example.org
  postcote admin sender list office-berlin@example.org

An ADDRESS lists what was granted to it, and every grant that gives it away.";

const REVOKE: &str = "\
Examples:
  postcote admin sender revoke bob@example.org 'office-*@example.org'
  postcote admin sender revoke bob@example.org";

/// Lets an account use further addresses.
#[derive(Clone, Debug, clap::Args)]
pub struct Grant {
    /// The address of the account
    login: Address,
    /// The addresses, of a domain that has mailboxes here; `*` stands for any text
    #[arg(required = true, value_name = "PATTERN", value_parser = SenderPattern::parse_written)]
    patterns: Vec<SenderPattern>,
}

/// Takes addresses away.
#[derive(Clone, Debug, clap::Args)]
pub struct Revoke {
    /// The address of the account
    login: Address,
    /// Only these, as they were granted
    #[arg(value_name = "PATTERN", value_parser = SenderPattern::parse_written)]
    patterns: Vec<SenderPattern>,
}

impl Verb {
    pub(super) fn what(&self) -> String {
        match self {
            Self::Grant(Grant { login, .. }) => {
                format!("cannot grant addresses to `{}`", login.to_unicode())
            }
            Self::List(_) => "cannot list sender grants".to_owned(),
            Self::Revoke(Revoke { login, .. }) => {
                format!("cannot revoke addresses of `{}`", login.to_unicode())
            }
        }
    }

    /// Whether it may change something.
    pub(super) fn writes(&self) -> bool {
        !matches!(self, Self::List(_))
    }

    pub(super) async fn perform(self, desk: Desk<'_, '_>) -> Result<Report, AdminError> {
        let what = self.what();
        match self {
            Self::Grant(grant) => grant.perform(desk, &what).await,
            Self::List(list) => {
                let rows = listed(desk, &list).await?;
                Ok(Report::list("sender list", rows.iter().map(Item::sender_grant).collect()))
            }
            Self::Revoke(revoke) => revoke.perform(desk, &what).await,
        }
    }
}

impl Grant {
    async fn perform(&self, desk: Desk<'_, '_>, what: &str) -> Result<Report, AdminError> {
        let mut report = Report::new("sender grant");
        let (_, account) = account::existing(desk, &self.login, what).await?;
        for pattern in &self.patterns {
            let (domain, pattern) = domain(desk, pattern, what, &mut report).await?;
            if !grants::insert(desk.tx, account.uid, domain.gid, &pattern.localpart).await? {
                report.note(format!("`{}` was granted already", pattern.to_unicode()));
                continue;
            }
            let rows = grants::of_account(desk.tx, account.uid).await?;
            for row in rows.iter().filter(|row| row.addresses == pattern) {
                report.change(ChangeKind::Added, Item::sender_grant(row));
            }
        }
        Ok(report)
    }
}

impl Revoke {
    async fn perform(&self, desk: Desk<'_, '_>, what: &str) -> Result<Report, AdminError> {
        let mut report = Report::new("sender revoke");
        let (_, account) = account::existing(desk, &self.login, what).await?;
        let rows = grants::of_account(desk.tx, account.uid).await?;
        if rows.is_empty() {
            return Err(Refusal::new(Rule::NoSuchGrant, what).into());
        }
        let mut gone: Vec<&GrantRow> = rows.iter().collect();
        if !self.patterns.is_empty() {
            gone.clear();
            for pattern in &self.patterns {
                let (_, pattern) = domain(desk, pattern, what, &mut report).await?;
                match rows.iter().find(|row| row.addresses == pattern) {
                    Some(row) if gone.iter().any(|one| one.addresses == row.addresses) => {}
                    Some(row) => gone.push(row),
                    None => return Err(no_such_grant(&pattern, &rows, what).into()),
                }
            }
        }
        for row in gone {
            grants::delete(desk.tx, row.uid, row.gid, &row.addresses.localpart).await?;
            report.change(ChangeKind::Deleted, Item::sender_grant(row));
        }
        Ok(report)
    }
}

/// Refuses to take away what was not granted. A pattern is told apart from what it fits: an address
/// of `*@example.org` cannot be taken out of it.
fn no_such_grant(pattern: &SenderPattern, rows: &[GrantRow], what: &str) -> Refusal {
    let shown = pattern.to_unicode();
    let refusal = Refusal::new(Rule::NoSuchGrant, what)
        .because(format!("`{shown}` was not granted by itself"));
    names::guess(refusal, &shown, rows.iter().map(|row| row.addresses.to_unicode()))
}

/// The domain of addresses, which must have mailboxes here, and the addresses by its primary name.
async fn domain(
    desk: Desk<'_, '_>,
    pattern: &SenderPattern,
    what: &str,
    report: &mut Report,
) -> Result<(Named, SenderPattern), AdminError> {
    let Some(domain) = facts::domain_of(desk.tx, &pattern.domain).await? else {
        let known = Names::load(desk.tx).await?;
        let name = pattern.domain.to_unicode();
        return Err(names::no_such_domain(&known, &pattern.domain, what)
            .because(format!(
                "domain `{name}` is not served here, so its addresses are not ours to grant"
            ))
            .into());
    };
    let domain = names::with_mailboxes(domain, what)?;
    if domain.is_alias() {
        let (name, primary) = (domain.name.to_unicode(), domain.primary.to_unicode());
        report.note(format!("`{name}` is an alias domain and shares the grants of `{primary}`"));
    }
    let primary = domain.primary.clone();
    Ok((domain, SenderPattern { localpart: pattern.localpart.clone(), domain: primary }))
}

/// The grants of accounts like a pattern and of addresses like it; of a whole address, also those
/// that give it away.
async fn listed(desk: Desk<'_, '_>, list: &Selection) -> Result<Vec<GrantRow>, AdminError> {
    let filter = pattern::filter(desk.tx, list.pattern.as_ref()).await?;
    let mut rows = grants::list(desk.tx, &filter).await?;
    let address = list.pattern.as_ref().and_then(|pattern| Address::parse(pattern.as_str()).ok());
    if let Some(address) = address
        && let Some(domain) = facts::domain_of(desk.tx, &address.domain).await?
    {
        let base = address.split(&desk.settings.delimiters).map(|(base, _)| base.localpart);
        for row in grants::of_domain(desk.tx, domain.gid).await? {
            let granted = &row.addresses.localpart;
            let is_it = granted.matches(&address.localpart)
                || base.as_ref().is_some_and(|base| granted.matches(base));
            let is_known =
                rows.iter().any(|one| one.uid == row.uid && one.addresses == row.addresses);
            if is_it && !is_known {
                rows.push(row);
            }
        }
    }
    Ok(rows)
}
