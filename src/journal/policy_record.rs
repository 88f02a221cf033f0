//! The lines of what the policy service remembers.

use crate::mail::policy::{Sent, Subject};
use crate::mail::{Timestamp, Uid};
use crate::store::policy_write::{PolicyWrite, SentWithin};

/// Reads the words of a line; `None` if they are none of ours.
pub(super) fn read(words: &[&str]) -> Option<PolicyWrite> {
    match *words {
        ["greylisted", triplet, first, passed] => Some(PolicyWrite::Greylisted {
            triplet: triplet.parse().ok()?,
            first: Timestamp(first.parse().ok()?),
            passed: match passed {
                "-" => None,
                passed => Some(Timestamp(passed.parse().ok()?)),
            },
        }),
        ["passed", network, passes, at] => Some(PolicyWrite::NetworkPassed {
            network: network.parse().ok()?,
            passes: passes.parse().ok()?,
            at: Timestamp(at.parse().ok()?),
        }),
        ["sent", writer, ref totals @ ..] => Some(PolicyWrite::Sent {
            writer: writer.parse().ok()?,
            totals: totals.iter().map(|total| read_total(total)).collect::<Option<_>>()?,
        }),
        ["to", uid, day, ref recipients @ ..] => Some(PolicyWrite::WroteTo {
            uid: Uid(uid.parse().ok()?),
            recipients: recipients.iter().map(|hash| hash.parse().ok()).collect::<Option<_>>()?,
            day: day.parse().ok()?,
        }),
        _ => None,
    }
}

/// The words of a line.
pub(super) fn text(write: &PolicyWrite) -> String {
    match write {
        PolicyWrite::Greylisted { triplet, first, passed } => {
            let passed = passed.map_or_else(|| "-".to_owned(), |at| at.0.to_string());
            format!("greylisted {triplet} {} {passed}", first.0)
        }
        PolicyWrite::NetworkPassed { network, passes, at } => {
            format!("passed {network} {passes} {}", at.0)
        }
        PolicyWrite::Sent { writer, totals } => {
            words([format!("sent {writer}")].into_iter().chain(totals.iter().map(total)))
        }
        PolicyWrite::WroteTo { uid, recipients, day } => {
            let begin = format!("to {} {day}", uid.0);
            words([begin].into_iter().chain(recipients.iter().map(ToString::to_string)))
        }
    }
}

fn words(words: impl Iterator<Item = String>) -> String {
    words.collect::<Vec<_>>().join(" ")
}

fn total(total: &SentWithin) -> String {
    let (kind, id) = total.subject.key();
    let Sent { messages, recipients, bytes, new_recipients } = total.sent;
    let minute = total.minute;
    format!("{kind}:{id}:{minute}:{messages}:{recipients}:{bytes}:{new_recipients}")
}

fn read_total(text: &str) -> Option<SentWithin> {
    let parts: Vec<_> = text.split(':').collect();
    let [kind, id, minute, messages, recipients, bytes, new_recipients] = *parts else {
        return None;
    };
    let number = |text: &str| text.parse().ok();
    Some(SentWithin {
        subject: Subject::of_key(kind, id.parse().ok()?)?,
        minute: minute.parse().ok()?,
        sent: Sent {
            messages: number(messages)?,
            recipients: number(recipients)?,
            bytes: number(bytes)?,
            new_recipients: number(new_recipients)?,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::record;
    use crate::mail::Gid;
    use crate::store::write_back::Write;

    #[test]
    fn lines_read_as_they_were_written() {
        let sent = Sent { messages: 1, recipients: 2, bytes: u64::MAX, new_recipients: 0 };
        let total = |subject, minute| SentWithin { subject, minute, sent };
        let table = [
            (
                PolicyWrite::Greylisted { triplet: -5, first: Timestamp(9), passed: None },
                "greylisted -5 9 -",
            ),
            (
                PolicyWrite::Greylisted {
                    triplet: i64::MIN,
                    first: Timestamp(9),
                    passed: Some(Timestamp(10)),
                },
                "greylisted -9223372036854775808 9 10",
            ),
            (
                PolicyWrite::NetworkPassed {
                    network: "2001:db8::/64".parse().unwrap(),
                    passes: 1,
                    at: Timestamp(9),
                },
                "passed 2001:db8::/64 1 9",
            ),
            (
                PolicyWrite::Sent {
                    writer: -7,
                    totals: vec![
                        total(Subject::Account(Uid(70000)), 30_000_000),
                        total(Subject::Domain(Gid(u32::MAX)), -1),
                        total(Subject::AppPassword(i64::MAX), 0),
                    ],
                },
                "sent -7 account:70000:30000000:1:2:18446744073709551615:0 \
                 domain:4294967295:-1:1:2:18446744073709551615:0 \
                 app_password:9223372036854775807:0:1:2:18446744073709551615:0",
            ),
            (PolicyWrite::Sent { writer: 1, totals: vec![] }, "sent 1"),
            (
                PolicyWrite::WroteTo { uid: Uid(70000), recipients: vec![1, -2], day: 20_000 },
                "to 70000 20000 1 -2",
            ),
        ];
        for (write, expected) in table {
            let line = record::line(&Write::Policy(write.clone()));
            let line = line.strip_suffix('\n').unwrap();
            assert_eq!(line.split_once(' ').unwrap().1, expected);
            assert_eq!(record::read(line), Some(Write::Policy(write)));
        }
    }

    #[test]
    fn what_is_no_line_is_not_read() {
        for bad in [
            "sent",
            "sent x",
            "sent 1 account:1:1:1:1:1",
            "sent 1 account:1:1:1:1:1:-1",
            "sent 1 account:4294967296:1:1:1:1:1",
            "sent 1 alias:1:1:1:1:1:1",
            "to 1",
            "to -1 1",
            "passed 192.0.2.0/33 1 1",
            "greylisted 1 1",
        ] {
            assert_eq!(read(&bad.split(' ').collect::<Vec<_>>()), None, "{bad}");
        }
    }
}
