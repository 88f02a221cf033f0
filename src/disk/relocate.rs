//! Takes a home to another place, within a file system or across.
//!
//! At no moment is there no complete copy of the mail, and a home never stands at both places as
//! long as somebody could write to it. Which of the names exist says how far an attempt came:
//!
//! | `FROM/UID` | `FROM/.UID.old` | `TO/UID` | what is left to do |
//! |---|---|---|---|
//! | yes | no | no | everything |
//! | no | yes | no | the last round of a copy |
//! | no | – | yes | nothing; `.UID.old` is to be removed |
//! | yes | – | yes | nothing: somebody else's home is in the way |
//! | no | no | no | nothing: there was no home |

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, FileType, Gid as Group, Mode, OFlags, chownat, fstat, openat, syncfs};
use rustix::io::Errno;

use crate::disk::delete::{fits, set_aside};
use crate::disk::directory::{Directory, Mounts, Renamed};
use crate::disk::location::{Base, Missing, Owner, Place, with_suffix};
use crate::disk::mirror::Mirror;
use crate::disk::{DiskError, Step, Watch};
use crate::mail::Gid;

/// Deeper than any mailbox.
const DEPTH: usize = 100;

/// What goes where.
#[derive(Clone, Copy, Debug)]
pub struct Move<'a> {
    /// Where the home is.
    pub from: &'a Path,
    /// Where it is to be.
    pub to: &'a Path,
    /// Whose it will be.
    pub owner: Owner,
    /// The group it had so far.
    pub old_gid: Gid,
}

impl Move<'_> {
    /// Whether a home is the one that is meant.
    fn check(&self, home: &Directory, holder: &Directory) -> Result<(), DiskError> {
        let (stat, holder) = (home.stat()?, holder.stat()?);
        let owner = self.owner;
        let fits =
            fits(stat.st_gid, owner.gid, &holder) || fits(stat.st_gid, self.old_gid, &holder);
        if stat.st_uid == owner.uid.0 && fits {
            return Ok(());
        }
        Err(DiskError::refused(format!(
            "`{}` belongs to {}:{}, not to {}:{}",
            home.path().display(),
            stat.st_uid,
            stat.st_gid,
            owner.uid.0,
            self.old_gid.0
        )))
    }
}

/// What became of a move.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Moved {
    /// The home is there.
    Yes {
        /// The directory that remains on the other file system and can be deleted now.
        left_over: Option<PathBuf>,
    },
    /// There is no home, neither here nor there.
    NothingThere,
}

/// Takes a home to another place below the base directory.
///
/// # Errors
/// Refused if it belongs to somebody else, or another home stands there already.
pub fn relocate(base: &Base, order: Move<'_>, watch: &dyn Watch) -> Result<Moved, DiskError> {
    let (from, to) = (base.place(order.from)?, base.place(order.to)?);
    if order.from == order.to {
        return Err(DiskError::refused(format!("`{}` is where it is", order.to.display())));
    }
    let Some(source) = base.holder(&from, Missing::Tell, watch)? else {
        return absent(base, order, &to, watch);
    };
    // What is refused leaves no directories behind that were made for it.
    watch.before(Step::Open)?;
    if let Some(home) = source.directory.open(&from.name, Mounts::Refuse)? {
        order.check(&home, &source.directory)?;
    }
    let Some(target) = base.holder(&to, Missing::Make(order.owner.gid), watch)? else {
        return Ok(Moved::NothingThere);
    };
    // Two workers that cross must not wait for each other.
    let same = source.lock_path() == target.lock_path();
    let _locks = match (same, source.lock_path() < target.lock_path()) {
        (true, _) => (source.lock()?, None),
        (_, true) => (source.lock()?, Some(target.lock()?)),
        (_, false) => (target.lock()?, Some(source.lock()?)),
    };
    let way = Way {
        order,
        old: with_suffix(&from.name, "old"),
        staging: with_suffix(&to.name, "new"),
        source: source.unlocked(),
        target: target.unlocked(),
        from,
        to,
        watch,
    };
    way.go()
}

/// What to make of it that not even the directory is there in which the home was: somebody has
/// tidied up after the move, or the mail lies on a file system that is not mounted.
fn absent(base: &Base, order: Move<'_>, to: &Place, watch: &dyn Watch) -> Result<Moved, DiskError> {
    if let Some(target) = base.holder(to, Missing::Tell, watch)?
        && let Some(there) = target.directory.open(&to.name, Mounts::Refuse)?
    {
        order.check(&there, &target.directory)?;
        return Ok(Moved::Yes { left_over: None });
    }
    let source = std::io::ErrorKind::NotFound.into();
    let what = format!(
        "the directory of `{}` is not there; is its file system mounted?",
        order.from.display()
    );
    Err(DiskError::Os { what, source })
}

struct Way<'a> {
    order: Move<'a>,
    source: Directory,
    target: Directory,
    from: Place,
    to: Place,
    /// The name of the source while the last round of a copy is made, and afterwards.
    old: OsString,
    /// The name of the copy before it is complete.
    staging: OsString,
    watch: &'a dyn Watch,
}

