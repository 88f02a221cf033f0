//! Removes the home of an account, or the directory of a domain, with all mail.

use std::ffi::OsStr;
use std::path::Path;

use rustix::fs::Stat;

use crate::disk::directory::{Directory, Mounts, Renamed};
use crate::disk::location::{Base, Missing, Owner, check_group, is_ours, with_suffix};
use crate::disk::remove::{remove, remove_open};
use crate::disk::{DiskError, Step, Watch};
use crate::mail::Gid;

/// What there was to delete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deleted {
    /// It is gone now.
    Gone,
    /// It was gone, or has never been.
    WasMissing,
}

/// Removes a home with everything in it. It is out of its place at once; the rest takes as long
/// as it takes.
///
/// # Errors
/// Refused unless it lies below the base directory, no part of the way is a symbolic link, and
/// the home belongs to the account and to the domain, or to the group of the directory that it
/// lies in, where an account stays whose move was given up.
pub fn delete(
    base: &Base,
    home: &Path,
    owner: Owner,
    watch: &dyn Watch,
) -> Result<Deleted, DiskError> {
    delete_if(base, home, watch, |stat, holder| {
        let may = stat.st_uid == owner.uid.0 && fits(stat.st_gid, owner.gid, &holder.stat()?);
        if may {
            return Ok(());
        }
        Err(DiskError::refused(format!(
            "`{}` belongs to {}:{}, not to {}:{}",
            home.display(),
            stat.st_uid,
            stat.st_gid,
            owner.uid.0,
            owner.gid.0
        )))
    })
}

/// Whether files in a group belong to a domain: to the one that is meant, or to the one whose
/// directory they lie in.
pub(super) fn fits(group: u32, domain: Gid, holder: &Stat) -> bool {
    group == domain.0 || (group == holder.st_gid && check_group(Gid(group)).is_ok())
}

/// Removes the directory of a domain with everything in it.
///
/// # Errors
/// Refused unless it lies below the base directory, no part of the way is a symbolic link, and
/// the directory belongs to root and to the group of the domain.
pub fn delete_domain(
    base: &Base,
    directory: &Path,
    gid: Gid,
    watch: &dyn Watch,
) -> Result<Deleted, DiskError> {
    check_group(gid)?;
    delete_if(base, directory, watch, |stat, _| {
        if is_ours(stat) && stat.st_gid == gid.0 {
            return Ok(());
        }
        Err(DiskError::refused(format!(
            "`{}` belongs to {}:{}, not to root and group {}",
            directory.display(),
            stat.st_uid,
            stat.st_gid,
            gid.0
        )))
    })
}

fn delete_if(
    base: &Base,
    path: &Path,
    watch: &dyn Watch,
    check: impl Fn(&Stat, &Directory) -> Result<(), DiskError>,
) -> Result<Deleted, DiskError> {
    let place = base.place(path)?;
    let Some(holder) = base.holder(&place, Missing::Tell, watch)? else {
        base.in_use(watch)?;
        return Ok(Deleted::WasMissing);
    };
    let locked = holder.locked()?;
    let at = &locked.directory;
    let trash = with_suffix(&place.name, "trash");

    // What an interrupted attempt has put aside, it had checked before.
    let resumed = at.look(&trash)?.is_some();
    remove(at, &trash, watch)?;

    watch.before(Step::Open)?;
    let found = at.open(&place.name, Mounts::Refuse)?;
    if let Some(found) = &found {
        let stat = found.stat()?;
        check(&stat, at)?;
        watch.before(Step::SetAside)?;
        set_aside(at, found, path, &place.name, &trash)?;
        at.flush()?;
        remove_open(at, &trash, found, watch)?;
    }
    watch.before(Step::Flush)?;
    at.flush()?;
    Ok(if found.is_some() || resumed { Deleted::Gone } else { Deleted::WasMissing })
}

/// Renames what was checked, and nothing else that has taken its name since.
pub(super) fn set_aside(
    at: &Directory,
    checked: &Directory,
    path: &Path,
    name: &OsStr,
    aside: &OsStr,
) -> Result<(), DiskError> {
    if at.rename(name, at, aside)? == Renamed::Yes
        && let Some(stat) = at.look(aside)?
        && checked.is(&stat)?
    {
        return Ok(());
    }
    // Best effort: somebody with the rights of root is at work here.
    at.rename(aside, at, name)?;
    Err(DiskError::refused(format!("`{}` was exchanged while it was looked at", path.display())))
}
