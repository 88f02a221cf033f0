//! An open directory: the only way from one name to the next.

use std::ffi::{OsStr, OsString};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::fs::{
    AtFlags, Dir, FileType, FlockOperation, Gid, Mode, OFlags, RenameFlags, ResolveFlags, Stat,
    Uid, fchmod, fchown, flock, fstat, fsync, mkdirat, openat, openat2, renameat, renameat_with,
    statat, unlinkat,
};
use rustix::io::Errno;

use crate::disk::DiskError;
use crate::disk::location::Owner;

/// An open directory. Its path is for messages only and may have become wrong.
#[derive(Debug)]
pub(super) struct Directory {
    fd: OwnedFd,
    path: PathBuf,
}

/// Whether a directory below another may be on another file system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mounts {
    /// It may: an administrator mounted it.
    Cross,
    /// It may not: it must not be touched together with what is around it.
    Refuse,
}

const FOLLOW_NOTHING: OFlags = OFlags::RDONLY
    .union(OFlags::DIRECTORY)
    .union(OFlags::NOFOLLOW)
    .union(OFlags::NONBLOCK)
    .union(OFlags::CLOEXEC);

impl Directory {
    /// The root directory.
    pub(super) fn root() -> Result<Self, DiskError> {
        let path = PathBuf::from("/");
        let fd = rustix::fs::open(&path, FOLLOW_NOTHING, Mode::empty())
            .map_err(DiskError::failed("cannot open", &path))?;
        Ok(Self { fd, path })
    }

    /// Where it was when it was opened.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn join(&self, name: &OsStr) -> PathBuf {
        self.path.join(name)
    }

    /// Opens a directory in it; `None` if there is nothing of that name.
    pub(super) fn open(&self, name: &OsStr, mounts: Mounts) -> Result<Option<Self>, DiskError> {
        let path = self.join(name);
        match open_below(self.fd.as_fd(), name, mounts) {
            Ok(fd) => {
                let opened = Self { fd, path };
                if mounts == Mounts::Refuse && opened.stat()?.st_dev != self.stat()?.st_dev {
                    return Err(mounted(&opened.path));
                }
                Ok(Some(opened))
            }
            Err(Errno::NOENT) => Ok(None),
            Err(Errno::XDEV) => Err(mounted(&path)),
            Err(Errno::LOOP | Errno::NOTDIR) => Err(no_directory(&path, self.kind(name)?)),
            Err(errno) => Err(DiskError::failed("cannot open", &path)(errno)),
        }
    }

    /// Makes a directory in it and opens it. It is ours and only ours, whatever the umask says.
    pub(super) fn make(&self, name: &OsStr) -> Result<Self, DiskError> {
        let path = self.join(name);
        mkdirat(&self.fd, name, Mode::RWXU).map_err(DiskError::failed("cannot make", &path))?;
        let gone = || DiskError::refused(format!("`{}` was taken away", path.display()));
        self.open(name, Mounts::Refuse)?.ok_or_else(gone)
    }

    /// What stands under a name, without following it.
    pub(super) fn look(&self, name: &OsStr) -> Result<Option<Stat>, DiskError> {
        match statat(&self.fd, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => Ok(Some(stat)),
            Err(Errno::NOENT) => Ok(None),
            Err(errno) => Err(DiskError::failed("cannot look at", &self.join(name))(errno)),
        }
    }

    fn kind(&self, name: &OsStr) -> Result<Option<FileType>, DiskError> {
        Ok(self.look(name)?.map(|stat| FileType::from_raw_mode(stat.st_mode)))
    }

    pub(super) fn stat(&self) -> Result<Stat, DiskError> {
        fstat(&self.fd).map_err(DiskError::failed("cannot look at", &self.path))
    }

    /// Whether two descriptors are of the same directory.
    pub(super) fn is(&self, other: &Stat) -> Result<bool, DiskError> {
        let this = self.stat()?;
        Ok((this.st_dev, this.st_ino) == (other.st_dev, other.st_ino))
    }

    /// Gives it to an owner; `None` stays as it is.
    pub(super) fn give_to(&self, owner: Owner) -> Result<(), DiskError> {
        fchown(&self.fd, Some(Uid::from_raw(owner.uid.0)), Some(Gid::from_raw(owner.gid.0)))
            .map_err(DiskError::failed("cannot give away", &self.path))
    }

    /// Gives it to a group.
    pub(super) fn regroup(&self, gid: u32) -> Result<(), DiskError> {
        fchown(&self.fd, None, Some(Gid::from_raw(gid)))
            .map_err(DiskError::failed("cannot change the group of", &self.path))
    }

    /// Makes it ours again.
    pub(super) fn take_back(&self, uid: u32) -> Result<(), DiskError> {
        fchown(&self.fd, Some(Uid::from_raw(uid)), None)
            .map_err(DiskError::failed("cannot take back", &self.path))
    }

    pub(super) fn set_mode(&self, mode: u32) -> Result<(), DiskError> {
        fchmod(&self.fd, Mode::from_raw_mode(mode))
            .map_err(DiskError::failed("cannot set the mode of", &self.path))
    }

    /// The names in it, without `.` and `..`.
    pub(super) fn names(&self) -> Result<Vec<OsString>, DiskError> {
        let failed = || DiskError::failed("cannot read", &self.path);
        let mut names = Vec::new();
        for entry in Dir::read_from(&self.fd).map_err(failed())? {
            let name = entry.map_err(failed())?.file_name().to_bytes().to_vec();
            if name != b"." && name != b".." {
                names.push(OsString::from_vec(name));
            }
        }
        Ok(names)
    }

    /// Renames, from this directory into another one, unless the name is taken: `false` then. A
    /// symbolic link is renamed, not followed.
    pub(super) fn rename(
        &self,
        name: &OsStr,
        into: &Self,
        new_name: &OsStr,
    ) -> Result<Renamed, DiskError> {
        let outcome =
            match renameat_with(&self.fd, name, &into.fd, new_name, RenameFlags::NOREPLACE) {
                // File systems such as NFS know no condition. Nobody but us writes where it matters.
                Err(Errno::INVAL | Errno::NOSYS) => match into.look(new_name)? {
                    Some(_) => Err(Errno::EXIST),
                    None => renameat(&self.fd, name, &into.fd, new_name),
                },
                outcome => outcome,
            };
        match outcome {
            Ok(()) => Ok(Renamed::Yes),
            Err(Errno::EXIST | Errno::NOTEMPTY) => Ok(Renamed::NameTaken),
            Err(Errno::NOENT) => Ok(Renamed::NothingThere),
            Err(Errno::XDEV) => Ok(Renamed::OtherFileSystem),
            Err(errno) => Err(DiskError::failed("cannot rename", &self.join(name))(errno)),
        }
    }

    /// Removes a name that is no directory; `false` if it is one.
    pub(super) fn unlink(&self, name: &OsStr) -> Result<bool, DiskError> {
        match unlinkat(&self.fd, name, AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => Ok(true),
            // Linux says the one, POSIX and some file systems the other.
            Err(Errno::ISDIR) => Ok(false),
            Err(Errno::PERM) if self.kind(name)? == Some(FileType::Directory) => Ok(false),
            Err(errno) => Err(DiskError::failed("cannot remove", &self.join(name))(errno)),
        }
    }

    /// Removes a directory; `false` if it is not empty.
    pub(super) fn remove_empty(&self, name: &OsStr) -> Result<bool, DiskError> {
        match unlinkat(&self.fd, name, AtFlags::REMOVEDIR) {
            Ok(()) | Err(Errno::NOENT) => Ok(true),
            Err(Errno::NOTEMPTY | Errno::EXIST) => Ok(false),
            Err(Errno::BUSY) => Err(mounted(&self.join(name))),
            Err(errno) => Err(DiskError::failed("cannot remove", &self.join(name))(errno)),
        }
    }

    /// Has the names in it written to the disk.
    pub(super) fn flush(&self) -> Result<(), DiskError> {
        match fsync(&self.fd) {
            // Some file systems cannot, and need not.
            Ok(()) | Err(Errno::INVAL | Errno::NOSYS) => Ok(()),
            Err(errno) => Err(DiskError::failed("cannot write to disk", &self.path)(errno)),
        }
    }

    /// Waits until no other worker of this machine is at work below it. The lock ends with the
    /// value, and with the process.
    pub(super) fn lock(&self) -> Result<Self, DiskError> {
        let name = OsStr::from_bytes(b".");
        let fd = openat(&self.fd, name, FOLLOW_NOTHING, Mode::empty())
            .map_err(DiskError::failed("cannot open", &self.path))?;
        match flock(&fd, FlockOperation::LockExclusive) {
            // NFS locks no directories; the claim in the database has to do.
            Ok(()) | Err(Errno::BADF | Errno::NOLCK | Errno::INVAL | Errno::NOTSUP) => {}
            Err(errno) => return Err(DiskError::failed("cannot lock", &self.path)(errno)),
        }
        Ok(Self { fd, path: self.path.clone() })
    }
}

