//! Lists of all users, for every protocol that has them.

use crate::directory::DirectoryError;
use crate::mail::Address;

/// Everybody there is, page by page.
pub trait AllUsers: Send + Sync + 'static {
    /// What the pages come out of.
    type Pages: Pages;

    /// Begins a list of those who match a mask with `*` and `?`, or of all.
    fn all(&self, mask: Option<&str>) -> Self::Pages;
}

/// A list under way.
pub trait Pages: Send + 'static {
    /// The next users, some of them at least, or `None` if these were all.
    ///
    /// # Errors
    /// The rest cannot be known now.
    fn next(&mut self)
    -> impl Future<Output = Result<Option<Vec<Address>>, DirectoryError>> + Send;
}
