//! What an empty mailbox looks like: a maildir with its folders, or the place for a dbox.

use std::ffi::OsStr;
use std::io::Write;
use std::path::Path;

use rustix::fs::{Gid, Mode, OFlags, Uid, fchown, openat};

use crate::disk::directory::Directory;
use crate::disk::location::Owner;
use crate::disk::{DiskError, Step, Watch};
use crate::mail::{FolderName, MailboxFormat};

/// What a new home holds.
#[derive(Clone, Copy, Debug)]
pub struct Skeleton<'a> {
    /// How mail is stored. Only a maildir is made here; Dovecot makes its own formats.
    pub format: MailboxFormat,
    /// The directory of the mail below the home.
    pub root: &'a Path,
    /// The folders beside the inbox.
    pub folders: &'a [FolderName],
    /// Whether mail clients show the folders.
    pub subscribe: bool,
}

impl Skeleton<'_> {
    /// Makes everything in an empty directory that nobody else can enter, and gives it away.
    pub(super) fn fill(
        &self,
        home: &Directory,
        owner: Owner,
        watch: &dyn Watch,
    ) -> Result<(), DiskError> {
        let mut way: Vec<Directory> = Vec::new();
        for name in self.root {
            watch.before(Step::Fill)?;
            let next = way.last().unwrap_or(home).make(name)?;
            way.push(next);
        }
        let root = way.last().unwrap_or(home);
        if self.format == MailboxFormat::Maildir {
            self.fill_maildir(root, owner, watch)?;
        }
        for directory in way.iter().rev() {
            directory.give_to(owner)?;
        }
        watch.before(Step::Fill)?;
        home.give_to(owner)
    }

    fn fill_maildir(
        &self,
        root: &Directory,
        owner: Owner,
        watch: &dyn Watch,
    ) -> Result<(), DiskError> {
        parts(root, owner)?;
        for folder in self.folders {
            watch.before(Step::Fill)?;
            let name = format!(".{}", folder.encoded());
            let directory = root.make(OsStr::new(&name))?;
            parts(&directory, owner)?;
            file(&directory, "maildirfolder", "", owner)?;
            directory.give_to(owner)?;
        }
        if self.subscribe && !self.folders.is_empty() {
            watch.before(Step::Fill)?;
            let lines: String = self.folders.iter().map(|name| name.encoded() + "\n").collect();
            file(root, "subscriptions", &lines, owner)?;
        }
        Ok(())
    }
}

fn parts(maildir: &Directory, owner: Owner) -> Result<(), DiskError> {
    for part in ["cur", "new", "tmp"] {
        maildir.make(OsStr::new(part))?.give_to(owner)?;
    }
    Ok(())
}

fn file(at: &Directory, name: &str, text: &str, owner: Owner) -> Result<(), DiskError> {
    let path = at.join(OsStr::new(name));
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let fd = openat(at, name, flags, Mode::RUSR | Mode::WUSR)
        .map_err(DiskError::failed("cannot make", &path))?;
    fchown(&fd, Some(Uid::from_raw(owner.uid.0)), Some(Gid::from_raw(owner.gid.0)))
        .map_err(DiskError::failed("cannot give away", &path))?;
    let mut file = std::fs::File::from(fd);
    file.write_all(text.as_bytes())
        .and_then(|()| file.sync_all())
        .map_err(|error| DiskError::os("cannot write", &path, error))
}
