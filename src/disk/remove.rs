//! Takes a directory apart, whatever its owner does meanwhile.

use std::ffi::{OsStr, OsString};

use crate::disk::directory::{Directory, Mounts, Renamed};
use crate::disk::{DiskError, Step, Watch};

/// So many directories below one another are open at once; what lies deeper is brought up first.
const DEPTH: usize = 32;
/// So often a directory that does not stay empty is emptied again.
const ROUNDS: usize = 8;

/// Removes what stands under a name of our own, if anything does: a directory with everything in
/// it, on its own file system only, through its descriptor.
pub(super) fn remove(at: &Directory, name: &OsStr, watch: &dyn Watch) -> Result<(), DiskError> {
    match at.open(name, Mounts::Refuse)? {
        Some(top) => remove_open(at, name, &top, watch),
        None => Ok(()),
    }
}

/// Removes a directory that was opened and looked at, and its name.
pub(super) fn remove_open(
    at: &Directory,
    name: &OsStr,
    top: &Directory,
    watch: &dyn Watch,
) -> Result<(), DiskError> {
    for _ in 0..ROUNDS {
        empty(top, watch)?;
        watch.before(Step::RemoveTop)?;
        if at.remove_empty(name)? {
            return Ok(());
        }
    }
    let source = rustix::io::Errno::NOTEMPTY.into();
    Err(DiskError::os("somebody still writes to", top.path(), source))
}

/// Removes everything in a directory. Directories that lie too deep are moved up into it, so
/// neither their depth nor the length of their path has a limit.
fn empty(top: &Directory, watch: &dyn Watch) -> Result<(), DiskError> {
    let mut lifted = Lifted { top, count: 0 };
    loop {
        let before = lifted.count;
        for name in top.names()? {
            take(top, &name, 1, &mut lifted, watch)?;
        }
        if lifted.count == before {
            return Ok(());
        }
    }
}

/// The directories that were moved up.
struct Lifted<'a> {
    top: &'a Directory,
    count: u64,
}

impl Lifted<'_> {
    fn lift(&mut self, from: &Directory, name: &OsStr) -> Result<(), DiskError> {
        loop {
            self.count += 1;
            let new_name = OsString::from(format!(".postcote.{}", self.count));
            match from.rename(name, self.top, &new_name)? {
                Renamed::NameTaken => {}
                Renamed::OtherFileSystem => {
                    return Err(DiskError::refused(format!(
                        "`{}` is on another file system",
                        from.join(name).display()
                    )));
                }
                Renamed::Yes | Renamed::NothingThere => return Ok(()),
            }
        }
    }
}

fn take(
    at: &Directory,
    name: &OsStr,
    depth: usize,
    lifted: &mut Lifted<'_>,
    watch: &dyn Watch,
) -> Result<(), DiskError> {
    watch.before(Step::Remove)?;
    if at.unlink(name)? {
        return Ok(());
    }
    if depth >= DEPTH {
        return lifted.lift(at, name);
    }
    let Some(inner) = at.open(name, Mounts::Refuse)? else { return Ok(()) };
    for name in inner.names()? {
        take(&inner, &name, depth + 1, lifted, watch)?;
    }
    // Not empty if something was added meanwhile; whoever asked for it comes again.
    at.remove_empty(name).map(drop)
}
