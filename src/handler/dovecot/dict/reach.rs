//! Who may ask and tell what. Mail processes run as the users whose mail they handle, so their
//! socket has to be open to everybody, and the kernel says who is at the other end.

use crate::handler::Caller;
use crate::handler::dovecot::dict::Reason;
use crate::mail::Uid;

/// Whether the permissions of a socket keep anybody out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guard {
    /// Everybody can connect.
    Open,
    /// Who can connect was let in on purpose.
    Shut,
}

/// What a caller may ask about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    /// Everybody, stored passwords included.
    All,
    /// Nothing.
    Nothing,
    /// The quota, logins and whereabouts of one account.
    Own(Uid),
}

/// Numbers from here on belong to accounts.
const FIRST_ACCOUNT: u32 = 70_000;

impl Reach {
    /// By whom the kernel names; `own` is the user of the daemon.
    pub(super) fn of(caller: Caller, own: u32, guard: Guard) -> Self {
        match caller.uid {
            Some(uid) if uid == 0 || uid == own => Self::All,
            Some(uid) if uid >= FIRST_ACCOUNT => Self::Own(Uid(uid)),
            Some(_) if guard == Guard::Shut => Self::All,
            _ => Self::Nothing,
        }
    }

    /// Whether this account is within reach. Nobody but who may ask about all learns who exists.
    pub(super) fn to(self, uid: Option<Uid>) -> Result<(), Reason> {
        match self {
            Self::All => Ok(()),
            Self::Own(own) if uid == Some(own) => Ok(()),
            Self::Nothing | Self::Own(_) => Err(self.refusal()),
        }
    }

    /// Whether everything is within reach.
    pub(super) fn to_all(self) -> Result<(), Reason> {
        if self == Self::All { Ok(()) } else { Err(self.refusal()) }
    }

    fn refusal(self) -> Reason {
        match self {
            Self::Own(uid) => format!("not permitted: user {} may ask about itself only", uid.0),
            Self::All | Self::Nothing => "not permitted: on a socket that everybody can connect \
                                          to, only root and mail users are answered; \
                                          hint: make another with mode 0660 and your group"
                .to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_asks_decides_what_is_told() {
        use Guard::{Open, Shut};
        let table = [
            (Some(0), Open, Reach::All, "root: auth workers, doveadm"),
            (Some(0), Shut, Reach::All, "root"),
            (Some(990), Open, Reach::All, "the daemon's user"),
            (Some(1000), Open, Reach::Nothing, "somebody with a shell"),
            (Some(1000), Shut, Reach::All, "let in by mode and group"),
            (Some(69_999), Open, Reach::Nothing, "no account"),
            (Some(70_000), Open, Reach::Own(Uid(70_000)), "a mail process"),
            (Some(70_001), Shut, Reach::Own(Uid(70_001)), "a mail process in the group"),
            (None, Shut, Reach::Nothing, "not named by the kernel"),
        ];
        for (uid, guard, expected, why) in table {
            assert_eq!(Reach::of(Caller { uid, pid: None }, 990, guard), expected, "{why}");
        }
        let own = Reach::Own(Uid(70_000));
        assert!(own.to(Some(Uid(70_000))).is_ok() && Reach::All.to(None).is_ok());
        assert_eq!(own.to(None), own.to(Some(Uid(70_001))), "it does not learn who exists");
        assert!(own.to_all().is_err() && Reach::Nothing.to(Some(Uid(70_000))).is_err());
    }
}
