//! Who comes back later is no thief in a hurry: strangers are told to wait once.

use core::net::IpAddr;

use sha2::{Digest, Sha256};

use crate::mail::Timestamp;
use crate::mail::policy::Network;

/// How strangers are treated. Times are in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Greylisting {
    /// How long who comes the first time has to wait.
    pub delay: i64,
    /// Within which time after the first it must come back.
    pub retry_within: i64,
    /// A network with so many triplets that came back is not asked to wait any more.
    pub proven_after: u32,
    /// Who did not come for so long is a stranger again.
    pub forgotten_after: i64,
    /// How many bits of an IPv4 address make the network.
    pub ipv4_prefix: u8,
    /// How many bits of an IPv6 address make the network.
    pub ipv6_prefix: u8,
}

impl Default for Greylisting {
    fn default() -> Self {
        Self {
            delay: 300,
            retry_within: 2 * 86_400,
            proven_after: 5,
            forgotten_after: 35 * 86_400,
            ipv4_prefix: 24,
            ipv6_prefix: 64,
        }
    }
}

/// From which network, by whom, to whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Triplet {
    /// The network.
    pub network: Network,
    /// All three, as a hash.
    pub hash: i64,
}

/// What is known of a triplet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// When it was told to wait.
    pub first: Timestamp,
    /// When it last came back.
    pub passed: Option<Timestamp>,
}

/// What is known of a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proof {
    /// How many triplets of it came back.
    pub passes: u64,
    /// When the last one came.
    pub last: Timestamp,
}

/// What a client is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Greylisted {
    /// It may go on.
    Pass,
    /// It is to come back.
    Wait {
        /// After so many seconds.
        seconds: u64,
    },
}

/// What becomes of what is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Learnt {
    /// The triplet waits from now on.
    Begins,
    /// The triplet has come back for the first time.
    ComesBack,
    /// Nothing.
    Nothing,
}

impl Greylisting {
    /// The triplet of a request. Upper and lower case are the same, and so are numbers in the local
    /// part of the sender, which lists give each message anew.
    pub fn triplet(&self, client: IpAddr, sender: &str, recipient: &str) -> Triplet {
        let network = self.network(client);
        let (localpart, domain) = sender.rsplit_once('@').unwrap_or((sender, ""));
        let text = format!("{network}\n{}@{domain}\n{recipient}", without_numbers(localpart));
        Triplet { network, hash: hash(&text.to_lowercase()) }
    }

    /// The network of a client.
    pub fn network(&self, client: IpAddr) -> Network {
        let is_ipv4 = client.to_canonical().is_ipv4();
        Network::of(client, if is_ipv4 { self.ipv4_prefix } else { self.ipv6_prefix })
    }

    /// Whether a network need not wait any more.
    pub fn is_proven(&self, network: Option<Proof>, now: Timestamp) -> bool {
        network.is_some_and(|proof| {
            proof.passes >= self.proven_after.into() && !self.is_forgotten(proof.last, now)
        })
    }

    /// What a triplet is told that comes now.
    ///
    /// | network | triplet | answer |
    /// |---|---|---|
    /// | proven | whatever | pass |
    /// | | has passed, and not been forgotten | pass |
    /// | | unknown, or forgotten | wait for the whole delay |
    /// | | first seen less than the delay ago | wait for the rest of it |
    /// | | first seen within the time to come back | pass, which counts for the network |
    /// | | first seen earlier | wait for the whole delay |
    pub fn decide(
        &self,
        seen: Option<Seen>,
        network: Option<Proof>,
        now: Timestamp,
    ) -> (Greylisted, Learnt) {
        let whole = Greylisted::Wait { seconds: self.delay.unsigned_abs() };
        if self.is_proven(network, now) {
            return (Greylisted::Pass, Learnt::Nothing);
        }
        let Some(seen) = seen else { return (whole, Learnt::Begins) };
        // Who was forgotten has begun again after it had passed.
        if let Some(passed) = seen.passed.filter(|passed| *passed >= seen.first) {
            return if self.is_forgotten(passed, now) {
                (whole, Learnt::Begins)
            } else {
                (Greylisted::Pass, Learnt::Nothing)
            };
        }
        // The clocks of two hosts differ.
        let waited = now.0.saturating_sub(seen.first.0).max(0);
        if waited < self.delay {
            let seconds = (self.delay - waited).unsigned_abs();
            (Greylisted::Wait { seconds }, Learnt::Nothing)
        } else if waited <= self.retry_within {
            (Greylisted::Pass, Learnt::ComesBack)
        } else {
            (whole, Learnt::Begins)
        }
    }

    fn is_forgotten(&self, last: Timestamp, now: Timestamp) -> bool {
        now.0.saturating_sub(last.0) > self.forgotten_after
    }
}

/// Each run of digits as one `#`, and nothing behind a `+`.
fn without_numbers(localpart: &str) -> String {
    let bare = localpart.split('+').next().unwrap_or_default();
    let mut text = String::with_capacity(bare.len());
    for c in bare.chars() {
        match c.is_ascii_digit() {
            true if text.ends_with('#') => {}
            true => text.push('#'),
            false => text.push(c),
        }
    }
    text
}

