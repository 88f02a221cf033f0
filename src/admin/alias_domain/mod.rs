//! Alias domains: other names for a domain, which share everything with it.

mod add;
mod delete;
mod list;
mod show;
mod switch;

use crate::admin::names::{self, Names};
use crate::admin::pattern::Selection;
use crate::admin::report::Report;
use crate::admin::{AdminError, Desk};
use crate::mail::{DomainName, DomainPattern, Refusal, Rule};
use crate::store::facts::{self, Named};

pub use add::Add;
pub use delete::Delete;
pub use show::Show;
pub use switch::Switch;

/// What to do with alias domains.
#[derive(Clone, Debug, clap::Subcommand)]
pub enum Verb {
    /// Gives a domain another name
    #[command(after_long_help = add::HELP)]
    Add(Add),
    /// Takes the name away again
    #[command(after_long_help = "Example:\n  postcote admin alias-domain delete example.com")]
    Delete(Delete),
    /// Lists alias domains and their primary domains
    #[command(after_long_help = "Example:\n  postcote admin alias-domain list '%.com'")]
    List(Selection),
    /// Shows what a name stands for
    #[command(after_long_help = "Example:\n  postcote admin alias-domain show example.com")]
    Show(Show),
    /// Gives the name to another domain
    #[command(
        after_long_help = "Example:\n  postcote admin alias-domain switch example.com example.net"
    )]
    Switch(Switch),
}

impl Verb {
    pub(super) fn what(&self) -> String {
        let (verb, name) = match self {
            Self::Add(add) => ("add", &add.name),
            Self::Delete(delete) => ("delete", &delete.name),
            Self::List(_) => return "cannot list alias domains".to_owned(),
            Self::Show(show) => ("show", &show.name),
            Self::Switch(switch) => ("switch", &switch.name),
        };
        format!("cannot {verb} alias domain `{}`", name.to_unicode())
    }

    pub(super) async fn perform(self, desk: Desk<'_, '_>) -> Result<Report, AdminError> {
        let what = self.what();
        match self {
            Self::Add(add) => add.perform(desk, &what).await,
            Self::Delete(delete) => delete.perform(desk, &what).await,
            Self::List(list) => list::perform(desk, list.pattern.as_ref()).await,
            Self::Show(show) => show.perform(desk, &what).await,
            Self::Switch(switch) => switch.perform(desk, &what).await,
        }
    }
}

/// The domain of a name, which must be the primary one.
async fn primary(desk: Desk<'_, '_>, name: &DomainName, what: &str) -> Result<Named, AdminError> {
    let primary = names::served(desk, name, what).await?;
    if primary.is_alias() { Err(names::alias_domain(&primary, what).into()) } else { Ok(primary) }
}

/// An alias domain that exists; what is done to it is done to a primary one with another verb.
async fn existing(
    desk: Desk<'_, '_>,
    name: &DomainPattern,
    verb: &str,
    what: &str,
) -> Result<Named, AdminError> {
    let shown = name.to_unicode();
    let Some(named) = facts::known_as(desk.tx, name).await? else {
        let names = Names::load(desk.tx).await?;
        let known = names.aliases().map(DomainPattern::to_unicode);
        return Err(names::guess(Refusal::new(Rule::NoSuchAliasDomain, what), &shown, known).into());
    };
    if named.is_alias() {
        return Ok(named);
    }
    Err(Refusal::new(Rule::IsPrimaryDomain, what)
        .advise(format!("{verb} the domain with `postcote admin domain {verb} {shown}`"))
        .into())
}
