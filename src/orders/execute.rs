//! What each kind of order does.

use std::path::PathBuf;
use std::sync::Arc;

use crate::disk::{self, Base, Deleted, DiskError, Move, Moved, Owner, Skeleton, Watch};
use crate::mail::{FolderName, Gid, MailboxFormat, Uid};
use crate::orders::doveadm;
use crate::store::orders::{Occupant, Order, OrderKind};

/// What the configuration says about homes.
#[derive(Clone, Debug)]
pub(super) struct Homes {
    pub(super) base: Base,
    pub(super) folders: Vec<FolderName>,
    pub(super) subscribe: bool,
    pub(super) doveadm: PathBuf,
}

/// What was done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Done {
    pub(super) left_over: Option<PathBuf>,
    /// What is worth saying, because it was not what one would think.
    pub(super) note: Option<&'static str>,
}

impl Done {
    fn noting(note: &'static str) -> Self {
        Self { left_over: None, note: Some(note) }
    }
}

/// Why it was not done.
#[derive(Debug)]
pub(super) enum Undone {
    /// Something stands in the way that only a person can move.
    Refused(String),
    /// It may work next time.
    Failed(String),
    /// The worker was told to stop.
    Stopped,
}

impl From<DiskError> for Undone {
    fn from(error: DiskError) -> Self {
        match error {
            DiskError::Refused(why) => Self::Refused(why),
            DiskError::Os { .. } => Self::Failed(error.to_string()),
            DiskError::Stopped => Self::Stopped,
        }
    }
}

pub(super) async fn execute(
    homes: &Arc<Homes>,
    watch: &Arc<dyn Watch + Send + Sync>,
    order: &Order,
    occupant: Option<&Occupant>,
) -> Result<Done, Undone> {
    let work = Work { homes, watch, order };
    match (order.kind, order.uid) {
        (OrderKind::Create, Some(uid)) => match occupant {
            Some(occupant) => {
                work.create(PathBuf::from(&order.home), uid, order.gid, occupant).await?;
                Ok(Done::default())
            }
            None => Ok(Done::noting("the account is gone")),
        },
        (OrderKind::Delete, Some(uid)) => work.delete(uid, occupant).await,
        (OrderKind::DeleteDomain, _) => work.delete_domain(occupant).await,
        (OrderKind::Move, Some(uid)) => work.relocate(uid, occupant).await,
        // The schema has no such rows.
        (_, None) => Err(Undone::Refused("the order names no account".to_owned())),
    }
}

struct Work<'a> {
    homes: &'a Arc<Homes>,
    watch: &'a Arc<dyn Watch + Send + Sync>,
    order: &'a Order,
}

impl Work<'_> {
    async fn create(
        &self,
        home: PathBuf,
        uid: Uid,
        gid: Gid,
        occupant: &Occupant,
    ) -> Result<(), Undone> {
        let format = MailboxFormat::parse(&occupant.mailbox_format)
            .map_err(|error| Undone::Refused(error.to_string()))?;
        let root = PathBuf::from(&occupant.mailbox_root);
        self.on_disk(move |homes, watch| {
            let (folders, subscribe) = (&homes.folders, homes.subscribe);
            let skeleton = Skeleton { format, root: &root, folders, subscribe };
            disk::create(&homes.base, &home, Owner::new(uid, gid)?, &skeleton, watch)
        })
        .await?;
        if format == MailboxFormat::Maildir {
            return Ok(());
        }
        let Homes { folders, subscribe, doveadm, .. } = &**self.homes;
        let login = &occupant.address;
        doveadm::make_folders(doveadm, login, folders, *subscribe, &**self.watch).await
    }

    async fn delete(&self, uid: Uid, occupant: Option<&Occupant>) -> Result<Done, Undone> {
        let order = self.order;
        if let Some(occupant) = occupant.filter(|occupant| occupant.home == order.home) {
            return Err(Undone::Refused(format!(
                "`{}` is the home of `{}`",
                order.home, occupant.address
            )));
        }
        let (home, gid) = (PathBuf::from(&order.home), order.gid);
        let deleted = self
            .on_disk(move |homes, watch| {
                disk::delete(&homes.base, &home, Owner::new(uid, gid)?, watch)
            })
            .await?;
        Ok(noted(deleted))
    }

    async fn delete_domain(&self, occupant: Option<&Occupant>) -> Result<Done, Undone> {
        let order = self.order;
        if let Some(occupant) = occupant {
            return Err(Undone::Refused(format!(
                "`{}` still lives in `{}`",
                occupant.address, order.home
            )));
        }
        let (directory, gid) = (PathBuf::from(&order.home), order.gid);
        let deleted = self
            .on_disk(move |homes, watch| disk::delete_domain(&homes.base, &directory, gid, watch))
            .await?;
        Ok(noted(deleted))
    }

    async fn relocate(&self, uid: Uid, occupant: Option<&Occupant>) -> Result<Done, Undone> {
        let order = self.order;
        let Some(to) = order.new_home.as_deref() else {
            return Err(Undone::Refused("the order does not say where to".to_owned()));
        };
        // An account that was ordered to move twice may be further than the second order knew.
        let from = occupant.map(|occupant| occupant.home.as_str()).filter(|home| *home != to);
        let from = from.unwrap_or(&order.home);
        if from == to {
            return Ok(Done::noting("the home is there already"));
        }
        let (old_gid, gid) = (order.gid, order.new_gid.unwrap_or(order.gid));
        let (source, target) = (PathBuf::from(from), PathBuf::from(to));
        let moved = self
            .on_disk(move |homes, watch| {
                let owner = Owner::new(uid, gid)?;
                let order = Move { from: &source, to: &target, owner, old_gid };
                disk::relocate(&homes.base, order, watch)
            })
            .await?;
        match (moved, occupant) {
            (Moved::Yes { left_over }, _) => Ok(Done { left_over, note: None }),
            (Moved::NothingThere, Some(occupant)) => {
                self.create(PathBuf::from(to), uid, gid, occupant).await?;
                Ok(Done::noting("there was no home; an empty one was made"))
            }
            (Moved::NothingThere, None) => Ok(Done::noting("there was no home")),
        }
    }

    /// Does blocking work where it blocks nobody.
    async fn on_disk<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Homes, &dyn Watch) -> Result<T, DiskError> + Send + 'static,
    ) -> Result<T, Undone> {
        let (homes, watch) = (Arc::clone(self.homes), Arc::clone(self.watch));
        match tokio::task::spawn_blocking(move || work(&homes, &*watch)).await {
            Ok(outcome) => Ok(outcome?),
            Err(error) => Err(Undone::Failed(format!("a bug, please report it: {error}"))),
        }
    }
}

fn noted(deleted: Deleted) -> Done {
    match deleted {
        Deleted::Gone => Done::default(),
        Deleted::WasMissing => Done::noting("there was nothing to delete"),
    }
}
