//! Where a home may be, and whose it is.

use std::ffi::{OsStr, OsString};
use std::path::{Component, Path, PathBuf};

use rustix::fs::Stat;
use rustix::process::geteuid;

use crate::disk::directory::{Directory, Mounts, Renamed, is_component};
use crate::disk::{DiskError, Step, Watch};
use crate::mail::{Gid, Uid};

/// The ids below belong to the system and to people, never to accounts and domains.
const FIRST_ID: u32 = 70_000;

/// The owner of the files of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owner {
    pub(super) uid: Uid,
    pub(super) gid: Gid,
}

impl Owner {
    /// The owner of an account's files.
    ///
    /// # Errors
    /// Refused if one of them cannot be of an account or a domain, because it is below 70000.
    pub fn new(uid: Uid, gid: Gid) -> Result<Self, DiskError> {
        if uid.0 < FIRST_ID || uid.0 == u32::MAX {
            return Err(DiskError::refused(format!("uid {} is not of an account", uid.0)));
        }
        check_group(gid)?;
        Ok(Self { uid, gid })
    }
}

pub(super) fn check_group(gid: Gid) -> Result<(), DiskError> {
    if gid.0 < FIRST_ID || gid.0 == u32::MAX {
        return Err(DiskError::refused(format!("gid {} is not of a domain", gid.0)));
    }
    Ok(())
}

/// The directory below which all homes lie, an absolute path without symbolic links.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Base(PathBuf);

/// A place below the base directory.
#[derive(Debug)]
pub(super) struct Place {
    /// The directories between the base and the one that holds it.
    above: Vec<OsString>,
    /// Its own name.
    pub(super) name: OsString,
}

/// What to do with directories above homes that do not exist.
#[derive(Clone, Copy, Debug)]
pub(super) enum Missing {
    /// Make them; the last one is the domain's.
    Make(Gid),
    /// Leave it at that.
    Tell,
}

/// The directory that holds a home, and a lock that keeps other workers from the same one.
#[derive(Debug)]
pub(super) struct Holder {
    pub(super) directory: Directory,
    lock: Option<Directory>,
}

impl Holder {
    /// Takes the lock, waiting for other workers of this machine.
    pub(super) fn locked(self) -> Result<Locked, DiskError> {
        let lock = self.lock()?;
        Ok(Locked { directory: self.directory, _lock: lock })
    }

    /// The directory that is locked, to lock two in one order.
    pub(super) fn lock_path(&self) -> &Path {
        self.lock.as_ref().unwrap_or(&self.directory).path()
    }

    /// Takes the lock beside it.
    pub(super) fn lock(&self) -> Result<Directory, DiskError> {
        // The directory of a domain may be opened by its users, who could hold a lock for ever;
        // the one above it may not.
        self.lock.as_ref().unwrap_or(&self.directory).lock()
    }

    /// Takes no lock, because it is held already.
    pub(super) fn unlocked(self) -> Directory {
        self.directory
    }
}

/// A directory that holds homes and is this worker's.
#[derive(Debug)]
pub(super) struct Locked {
    pub(super) directory: Directory,
    _lock: Directory,
}

impl Base {
    /// The base directory of a configuration.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// A path below it, one name at least.
    pub(super) fn place(&self, path: &Path) -> Result<Place, DiskError> {
        let outside = || {
            DiskError::refused(format!(
                "`{}` is not below the base directory `{}`",
                path.display(),
                self.0.display()
            ))
        };
        let below = path.strip_prefix(&self.0).map_err(|_| outside())?;
        let mut above = components(below).ok_or_else(outside)?;
        let name = above.pop().ok_or_else(outside)?;
        Ok(Place { above, name })
    }

    /// Opens the directory that holds a place; `None` if it does not exist.
    pub(super) fn holder(
        &self,
        place: &Place,
        missing: Missing,
        watch: &dyn Watch,
    ) -> Result<Option<Holder>, DiskError> {
        let mut directory = self.open(missing, watch)?;
        let mut lock = None;
        for (index, name) in place.above.iter().enumerate() {
            watch.before(Step::Descend)?;
            let group = match missing {
                Missing::Tell => None,
                Missing::Make(gid) if index + 1 == place.above.len() => Some(Some(gid)),
                Missing::Make(_) => Some(None),
            };
            let next = match (directory.open(name, Mounts::Cross)?, group) {
                (Some(next), None) => next,
                (Some(next), Some(group)) => checked(next, name, group)?,
                (None, None) => return Ok(None),
                (None, Some(group)) => make(&directory, name, group, watch)?,
            };
            lock = Some(std::mem::replace(&mut directory, next));
        }
        Ok(Some(Holder { directory, lock }))
    }