impl AsFd for Directory {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

/// What became of a rename.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Renamed {
    Yes,
    NameTaken,
    NothingThere,
    OtherFileSystem,
}

/// Opens one component. `openat2` also sees a mount of the same file system; a kernel or a sandbox
/// without it leaves the device number to compare.
fn open_below(at: BorrowedFd<'_>, name: &OsStr, mounts: Mounts) -> Result<OwnedFd, Errno> {
    static ABSENT: AtomicBool = AtomicBool::new(false);
    if !is_component(name) {
        return Err(Errno::INVAL);
    }
    if !ABSENT.load(Ordering::Relaxed) {
        let mut resolve = ResolveFlags::NO_SYMLINKS | ResolveFlags::BENEATH;
        if mounts == Mounts::Refuse {
            resolve |= ResolveFlags::NO_XDEV;
        }
        loop {
            match openat2(at, name, FOLLOW_NOTHING, Mode::empty(), resolve) {
                Err(Errno::NOSYS | Errno::PERM) => ABSENT.store(true, Ordering::Relaxed),
                // A rename somewhere on the machine made the kernel unsure.
                Err(Errno::AGAIN) => continue,
                outcome => return outcome,
            }
            break;
        }
    }
    openat(at, name, FOLLOW_NOTHING, Mode::empty())
}

/// Whether a name is one step down, and nothing else.
pub(super) fn is_component(name: &OsStr) -> bool {
    let bytes = name.as_bytes();
    !matches!(bytes, b"" | b"." | b"..") && !bytes.contains(&b'/') && !bytes.contains(&0)
}

fn mounted(path: &Path) -> DiskError {
    DiskError::refused(format!(
        "`{}` is a mount point, and what is mounted there is not ours to touch",
        path.display()
    ))
}

fn no_directory(path: &Path, kind: Option<FileType>) -> DiskError {
    let path = path.display();
    DiskError::refused(match kind {
        Some(FileType::Symlink) => {
            format!("`{path}` is a symbolic link, and none is followed where mail lies")
        }
        _ => format!("`{path}` is no directory"),
    })
}
