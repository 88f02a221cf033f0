//! Alias domains as they are reported.

use serde::Serialize;

use crate::admin::item::Item;
use crate::admin::item::sheet::{Fact, fact};
use crate::mail::{DomainName, DomainPattern};

/// Another name for a domain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AliasDomainItem {
    name: String,
    pub(super) name_unicode: String,
    primary: String,
    pub(super) primary_unicode: String,
    #[serde(flatten)]
    details: Option<AliasDomainDetails>,
}

/// What only `show` knows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(in crate::admin) struct AliasDomainDetails {
    gid: u32,
    /// `active`, `relayed` or `disabled`, as the primary domain is.
    state: &'static str,
    /// Names below a wildcard that it does not stand for.
    except: Vec<String>,
    #[serde(skip)]
    except_shown: Vec<String>,
}

impl AliasDomainDetails {
    pub(in crate::admin) fn new(gid: u32, state: &'static str, except: &[DomainPattern]) -> Self {
        Self {
            gid,
            state,
            except: except.iter().map(ToString::to_string).collect(),
            except_shown: except.iter().map(DomainPattern::to_unicode).collect(),
        }
    }
}

impl AliasDomainItem {
    pub(super) fn sheet(&self) -> Vec<Fact> {
        let details = self.details.as_ref();
        vec![
            fact("ALIAS DOMAIN", [&self.name_unicode]),
            fact("PRIMARY DOMAIN", [&self.primary_unicode]),
            fact("GID", details.map(|details| details.gid)),
            fact("STATE", details.map(|details| details.state)),
            fact("EXCEPT", details.into_iter().flat_map(|details| &details.except_shown)),
        ]
    }
}

impl Item {
    pub(in crate::admin) fn alias_domain(name: &DomainPattern, primary: &DomainName) -> Self {
        Self::alias_domain_with(name, primary, None)
    }

    /// An alias domain with everything there is to say about it.
    pub(in crate::admin) fn alias_domain_with(
        name: &DomainPattern,
        primary: &DomainName,
        details: Option<AliasDomainDetails>,
    ) -> Self {
        Self::AliasDomain(AliasDomainItem {
            name: name.to_string(),
            name_unicode: name.to_unicode(),
            primary: primary.to_string(),
            primary_unicode: primary.to_unicode(),
            details,
        })
    }
}
