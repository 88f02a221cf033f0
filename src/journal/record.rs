//! A line of a journal: a checksum, a space, and what is to be written.

use std::fmt::Write as _;
use std::net::IpAddr;
use std::num::ParseIntError;

use sha2::{Digest, Sha256};

use crate::journal::policy_record;
use crate::mail::{Timestamp, Uid};
use crate::store::write_back::{Amount, Write};

/// Writes a line, with its end; the write is [legal](Write::legal).
pub(super) fn line(write: &Write) -> String {
    let text = text(write);
    format!("{} {text}\n", checksum(&text))
}

/// Reads a line without its end; `None` if it is damaged.
pub(super) fn read(line: &str) -> Option<Write> {
    let (sum, text) = line.split_once(' ')?;
    if sum != checksum(text) {
        return None;
    }
    let words: Vec<_> = text.split(' ').collect();
    match *words {
        ["app", id, at] => {
            Some(Write::AppPasswordUsed { id: id.parse().ok()?, at: Timestamp(at.parse().ok()?) })
        }
        ["login", uid, service, at, remote] => Some(Write::LastLogin {
            uid: Uid(uid.parse().ok()?),
            service: service.to_owned(),
            at: Timestamp(at.parse().ok()?),
            remote: match remote {
                "-" => None,
                remote => Some(remote.parse::<IpAddr>().ok()?),
            },
        }),
        ["quota", uid, bytes, messages] => Some(Write::Quota {
            uid: Uid(uid.parse().ok()?),
            bytes: read_amount(bytes).ok()?,
            messages: read_amount(messages).ok()?,
        }),
        _ => policy_record::read(&words).map(Write::Policy),
    }
}

fn text(write: &Write) -> String {
    match write {
        Write::AppPasswordUsed { id, at } => format!("app {id} {}", at.0),
        Write::LastLogin { uid, service, at, remote } => {
            let remote = remote.map_or_else(|| "-".to_owned(), |remote| remote.to_string());
            format!("login {} {service} {} {remote}", uid.0, at.0)
        }
        Write::Policy(write) => policy_record::text(write),
        Write::Quota { uid, bytes, messages } => {
            format!("quota {} {} {}", uid.0, amount(*bytes), amount(*messages))
        }
    }
}

fn amount(amount: Option<Amount>) -> String {
    match amount {
        None => "_".to_owned(),
        Some(Amount::Add(more)) => format!("{more:+}"),
        Some(Amount::Set(to)) => format!("={to}"),
        Some(Amount::Unset) => "!".to_owned(),
    }
}

fn read_amount(text: &str) -> Result<Option<Amount>, ParseIntError> {
    Ok(match text {
        "_" => None,
        "!" => Some(Amount::Unset),
        text => Some(match text.strip_prefix('=') {
            Some(to) => Amount::Set(to.parse()?),
            None => Amount::Add(text.parse()?),
        }),
    })
}

/// Enough to tell a line that was written from one that was cut short or damaged.
fn checksum(text: &str) -> String {
    let mut sum = String::with_capacity(8);
    for octet in Sha256::digest(text.as_bytes()).iter().take(4) {
        // Writing to a text cannot fail.
        let _ = write!(sum, "{octet:02x}");
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_read_as_they_were_written() {
        let quota = |bytes, messages| Write::Quota { uid: Uid(70000), bytes, messages };
        let login = |service: &str, remote: Option<&str>| Write::LastLogin {
            uid: Uid(u32::MAX),
            service: service.to_owned(),
            at: Timestamp(-1),
            remote: remote.map(|ip| ip.parse().unwrap()),
        };
        let table = [
            (quota(Some(Amount::Set(5)), Some(Amount::Add(-1))), "quota 70000 =5 -1"),
            (quota(Some(Amount::Add(1)), None), "quota 70000 +1 _"),
            (quota(Some(Amount::Unset), Some(Amount::Set(-3))), "quota 70000 ! =-3"),
            (
                quota(Some(Amount::Add(0)), Some(Amount::Set(i64::MAX))),
                "quota 70000 +0 =9223372036854775807",
            ),
            (login("imap", Some("192.0.2.1")), "login 4294967295 imap -1 192.0.2.1"),
            (login("pop3", Some("2001:db8::1")), "login 4294967295 pop3 -1 2001:db8::1"),
            (login("x-y_z", None), "login 4294967295 x-y_z -1 -"),
            (Write::AppPasswordUsed { id: 7, at: Timestamp(9) }, "app 7 9"),
        ];
        for (write, expected) in table {
            let line = line(&write);
            let (line, end) = line.split_at(line.len() - 1);
            assert_eq!((line.split_once(' ').unwrap().1, end), (expected, "\n"));
            assert_eq!(read(line), Some(write), "{line}");
            for at in 0..line.len() {
                let mut damaged = line.to_owned();
                damaged.remove(at);
                assert_eq!(read(&damaged), None, "{damaged}");
                assert_eq!(read(line.split_at(at).0), None, "cut at {at}");
            }
        }
    }
}
