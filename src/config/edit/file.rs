//! Replaces the file in one step, so that whoever reads it finds the old one or the new one.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt, fchown};
use std::path::{Path, PathBuf};

/// Why the file was not read or replaced. It is as it was.
#[derive(Debug, thiserror::Error)]
#[error("{}: cannot be {what}: {reason}", path.display())]
pub struct FileError {
    /// The file or its directory.
    pub path: PathBuf,
    /// `read` or `written`.
    what: &'static str,
    /// What the system said.
    #[source]
    pub reason: io::Error,
}

impl FileError {
    /// What to do about it.
    pub fn hint(&self) -> Option<&'static str> {
        match self.reason.kind() {
            ErrorKind::PermissionDenied => Some("run as root, or as the owner of the file"),
            ErrorKind::NotFound => Some("make its directory first, or name another file"),
            ErrorKind::ReadOnlyFilesystem => Some("the file system is mounted read-only"),
            // rename(2) onto a bind mount, as containers have them.
            ErrorKind::ResourceBusy => Some("it is a mount point: mount its directory instead"),
            _ => None,
        }
    }
}

/// The file, while nobody else changes it: commands that do take turns.
#[derive(Debug)]
pub struct Locked {
    path: PathBuf,
    directory: File,
    text: Option<String>,
}

impl Locked {
    /// Waits for other commands that change the file, and reads it. A symbolic link is followed, so
    /// that it stays one. A file that does not exist is empty.
    ///
    /// # Errors
    /// The file cannot be read, or its directory does not exist.
    pub fn open(path: &Path) -> Result<Self, FileError> {
        let failed = |reason| FileError { path: path.to_owned(), what: "read", reason };
        let path = match path.canonicalize() {
            Err(error) if error.kind() == ErrorKind::NotFound => path.to_owned(),
            found => found.map_err(failed)?,
        };
        let directory = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        let directory = File::open(directory).map_err(failed)?;
        directory.lock().map_err(failed)?;
        let text = match std::fs::read_to_string(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            found => Some(found.map_err(failed)?),
        };
        Ok(Self { path, directory, text })
    }

    /// What stands in the file.
    pub fn text(&self) -> &str {
        self.text.as_deref().unwrap_or_default()
    }

    /// Puts another text in place of the file, which keeps its owner, group and mode. A new file is
    /// as open to others as its directory is.
    ///
    /// # Errors
    /// Nothing has changed.
    pub fn replace(&self, text: &str) -> Result<(), FileError> {
        let failed = |reason| FileError { path: self.path.clone(), what: "written", reason };
        let name = self.path.file_name().unwrap_or_default().to_string_lossy();
        let beside = self.path.with_file_name(format!(".{name}.{}.new", std::process::id()));
        let written = self.write(&beside, text).and_then(|()| {
            std::fs::rename(&beside, &self.path)?;
            // The new name must survive a power cut, too.
            self.directory.sync_all()
        });
        written.map_err(|reason| {
            let _ = std::fs::remove_file(&beside);
            failed(reason)
        })
    }

    fn write(&self, beside: &Path, text: &str) -> io::Result<()> {
        // Readable for nobody until it has the owner and mode of the old one.
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(beside)?;
        let own = file.metadata()?;
        let (like, mode) = if let Ok(old) = self.path.metadata() {
            let mode = old.mode() & 0o7777;
            (old, mode)
        } else {
            let directory = self.directory.metadata()?;
            let mode = 0o600 | (0o644 & directory.mode());
            (directory, mode)
        };
        if self.text.is_some() && like.uid() != own.uid() {
            fchown(&file, Some(like.uid()), None)?;
        }
        if like.gid() != own.gid() {
            fchown(&file, None, Some(like.gid()))?;
        }
        file.set_permissions(PermissionsExt::from_mode(mode))?;
        file.write_all(text.as_bytes())?;
        file.sync_all()
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    /// A directory that goes with the test.
    struct Directory(PathBuf);

    impl Directory {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("pc-edit-{name}-{}", std::process::id()));
            std::fs::create_dir(&path).unwrap();
            Self(path)
        }
    }

    impl Drop for Directory {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    fn mode(path: &Path) -> u32 {
        path.metadata().unwrap().mode() & 0o7777
    }

    #[test]
    fn a_replaced_file_keeps_its_mode_and_links_stay_links() {
        let directory = Directory::new("links");
        let (file, link) = (directory.0.join("real.toml"), directory.0.join("link.toml"));
        std::fs::write(&file, "old").unwrap();
        std::fs::set_permissions(&file, PermissionsExt::from_mode(0o640)).unwrap();
        symlink("real.toml", &link).unwrap();
        let locked = Locked::open(&link).unwrap();
        assert_eq!(locked.text(), "old");
        locked.replace("new").unwrap();
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "new");
        assert_eq!(mode(&file), 0o640);
        assert!(link.symlink_metadata().unwrap().is_symlink());
        assert_eq!(std::fs::read_dir(&directory.0).unwrap().count(), 2, "nothing is left over");
    }

    #[test]
    fn a_new_file_is_as_open_as_its_directory() {
        for (directory_mode, expected) in [(0o755, 0o644), (0o750, 0o640), (0o700, 0o600)] {
            let directory = Directory::new(&format!("new-{directory_mode:o}"));
            std::fs::set_permissions(&directory.0, PermissionsExt::from_mode(directory_mode))
                .unwrap();
            let file = directory.0.join("postcote.toml");
            let locked = Locked::open(&file).unwrap();
            assert_eq!(locked.text(), "");
            locked.replace("x").unwrap();
            assert_eq!(mode(&file), expected, "in {directory_mode:o}");
        }
    }

    #[test]
    fn what_cannot_be_written_leaves_nothing_behind() {
        let directory = Directory::new("busy");
        let file = directory.0.join("postcote.toml");
        let locked = Locked::open(&file).unwrap();
        std::fs::create_dir(&file).unwrap();
        let error = locked.replace("x").unwrap_err();
        assert!(error.to_string().contains("cannot be written"), "{error}");
        assert_eq!(std::fs::read_dir(&directory.0).unwrap().count(), 1);
        let nowhere = Locked::open(Path::new("/nowhere/postcote.toml")).unwrap_err();
        assert!(nowhere.hint().unwrap().contains("directory"), "{nowhere}");
    }

    #[test]
    fn commands_take_turns() {
        let directory = Directory::new("turns");
        let file = directory.0.join("postcote.toml");
        let count = |path: &Path| {
            for _ in 0..50 {
                let locked = Locked::open(path).unwrap();
                let number: u32 = locked.text().parse().unwrap_or(0);
                locked.replace(&(number + 1).to_string()).unwrap();
            }
        };
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| count(&file));
            }
        });
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "200");
    }
}
