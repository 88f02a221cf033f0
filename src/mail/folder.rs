//! A folder of a mailbox.

use std::fmt;

use crate::mail::mutf7;

/// The name of a folder, its levels separated by dots: `Sent`, `Lists.Dovecot`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FolderName(Box<str>);

/// Why a text is no name of a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FolderNameError {
    /// It cannot be printed.
    #[error("it has a control character")]
    Control,
    /// There is nothing between two dots, or beside one.
    #[error("it has an empty level: dots separate levels")]
    EmptyLevel,
    /// The inbox is there anyway.
    #[error("every mailbox has its INBOX")]
    Inbox,
    /// Its directory would be called too long.
    #[error("it has more than 200 bytes when encoded")]
    Long,
    /// A slash separates directories, a tilde at the beginning means the home.
    #[error("it has a slash, or begins with a tilde or a hyphen")]
    Path,
    /// Spaces at the ends are lost in many places.
    #[error("it begins or ends with a space")]
    Space,
}

impl FolderName {
    /// Reads a name.
    ///
    /// # Errors
    /// Why no mail client, or no command line, could cope with it.
    pub fn parse(text: &str) -> Result<Self, FolderNameError> {
        use FolderNameError as E;
        let levels = || text.split('.');
        let problem = if text.chars().any(char::is_control) {
            Some(E::Control)
        } else if levels().any(str::is_empty) {
            Some(E::EmptyLevel)
        } else if text.contains('/') || text.starts_with(['~', '-']) {
            Some(E::Path)
        } else if levels().any(|level| level.trim() != level) {
            Some(E::Space)
        } else if levels().next().is_some_and(|level| level.eq_ignore_ascii_case("INBOX")) {
            Some(E::Inbox)
        } else if mutf7::encode(text).len() > 200 {
            Some(E::Long)
        } else {
            None
        };
        problem.map_or_else(|| Ok(Self(text.into())), Err)
    }

    /// The name as people read it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name in a maildir: modified UTF-7.
    pub fn encoded(&self) -> String {
        mutf7::encode(&self.0)
    }

    /// The name that Dovecot gives it where levels are directories.
    pub fn with_slashes(&self) -> String {
        self.0.replace('.', "/")
    }
}

impl fmt::Display for FolderName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_folders_can_be_directories_and_arguments() {
        let long = "ü".repeat(100);
        let table = [
            ("Sent", Ok(())),
            ("Lists.Dovecot", Ok(())),
            ("Gelöschte Objekte", Ok(())),
            ("A&B", Ok(())),
            ("", Err(FolderNameError::EmptyLevel)),
            (".Sent", Err(FolderNameError::EmptyLevel)),
            ("Lists..Dovecot", Err(FolderNameError::EmptyLevel)),
            ("Lists.", Err(FolderNameError::EmptyLevel)),
            ("a/b", Err(FolderNameError::Path)),
            ("../etc", Err(FolderNameError::EmptyLevel)),
            ("~joe", Err(FolderNameError::Path)),
            ("-u", Err(FolderNameError::Path)),
            ("a\nb", Err(FolderNameError::Control)),
            ("Sent ", Err(FolderNameError::Space)),
            ("inbox", Err(FolderNameError::Inbox)),
            ("INBOX.Sent", Err(FolderNameError::Inbox)),
            (long.as_str(), Err(FolderNameError::Long)),
        ];
        for (text, expected) in table {
            assert_eq!(FolderName::parse(text).map(drop), expected, "{text:?}");
        }
    }
}
