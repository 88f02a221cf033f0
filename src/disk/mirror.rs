//! Makes one directory like another: a copy that goes on where an earlier attempt ended.

use std::collections::HashMap;
use std::ffi::{CStr, OsStr, OsString};
use std::fs::File;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};

use rustix::fs::{
    AtFlags, FileType, Gid, Mode, OFlags, Stat, Timespec, Timestamps, Uid, XattrFlags, chownat,
    fchmod, fchown, fgetxattr, flistxattr, fsetxattr, fstat, futimens, linkat, openat, readlinkat,
    symlinkat,
};
use rustix::io::Errno;

use crate::disk::directory::{Directory, Mounts};
use crate::disk::remove::remove;
use crate::disk::{DiskError, Step, Watch};

/// Deeper than any mailbox; what is deeper was made to do harm.
const DEPTH: usize = 100;

/// Copies the files of one account. Whatever else lies in its home keeps its owner and group.
pub(super) struct Mirror<'a> {
    /// The account.
    pub(super) uid: u32,
    /// The group that its files get.
    pub(super) gid: u32,
    pub(super) watch: &'a dyn Watch,
    /// Files with several names that have been seen, and where their copy is.
    links: HashMap<(u64, u64), PathBuf>,
}

impl<'a> Mirror<'a> {
    pub(super) fn new(uid: u32, gid: u32, watch: &'a dyn Watch) -> Self {
        Self { uid, gid, watch, links: HashMap::new() }
    }

    /// Makes `copy` like `source`: copies what is new or different, removes what is gone. `copy`
    /// must be out of reach for everybody else; it gets its owner and mode last of all, by
    /// [`Mirror::finish`].
    pub(super) fn run(&mut self, source: &Directory, copy: &Directory) -> Result<(), DiskError> {
        self.links.clear();
        self.directory(source, copy, copy, Path::new(""), 0)
    }

    /// Gives the copy the owner, mode and times of its source.
    pub(super) fn finish(&self, source: &Directory, copy: &Directory) -> Result<(), DiskError> {
        self.adorn(copy.path(), copy, source, &source.stat()?)
    }

    fn directory(
        &mut self,
        source: &Directory,
        copy: &Directory,
        top: &Directory,
        below: &Path,
        depth: usize,
    ) -> Result<(), DiskError> {
        if depth > DEPTH {
            let path = source.path().display();
            return Err(DiskError::refused(format!("`{path}` is nested more than {DEPTH} deep")));
        }
        let names = source.names()?;
        for name in &names {
            self.watch.before(Step::Copy)?;
            let Some(stat) = source.look(name)? else { continue };
            match FileType::from_raw_mode(stat.st_mode) {
                FileType::Directory => {
                    let Some(inner) = source.open(name, Mounts::Refuse)? else { continue };
                    let copied = match copy.look(name)? {
                        Some(stat) if is_directory(&stat) => copy.open(name, Mounts::Refuse)?,
                        Some(_) => {
                            copy.unlink(name)?;
                            None
                        }
                        None => None,
                    };
                    let copied = copied.map_or_else(|| copy.make(name), Ok)?;
                    self.directory(&inner, &copied, top, &below.join(name), depth + 1)?;
                    self.adorn(copied.path(), &copied, &inner, &inner.stat()?)?;
                }
                FileType::RegularFile => self.file(source, copy, top, name, &below.join(name))?,
                FileType::Symlink => self.symlink(source, copy, name, &stat)?,
                // Sockets and pipes live only as long as the process that made them.
                _ => {}
            }
        }
        remove_others(copy, &names, self.watch)
    }

