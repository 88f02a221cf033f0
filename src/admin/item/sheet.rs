//! Things on a sheet of their own: everything about one of them, a label and its lines each.

use crate::admin::item::Item;

/// A label, and what there is to say about it, a line each; nothing hides the label, too.
pub(in crate::admin) type Fact = (&'static str, Vec<String>);

/// A fact of one line, or none.
pub(in crate::admin) fn fact<T: ToString>(
    label: &'static str,
    value: impl IntoIterator<Item = T>,
) -> Fact {
    (label, value.into_iter().map(|line| line.to_string()).collect())
}

impl Item {
    /// Everything about the thing.
    pub(in crate::admin) fn sheet(&self) -> Vec<Fact> {
        match self {
            Self::Account(item) => item.sheet(),
            Self::Address(_)
            | Self::AppPassword(_)
            | Self::PasswordHash(_)
            | Self::PasswordScheme(_)
            | Self::SenderGrant(_) => self.row_on_end(),
            Self::Alias(item) => item.sheet(),
            Self::AliasDomain(item) => item.sheet(),
            Self::Catchall(item) => item.sheet(),
            Self::Domain(item) => item.sheet(),
            Self::Relocated(item) => item.sheet(),
            Self::SendingLimits(item) => item.sheet(),
        }
    }

    /// No more than what a table has.
    fn row_on_end(&self) -> Vec<Fact> {
        let cells = self.headings().iter().copied().zip(self.cells());
        cells.map(|(heading, cell)| (heading, vec![cell])).collect()
    }
}