impl Way<'_> {
    fn go(&self) -> Result<Moved, DiskError> {
        self.watch.before(Step::Open)?;
        let old = self.source.open(&self.old, Mounts::Refuse)?;
        let home = self.source.open(&self.from.name, Mounts::Refuse)?;
        let there = self.target.open(&self.to.name, Mounts::Refuse)?;
        match (home, there) {
            (Some(_), Some(there)) => Err(DiskError::refused(format!(
                "`{}` is there already, and so is `{}`",
                there.path().display(),
                self.order.from.display()
            ))),
            (None, Some(there)) => {
                self.order.check(&there, &self.target)?;
                Ok(Moved::Yes { left_over: old.map(|old| old.path().to_owned()) })
            }
            (Some(home), None) => {
                self.order.check(&home, &self.source)?;
                self.begin(&home)
            }
            (None, None) => match old {
                Some(old) => {
                    self.order.check(&old, &self.source)?;
                    self.finish(&old)
                }
                None => Ok(Moved::NothingThere),
            },
        }
    }

    fn begin(&self, home: &Directory) -> Result<Moved, DiskError> {
        if home.stat()?.st_dev == self.target.stat()?.st_dev {
            // Only the owner can enter a home, so its group does not matter in between.
            self.regroup(home, 0)?;
            self.watch.before(Step::Place)?;
            let renamed = self.source.rename(&self.from.name, &self.target, &self.to.name)?;
            if renamed == Renamed::Yes {
                self.watch.before(Step::Flush)?;
                self.target.flush()?;
                self.source.flush()?;
                return Ok(Moved::Yes { left_over: None });
            }
            if renamed != Renamed::OtherFileSystem {
                return Err(DiskError::refused(format!(
                    "`{}` was exchanged while it was looked at",
                    self.order.from.display()
                )));
            }
        }
        // Most of the work is done while the mailbox is in use.
        self.watch.before(Step::Stage)?;
        let copy = self.copy()?;
        Mirror::new(self.order.owner.uid.0, self.order.owner.gid.0, self.watch).run(home, &copy)?;
        self.watch.before(Step::SetAside)?;
        set_aside(&self.source, home, self.order.from, &self.from.name, &self.old)?;
        self.finish(home)
    }

    /// Makes the last round of a copy. If that fails, the home is back in its place afterwards,
    /// where the account still lives.
    fn finish(&self, home: &Directory) -> Result<Moved, DiskError> {
        let moved = self.last_round(home);
        if moved.is_err() && self.target.look(&self.to.name)?.is_none() {
            self.source.rename(&self.old, &self.source, &self.from.name)?;
        }
        moved
    }

    /// Brings the copy up to date now that nobody finds the home any more, and puts it in place.
    fn last_round(&self, home: &Directory) -> Result<Moved, DiskError> {
        let copy = self.copy()?;
        let mut mirror = Mirror::new(self.order.owner.uid.0, self.order.owner.gid.0, self.watch);
        mirror.run(home, &copy)?;
        self.watch.before(Step::Flush)?;
        self.source.flush()?;
        syncfs(&copy).map_err(DiskError::failed("cannot write to disk", copy.path()))?;
        mirror.finish(home, &copy)?;
        self.watch.before(Step::Place)?;
        if self.target.rename(&self.staging, &self.target, &self.to.name)? != Renamed::Yes {
            let path = self.order.to.display();
            return Err(DiskError::refused(format!("`{path}` has been taken meanwhile")));
        }
        self.target.flush()?;
        Ok(Moved::Yes { left_over: Some(self.source.join(&self.old)) })
    }

    /// The copy as an earlier attempt left it, or an empty one.
    fn copy(&self) -> Result<Directory, DiskError> {
        let Some(copy) = self.target.open(&self.staging, Mounts::Refuse)? else {
            return self.target.make(&self.staging);
        };
        // It may be finished except for its place.
        let ours = rustix::process::geteuid().as_raw();
        copy.set_mode(0o700)?;
        if copy.stat()?.st_uid != ours {
            copy.take_back(ours)?;
        }
        Ok(copy)
    }

    /// Gives the account's own files the group of the new domain.
    fn regroup(&self, at: &Directory, depth: usize) -> Result<(), DiskError> {
        let owner = self.order.owner;
        if owner.gid == self.order.old_gid {
            return Ok(());
        }
        if depth > DEPTH {
            let path = at.path().display();
            return Err(DiskError::refused(format!("`{path}` is nested more than {DEPTH} deep")));
        }
        for name in at.names()? {
            self.watch.before(Step::Regroup)?;
            let path = at.join(&name);
            let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            let fd = match openat(at, &name, flags, Mode::empty()) {
                Ok(fd) => fd,
                Err(Errno::NOENT) => continue,
                Err(errno) => return Err(DiskError::failed("cannot look at", &path)(errno)),
            };
            let stat = fstat(&fd).map_err(DiskError::failed("cannot look at", &path))?;
            if FileType::from_raw_mode(stat.st_mode) == FileType::Directory {
                if let Some(inner) = at.open(&name, Mounts::Refuse)? {
                    self.regroup(&inner, depth + 1)?;
                }
            } else if stat.st_uid == owner.uid.0 && stat.st_gid != owner.gid.0 {
                // By descriptor: by name it could be somebody else's file by now.
                let group = Some(Group::from_raw(owner.gid.0));
                chownat(&fd, c"", None, group, AtFlags::EMPTY_PATH)
                    .map_err(DiskError::failed("cannot change the group of", &path))?;
            }
        }
        let stat = at.stat()?;
        if stat.st_uid == owner.uid.0 && stat.st_gid != owner.gid.0 {
            at.regroup(owner.gid.0)?;
        }
        Ok(())
    }
}
