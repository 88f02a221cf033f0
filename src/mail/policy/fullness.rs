//! Whether the mailboxes behind a recipient have room.

use crate::mail::QuotaLimit;
use crate::mail::policy::Verdict;

/// What a mailbox holds and may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Filled {
    /// What it may hold.
    pub limit: QuotaLimit,
    /// Bytes in it.
    pub bytes: u64,
    /// Messages in it.
    pub messages: u64,
}

impl Filled {
    /// Whether one more message of this size does not fit. A size that nobody has told is zero:
    /// then only what is full already is full.
    pub fn is_full_for(&self, size: u64) -> bool {
        let QuotaLimit { bytes, messages } = self.limit;
        // A message takes some room even if nobody has told how much.
        let too_large = bytes > 0 && self.bytes.saturating_add(size.max(1)) > bytes;
        let too_many = messages > 0 && self.messages.saturating_add(1) > messages;
        too_large || too_many
    }
}

/// Decides about a message of this size for all these mailboxes; `others` if it goes elsewhere,
/// too, or to a mailbox of which nobody knows what it holds.
///
/// | the mailboxes | `defer` | verdict |
/// |---|---|---|
/// | one of them has room, or it goes elsewhere, too | either | pass |
/// | none has room | no | 552 5.2.2 |
/// | none has room | yes | 452 4.2.2 |
pub fn mailbox_full(mailboxes: &[Filled], others: bool, size: u64, defer: bool) -> Verdict {
    let full = !mailboxes.is_empty() && mailboxes.iter().all(|one| one.is_full_for(size));
    if others || !full {
        return Verdict::Pass;
    }
    if defer {
        Verdict::refuse(452, "4.2.2", "Mailbox is full, try again later")
    } else {
        Verdict::refuse(552, "5.2.2", "Mailbox is full")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mailbox_is_full_when_the_message_does_not_fit() {
        // Limits, what it holds, the size, whether it is full.
        let table = [
            ((0, 0), (u64::MAX, u64::MAX), u64::MAX, false),
            ((1000, 0), (900, 9), 100, false),
            ((1000, 0), (900, 9), 101, true),
            ((1000, 0), (999, 9), 0, false),
            ((1000, 0), (1000, 9), 0, true),
            ((1000, 0), (0, 0), u64::MAX, true),
            ((0, 10), (900, 9), 1, false),
            ((0, 10), (900, 10), 1, true),
        ];
        for ((bytes, messages), (used, count), size, expected) in table {
            let limit = QuotaLimit { bytes, messages };
            let filled = Filled { limit, bytes: used, messages: count };
            assert_eq!(filled.is_full_for(size), expected, "{filled:?} {size}");
        }
    }

    #[test]
    fn all_mailboxes_have_to_be_full() {
        let limit = QuotaLimit { bytes: 10, messages: 0 };
        let (full, free) =
            (Filled { limit, bytes: 10, messages: 1 }, Filled { limit, bytes: 0, messages: 0 });
        let code = |verdict| match verdict {
            Verdict::Refuse(refused) => refused.code,
            _ => 0,
        };
        let table: &[(&[Filled], bool, bool, u16)] = &[
            (&[], false, false, 0),
            (&[full], false, false, 552),
            (&[full], false, true, 452),
            (&[full], true, false, 0),
            (&[full, free], false, false, 0),
            (&[full, full], false, false, 552),
        ];
        for (mailboxes, others, defer, expected) in table {
            let got = code(mailbox_full(mailboxes, *others, 5, *defer));
            assert_eq!(got, *expected, "{} mailboxes", mailboxes.len());
        }
    }
}
