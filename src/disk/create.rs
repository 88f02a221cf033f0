//! Makes a home with an empty mailbox, or adds to one what it lacks.

use std::path::Path;

use crate::disk::directory::{Directory, Mounts, Renamed};
use crate::disk::location::{Base, Holder, Missing, Owner, with_suffix};
use crate::disk::remove::remove;
use crate::disk::{DiskError, Skeleton, Step, Watch};

/// Makes a home with an empty mailbox: home and mailbox with mode 0700, of their owner. A home
/// that is there already and has the same owner gets the parts that it lacks and keeps all else.
///
/// # Errors
/// Refused if something else stands there, or stands in the way.
pub fn create(
    base: &Base,
    home: &Path,
    owner: Owner,
    skeleton: &Skeleton<'_>,
    watch: &dyn Watch,
) -> Result<(), DiskError> {
    let place = base.place(home)?;
    let Some(holder) = base.holder(&place, Missing::Make(owner.gid), watch)? else {
        return Err(DiskError::refused(format!("`{}` has no place", home.display())));
    };
    let locked = Holder::locked(holder)?;
    let at = &locked.directory;

    // All parts are made where nobody else can go, so nothing that a user could exchange is
    // ever given away.
    let staging = with_suffix(&place.name, "new");
    watch.before(Step::Stage)?;
    remove(at, &staging, watch)?;
    let made = at.make(&staging)?;
    skeleton.fill(&made, owner, watch)?;
    watch.before(Step::Place)?;
    if at.rename(&staging, at, &place.name)? == Renamed::NameTaken {
        watch.before(Step::Open)?;
        let Some(existing) = at.open(&place.name, Mounts::Refuse)? else {
            return Err(DiskError::refused(format!("`{}` was taken away", home.display())));
        };
        check_owner(&existing, owner)?;
        add(&made, &existing, watch)?;
        remove(at, &staging, watch)?;
    }
    watch.before(Step::Flush)?;
    at.flush()
}

/// A home is its account's and its domain's.
fn check_owner(home: &Directory, owner: Owner) -> Result<(), DiskError> {
    let stat = home.stat()?;
    if (stat.st_uid, stat.st_gid) == (owner.uid.0, owner.gid.0) {
        return Ok(());
    }
    Err(DiskError::refused(format!(
        "`{}` is there already and belongs to {}:{}, not to {}:{}",
        home.path().display(),
        stat.st_uid,
        stat.st_gid,
        owner.uid.0,
        owner.gid.0
    )))
}

/// Moves what a home lacks from where it was made. Whatever is there stays, of any kind.
fn add(made: &Directory, existing: &Directory, watch: &dyn Watch) -> Result<(), DiskError> {
    for name in made.names()? {
        watch.before(Step::Add)?;
        if made.rename(&name, existing, &name)? == Renamed::NameTaken
            && let Ok(Some(made)) = made.open(&name, Mounts::Refuse)
            && let Ok(Some(existing)) = existing.open(&name, Mounts::Refuse)
        {
            add(&made, &existing, watch)?;
        }
    }
    Ok(())
}