    /// Refuses to know what lies below a base directory with nothing in it, where a file system may
    /// have to be mounted yet.
    pub(super) fn in_use(&self, watch: &dyn Watch) -> Result<(), DiskError> {
        if !self.open(Missing::Tell, watch)?.names()?.is_empty() {
            return Ok(());
        }
        let source = std::io::ErrorKind::NotFound.into();
        let path = self.0.display();
        let what = format!("the base directory `{path}` is empty; is its file system mounted?");
        Err(DiskError::Os { what, source })
    }

    fn open(&self, missing: Missing, watch: &dyn Watch) -> Result<Directory, DiskError> {
        let path = self.0.display();
        let names = self.0.strip_prefix("/").ok().and_then(components);
        let names = names.ok_or_else(|| DiskError::refused(format!("`{path}` is no base")))?;
        let mut directory = Directory::root()?;
        for (index, name) in names.iter().enumerate() {
            watch.before(Step::Descend)?;
            let last = index + 1 == names.len();
            directory = match (directory.open(name, Mounts::Cross)?, missing) {
                (Some(next), _) => next,
                (None, Missing::Make(_)) if last => make(&directory, name, None, watch)?,
                (None, _) => {
                    let source = std::io::ErrorKind::NotFound.into();
                    let what = format!(
                        "the base directory `{path}` is not there; is its file system mounted?"
                    );
                    return Err(DiskError::Os { what, source });
                }
            };
        }
        Ok(directory)
    }
}

fn components(path: &Path) -> Option<Vec<OsString>> {
    path.components()
        .map(|component| match component {
            Component::Normal(name) if is_component(name) => Some(name.to_owned()),
            _ => None,
        })
        .collect()
}

/// Makes a directory above homes: passable for all if it belongs to nobody in particular, and
/// readable for the users of a domain if it is that domain's.
fn make(
    above: &Directory,
    name: &OsStr,
    group: Option<Gid>,
    watch: &dyn Watch,
) -> Result<Directory, DiskError> {
    // Two workers that make the same directory would trip over each other's beginnings.
    let _lock = above.lock()?;
    if let Some(made) = above.open(name, Mounts::Cross)? {
        return checked(made, name, group);
    }
    let staging = with_suffix(name, "new");
    watch.before(Step::Stage)?;
    // What an interrupted attempt has left is empty.
    above.remove_empty(&staging)?;
    let made = above.make(&staging)?;
    match group {
        None => made.set_mode(0o711)?,
        Some(gid) => {
            made.regroup(gid.0)?;
            made.set_mode(0o750)?;
        }
    }
    watch.before(Step::Place)?;
    if above.rename(&staging, above, name)? == Renamed::Yes {
        above.flush()?;
    }
    let gone = || DiskError::refused(format!("`{}` was taken away", above.join(name).display()));
    checked(above.open(name, Mounts::Cross)?.ok_or_else(gone)?, name, group)
}

/// A directory above homes is ours or root's, and the one that is named as a domain is that domain's.
fn checked(directory: Directory, name: &OsStr, group: Option<Gid>) -> Result<Directory, DiskError> {
    let stat = directory.stat()?;
    let path = directory.path().display();
    if !is_ours(&stat) {
        return Err(DiskError::refused(format!(
            "`{path}` belongs to uid {}, and homes lie in directories of root only",
            stat.st_uid
        )));
    }
    if let Some(gid) = group
        && name.to_str() == Some(&gid.0.to_string())
        && stat.st_gid != gid.0
    {
        return Err(DiskError::refused(format!(
            "`{path}` has group {}, not that of its domain",
            stat.st_gid
        )));
    }
    Ok(directory)
}

/// Whether something belongs to root or to whoever runs this.
pub(super) fn is_ours(stat: &Stat) -> bool {
    stat.st_uid == 0 || stat.st_uid == geteuid().as_raw()
}

/// A name of our own next to a home: hidden, and never that of a home.
pub(super) fn with_suffix(name: &OsStr, suffix: &str) -> OsString {
    let mut full = OsString::from(".");
    full.push(name);
    full.push(".");
    full.push(suffix);
    full
}