/// Sixty-four bits of a text that are the same on all hosts and in all versions.
pub fn hash(text: &str) -> i64 {
    let digest = Sha256::digest(text.as_bytes());
    digest.iter().take(8).fold(0_i64, |hash, octet| hash << 8 | i64::from(*octet))
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: Greylisting = Greylisting {
        delay: 300,
        retry_within: 2 * 86_400,
        proven_after: 5,
        forgotten_after: 35 * 86_400,
        ipv4_prefix: 24,
        ipv6_prefix: 64,
    };
    const DAY: i64 = 86_400;

    #[test]
    fn the_decision_table() {
        use Greylisted::{Pass, Wait};
        use Learnt::{Begins, ComesBack, Nothing};
        let seen = |first, passed: Option<i64>| {
            Some(Seen { first: Timestamp(first), passed: passed.map(Timestamp) })
        };
        let proof = |passes, last| Some(Proof { passes, last: Timestamp(last) });
        let whole = Wait { seconds: 300 };
        let now = 100 * DAY;
        let table = [
            (None, None, (whole, Begins), "the first time"),
            (seen(now, None), None, (whole, Nothing), "at once"),
            (seen(now + 9, None), None, (whole, Nothing), "by another clock"),
            (seen(now - 1, None), None, (Wait { seconds: 299 }, Nothing), "too early"),
            (seen(now - 299, None), None, (Wait { seconds: 1 }, Nothing), "a second too early"),
            (seen(now - 300, None), None, (Pass, ComesBack), "after the delay"),
            (seen(now - 2 * DAY, None), None, (Pass, ComesBack), "at the end of its time"),
            (seen(now - 2 * DAY - 1, None), None, (whole, Begins), "too late"),
            (seen(now - 40 * DAY, Some(now - 35 * DAY)), None, (Pass, Nothing), "known"),
            (seen(now - 40 * DAY, Some(now - 35 * DAY - 1)), None, (whole, Begins), "forgotten"),
            (seen(now - 9, Some(now - 36 * DAY)), None, (Wait { seconds: 291 }, Nothing), "again"),
            (seen(now - 300, Some(now - 36 * DAY)), None, (Pass, ComesBack), "came back again"),
            (None, proof(4, now), (whole, Begins), "not proven yet"),
            (None, proof(5, now), (Pass, Nothing), "proven"),
            (None, proof(5, now - 35 * DAY - 1), (whole, Begins), "proven long ago"),
            (seen(now, None), proof(9, now), (Pass, Nothing), "proven meanwhile"),
        ];
        for (seen, network, expected, why) in table {
            assert_eq!(RULES.decide(seen, network, Timestamp(now)), expected, "{why}");
        }
    }

    #[test]
    fn networks_are_cut_at_their_prefix() {
        let table = [
            ("192.0.2.77", "192.0.2.0/24"),
            ("::ffff:192.0.2.77", "192.0.2.0/24"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ];
        for (client, network) in table {
            let got = RULES.network(client.parse().unwrap());
            assert_eq!(got.to_string(), network);
            assert_eq!(network.parse(), Ok(got));
        }
        let all = Greylisting { ipv4_prefix: 0, ipv6_prefix: 200, ..RULES };
        assert_eq!(all.network("192.0.2.77".parse().unwrap()).to_string(), "0.0.0.0/0");
        assert_eq!(all.network("2001:db8::7".parse().unwrap()).to_string(), "2001:db8::7/128");
    }

    #[test]
    fn triplets_are_the_same_where_senders_are() {
        let of = |ip: &str, sender, recipient| {
            RULES.triplet(ip.parse().unwrap(), sender, recipient).hash
        };
        let one = of("192.0.2.1", "list-bounce-123-a@Example.org", "Joe@example.com");
        let same = [
            ("192.0.2.200", "list-bounce-9-a@example.org", "joe@example.com"),
            ("::ffff:192.0.2.1", "LIST-bounce-0456-a+x=y@example.org", "joe@example.com"),
        ];
        for (ip, sender, recipient) in same {
            assert_eq!(of(ip, sender, recipient), one, "{ip} {sender} {recipient}");
        }
        let other = [
            ("192.0.3.1", "list-bounce-123-a@example.org", "joe@example.com"),
            ("192.0.2.1", "list-bounce-a@example.org", "joe@example.com"),
            ("192.0.2.1", "list-bounce-123-a@example2.org", "joe@example.com"),
            ("192.0.2.1", "list-bounce-123-a@example.org", "joe2@example.com"),
            ("192.0.2.1", "", "joe@example.com"),
        ];
        for (ip, sender, recipient) in other {
            assert_ne!(of(ip, sender, recipient), one, "{ip} {sender} {recipient}");
        }
        // Stored numbers mean the same to every version.
        assert_eq!(hash("x"), 0x2d71_1642_b726_b044);
    }
}