    fn file(
        &mut self,
        source: &Directory,
        copy: &Directory,
        top: &Directory,
        name: &OsStr,
        below: &Path,
    ) -> Result<(), DiskError> {
        let path = source.join(name);
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let from = match openat(source, name, flags, Mode::empty()) {
            Ok(fd) => fd,
            // Gone, or something else by now: the next round sees it.
            Err(Errno::NOENT | Errno::LOOP | Errno::NXIO) => return Ok(()),
            Err(errno) => return Err(DiskError::failed("cannot read", &path)(errno)),
        };
        let stat = fstat(&from).map_err(DiskError::failed("cannot look at", &path))?;
        if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
            return Ok(());
        }
        if stat.st_nlink > 1 {
            let first = self.links.entry((stat.st_dev, stat.st_ino));
            let first = first.or_insert_with(|| below.to_owned());
            if first != below {
                clear(copy, name, self.watch)?;
                return linkat(top, &*first, copy, name, AtFlags::empty())
                    .map_err(DiskError::failed("cannot link", &copy.join(name)));
            }
        }
        if copy.look(name)?.is_some_and(|copied| same(&stat, &copied)) {
            return Ok(());
        }
        clear(copy, name, self.watch)?;
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
        let target = copy.join(name);
        let to = openat(copy, name, flags, Mode::RUSR | Mode::WUSR)
            .map_err(DiskError::failed("cannot make", &target))?;
        let (mut from, mut to) = (File::from(from), File::from(to));
        std::io::copy(&mut from, &mut to)
            .map_err(|error| DiskError::os("cannot copy to", &target, error))?;
        self.adorn(&target, &to, &from, &stat)
    }

    fn symlink(
        &self,
        source: &Directory,
        copy: &Directory,
        name: &OsStr,
        stat: &Stat,
    ) -> Result<(), DiskError> {
        let target = match readlinkat(source, name, Vec::new()) {
            Ok(target) => target,
            Err(Errno::NOENT | Errno::INVAL) => return Ok(()),
            Err(errno) => {
                return Err(DiskError::failed("cannot read", &source.join(name))(errno));
            }
        };
        if readlinkat(copy, name, Vec::new()).is_ok_and(|copied| copied == target) {
            return Ok(());
        }
        clear(copy, name, self.watch)?;
        symlinkat(&target, copy, name)
            .map_err(DiskError::failed("cannot make", &copy.join(name)))?;
        let (uid, gid) = self.owner(stat);
        chownat(copy, name, Some(uid), Some(gid), AtFlags::SYMLINK_NOFOLLOW)
            .map_err(DiskError::failed("cannot give away", &copy.join(name)))
    }

    /// Gives a copy the attributes of its source, through descriptors.
    fn adorn(
        &self,
        path: &Path,
        copy: &impl AsFd,
        source: &impl AsFd,
        stat: &Stat,
    ) -> Result<(), DiskError> {
        let failed = || DiskError::failed("cannot set the attributes of", path);
        let copy = copy.as_fd();
        attributes(source, &copy);
        let (uid, gid) = self.owner(stat);
        fchown(copy, Some(uid), Some(gid)).map_err(failed())?;
        // Nobody becomes somebody else by a copy.
        fchmod(copy, Mode::from_raw_mode(stat.st_mode & 0o777)).map_err(failed())?;
        let time = |seconds, nanoseconds| Timespec { tv_sec: seconds, tv_nsec: nanoseconds };
        let times = Timestamps {
            last_access: time(stat.st_atime, nanoseconds(stat.st_atime_nsec)),
            last_modification: time(stat.st_mtime, nanoseconds(stat.st_mtime_nsec)),
        };
        futimens(copy, &times).map_err(failed())
    }

    /// A user could have linked somebody else's file into the home.
    fn owner(&self, stat: &Stat) -> (Uid, Gid) {
        let gid = if stat.st_uid == self.uid { self.gid } else { stat.st_gid };
        (Uid::from_raw(stat.st_uid), Gid::from_raw(gid))
    }
}

/// Whether a file was copied, whole: its time is set after its last byte.
fn same(source: &Stat, copy: &Stat) -> bool {
    let key = |stat: &Stat| (stat.st_size, stat.st_mtime, nanoseconds(stat.st_mtime_nsec));
    FileType::from_raw_mode(copy.st_mode) == FileType::RegularFile && key(source) == key(copy)
}

/// Below a second, so it fits every type that systems use for it.
fn nanoseconds<T: TryInto<i64>>(nanoseconds: T) -> i64 {
    nanoseconds.try_into().unwrap_or_default()
}

fn is_directory(stat: &Stat) -> bool {
    FileType::from_raw_mode(stat.st_mode) == FileType::Directory
}

/// Removes whatever stands in the way of a copy.
fn clear(copy: &Directory, name: &OsStr, watch: &dyn Watch) -> Result<(), DiskError> {
    if !copy.unlink(name)? {
        remove(copy, name, watch)?;
    }
    Ok(())
}

/// Removes from a copy what its source no longer has.
fn remove_others(copy: &Directory, names: &[OsString], watch: &dyn Watch) -> Result<(), DiskError> {
    let wanted: std::collections::HashSet<&OsString> = names.iter().collect();
    for name in copy.names()?.iter().filter(|name| !wanted.contains(name)) {
        clear(copy, name, watch)?;
    }
    Ok(())
}

/// Copies the attributes that users set. A file system without them keeps none, which is no
/// reason to leave the mail behind.
fn attributes(source: &impl AsFd, copy: &impl AsFd) {
    let mut names = vec![0; 4096];
    let Ok(length) = flistxattr(source, names.as_mut_slice()) else { return };
    names.truncate(length);
    for name in names.split_inclusive(|byte| *byte == 0) {
        let Ok(name) = CStr::from_bytes_with_nul(name) else { continue };
        let mut value = vec![0; 4096];
        if name.to_bytes().starts_with(b"user.")
            && let Ok(length) = fgetxattr(source, name, value.as_mut_slice())
        {
            value.truncate(length);
            let _ = fsetxattr(copy, name, &value, XattrFlags::empty());
        }
    }
}
