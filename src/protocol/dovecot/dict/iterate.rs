//! Which keys an iteration is about, and what of them is wanted.

use std::num::NonZeroU64;

/// A request for keys below a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Iterate {
    /// How, one bit each; bits that are not known here change nothing.
    pub flags: u32,
    /// The most rows; `None` for all.
    pub max_rows: Option<NonZeroU64>,
    /// What the keys start with.
    pub path: Vec<u8>,
    /// Whose keys.
    pub user: Vec<u8>,
}

/// The bits of `enum dict_iterate_flags`.
const RECURSE: u32 = 1;
const SORT_BY_KEY: u32 = 2;
const SORT_BY_VALUE: u32 = 4;
const NO_VALUE: u32 = 8;
const EXACT_KEY: u32 = 16;

impl Iterate {
    /// Whether a key is asked for: the path itself if it is to be exact; else what starts with the
    /// path, and without recursion only what has no `/` after it.
    pub fn covers(&self, key: &[u8]) -> bool {
        if self.flags & EXACT_KEY != 0 {
            return key == self.path;
        }
        let below = key.strip_prefix(self.path.as_slice());
        below.is_some_and(|rest| self.flags & RECURSE != 0 || !rest.contains(&b'/'))
    }

    /// Whether rows are wanted in the order of their keys.
    pub fn sorts_by_key(&self) -> bool {
        self.flags & SORT_BY_KEY != 0
    }

    /// Whether rows are wanted in the order of their values.
    pub fn sorts_by_value(&self) -> bool {
        self.flags & SORT_BY_VALUE != 0
    }

    /// Whether the keys suffice.
    pub fn omits_values(&self) -> bool {
        self.flags & NO_VALUE != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_choose_the_keys() {
        let table = [
            (0, "priv/", "priv/x", true, "right below"),
            (0, "priv/", "priv/x/y", false, "not further down"),
            (1, "priv/", "priv/x/y", true, "unless recursive"),
            (0, "shared/userdb/", "shared/userdb/a/b@example.org", false, "a slash in a name"),
            (0, "priv/", "shared/x", false, "elsewhere"),
            (0, "priv/", "priv", false, "above"),
            (16, "priv/", "priv/x", false, "not exact"),
            (16, "priv/x", "priv/x", true, "exact"),
            (25, "priv/x", "priv/x", true, "exact, recursive, without values"),
            (25, "priv/x", "priv/x/y", false, "exact wins over recursive"),
            (32 | 64, "priv/", "priv/x", true, "unknown flags"),
        ];
        for (flags, path, key, expected, why) in table {
            let iterate = Iterate { flags, max_rows: None, path: path.into(), user: Vec::new() };
            assert_eq!(iterate.covers(key.as_bytes()), expected, "{flags} {path} {key}: {why}");
        }
        let flags = |flags| {
            let iterate = Iterate { flags, max_rows: None, path: vec![], user: vec![] };
            (iterate.sorts_by_key(), iterate.sorts_by_value(), iterate.omits_values())
        };
        assert_eq!(flags(0), (false, false, false));
        assert_eq!(flags(2), (true, false, false));
        assert_eq!(flags(4 | 8), (false, true, true));
    }
}
