//! Finds the server's programs, which distributions keep out of `PATH`.

use std::cmp::Reverse;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use super::ClusterError;

/// Where Debian and its children install one directory for each major version.
const DEBIAN: &str = "/usr/lib/postgresql";

/// The directory with `initdb` and `postgres`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ServerBinaries {
    directory: PathBuf,
}

impl ServerBinaries {
    /// Finds them in `$PGBIN`, else in the newest `/usr/lib/postgresql/*/bin`, else in `PATH`.
    ///
    /// # Errors
    ///
    /// [`ClusterError::ServerMissing`] if they are nowhere; a set `$PGBIN` is the only place then.
    pub fn find() -> Result<Self, ClusterError> {
        if let Some(chosen) = env::var_os("PGBIN").filter(|chosen| !chosen.is_empty()) {
            let searched = format!("`{}` ($PGBIN)", chosen.display());
            return Self::first([PathBuf::from(chosen)], searched);
        }
        let path = env::var_os("PATH").unwrap_or_default();
        let candidates = debian_directories().into_iter().chain(env::split_paths(&path));
        Self::first(candidates, format!("`{DEBIAN}/*/bin` and PATH"))
    }

    fn first(
        candidates: impl IntoIterator<Item = PathBuf>,
        searched: String,
    ) -> Result<Self, ClusterError> {
        candidates
            .into_iter()
            .find(|one| ["initdb", "postgres"].iter().all(|program| one.join(program).is_file()))
            .map(|directory| Self { directory })
            .ok_or(ClusterError::ServerMissing { searched })
    }

    /// Returns the path of a program; a client such as `psql` may live in `PATH` only.
    pub fn program(&self, name: &str) -> PathBuf {
        let path = self.directory.join(name);
        if path.is_file() { path } else { PathBuf::from(name) }
    }
}

/// The `bin` directories of all major versions, newest first.
fn debian_directories() -> Vec<PathBuf> {
    let entries = fs::read_dir(DEBIAN).into_iter().flatten().flatten();
    let mut versions: Vec<u32> =
        entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect();
    versions.sort_unstable_by_key(|&version| Reverse(version));
    versions.iter().map(|version| Path::new(DEBIAN).join(version.to_string()).join("bin")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_server_names_the_package() {
        let nowhere = [PathBuf::from("/nonexistent"), env::temp_dir()];
        let error =
            ServerBinaries::first(nowhere, "`/nonexistent` ($PGBIN)".to_owned()).unwrap_err();
        assert!(error.to_string().ends_with("in `/nonexistent` ($PGBIN)"), "{error}");
        assert!(error.hint().unwrap().contains("apt-get install postgresql"));
    }

    #[test]
    fn a_program_that_is_not_there_is_left_to_path() {
        let binaries = ServerBinaries { directory: env::temp_dir() };
        assert_eq!(binaries.program("psql"), PathBuf::from("psql"));
    }
}
