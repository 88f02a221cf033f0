//! Ten thousand malformed requests to each listener for Courier, Dovecot and policies: nobody else notices, and no memory
//! is lost. What was seen of real clients is damaged by chance, always in the same way.

use std::path::{Path, PathBuf};

use crate::command::file;
use crate::support::daemon::Daemon;
use crate::support::lines::{Lines, plain};
use crate::support::scratch::Scratch;
use crate::support::site::Site;

/// A listener, and what a good client says to it.
struct Kind {
    protocol: &'static str,
    /// What was seen of real clients, if it was: a file.
    seen: Option<&'static str>,
    /// The beginning of the last line of the greeting, if there is one.
    greeted: Option<&'static str>,
    hello: &'static str,
    /// A question with its number, and the beginning of its answer.
    question: fn(u32) -> (String, String),
    /// Whether there is more than one question on a connection.
    stays: bool,
    /// So many requests go over one connection: one, if the first malformed one ends it.
    together: u32,
    /// What no damage would make.
    evil: &'static [&'static str],
}

const KINDS: &[Kind] = &[
    Kind {
        protocol: "dovecot-auth",
        seen: Some("auth"),
        greeted: Some("DONE"),
        hello: "VERSION\t1\t2\nCPID\t4711\n",
        question: |id| {
            let message = plain("anna@shop.example", b"account-password");
            let question = format!("AUTH\t{id}\tPLAIN\tservice=imap\tresp={message}");
            (question, format!("OK\t{id}\tuser=anna@shop.example"))
        },
        stays: true,
        together: 20,
        evil: &[
            "AUTH\t-1",
            "AUTH\t-1\tPLAIN\tservice=imap\tresp=AGEAYg==",
            "AUTH\t4294967296\tPLAIN\tservice=imap\tresp=AGEAYg==",
            "AUTH\t1\tPLAIN\tservice=imap\tresp=====",
            "AUTH\t\t\t\t\t",
            "CONT\t77\tYQ==",
            "CONT\t4294967295\t",
            "CANCEL\t\t9",
            "CPID\t99999999999",
            "VERSION\t1\t99999999999",
        ],
    },
    Kind {
        protocol: "dovecot-master",
        seen: Some("master"),
        greeted: Some("SPID\t"),
        hello: "VERSION\t1\t2\n",
        question: |id| {
            let question = format!("USER\t{id}\tanna@shop.example\tservice=lmtp");
            (question, format!("USER\t{id}\tanna@shop.example\tuid=70000\t"))
        },
        stays: true,
        together: 20,
        evil: &[
            "USER\t-1\tanna@shop.example",
            "USER\t4294967296\tanna@shop.example",
            "USER\t1",
            "USER\t1\t\t\t",
            "PASS\t1\t\u{1}",
            "LIST\t1\tuser=[[[***???",
            "REQUEST\t1\t2\t3\tnot hex",
            "REQUEST\t1\t2\t3\t00",
            "CACHE-FLUSH",
        ],
    },
    Kind {
        protocol: "dovecot-dict",
        seen: Some("dict"),
        greeted: None,
        hello: "H3\t2\t0\t\tpostcote\n",
        question: |_| {
            let question = "Lshared/userdb/anna@shop.example\tanna@shop.example".to_owned();
            (question, "O{\"uid\":\"70000\"".to_owned())
        },
        stays: true,
        together: 1,
        evil: &[
            "H9\t0\t0\t\tx",
            "H3\t2\t0\t\tx\nH3\t2\t0\t\tx",
            "C1",
            "B4294967296\tanna@shop.example",
            "B1\tanna@shop.example\nB1\tanna@shop.example",
            "S1\tpriv/quota/storage\t1",
            "A1\tpriv/quota/storage\t99999999999999999999",
            "I-1\t-1\t\t",
            "I0\t0\tshared/userdb/\t",
            "T1\t-1\t-1",
            "\u{1}\u{1}\u{1}",
        ],
    },
    Kind {
        protocol: "courier-auth",
        seen: None,
        greeted: None,
        hello: "",
        question: |_| ("PRE . imap anna@shop.example".to_owned(), "UID=70000".to_owned()),
        stays: false,
        together: 1,
        evil: &[
            "TCPREMOTEIP=192.0.2.1\nPRE . imap stranger@shop.example",
            "AUTH 46\nimap\nlogin\nstranger@shop.example\naccount-password",
            "AUTH 39\nimap\ncram-md5\nPDFAeD4=\nc3RyYW5nZXIgMDA=",
            "PASSWD imap\tanna@shop.example\taccount-password\tnew",
            "AUTH -1\nimap",
            "AUTH 4294967296\nimap",
            "AUTH 8192\n",
            "PRE",
            "PRE . . . . .",
            "TCPREMOTEIP=\nTCPREMOTEIP=::1\nX=1\nX=1\nX=1\nX=1\nX=1\nX=1\nX=1\nX=1\nX=1\nX=1\nX=1\nX=1\nX=1\nX=1\nX=1",
        ],
    },
    Kind {
        protocol: "policy",
        seen: None,
        greeted: None,
        hello: "",
        question: |_| {
            let question = "request=smtpd_access_policy\nprotocol_state=RCPT\nsender=x@far.example\n\
                            recipient=dora@shop.example\n";
            (question.to_owned(), "action=550 5.2.1 This account is disabled".to_owned())
        },
        stays: false,
        together: 1,
        evil: &[
            "request=smtpd_access_policy\nprotocol_state=RCPT\nrecipient=a@x.example\nrecipient=b@x.example\n",
            "request=smtpd_access_policy\nprotocol_state=END-OF-MESSAGE\nsize=18446744073709551616\n",
            "request=smtpd_access_policy\nprotocol_state=DATA\nrecipient_count=-1\n",
            "request=smtpd_access_policy\nprotocol_state=RCPT\nsasl_username\n",
            "request=junk\nprotocol_state=RCPT\n",
            "protocol_state=RCPT\nrecipient=anna@shop.example\n",
            "request=smtpd_access_policy\nrequest=smtpd_access_policy\n",
            "request=smtpd_access_policy\n=\n",
            "\n",
        ],
    },
];

const REQUESTS: u32 = 10_000;
/// After so many somebody else asks.
const GROUP: u32 = 20;
/// What the allocator may keep of them, and the guesses that are remembered.
const KIB_MORE: u64 = 16 * 1024;

#[tokio::test]
async fn ten_thousand_malformed_requests_change_nothing() {
    let scratch = Scratch::new();
    let path = |kind: &Kind| scratch.join(kind.protocol);
    let section = |kind: &Kind| {
        let (protocol, path) = (kind.protocol, path(kind));
        format!("\n[[listen]]\nprotocol = \"{protocol}\"\naddress = \"unix:{}\"\n", path.display())
    };
    let listen: String = KINDS.iter().map(section).collect();
    let quick = "\n[accounts]\npassword-scheme = \"SSHA256\"\n\n[logins]\nfailure-delay = \"1ms\"\n\
                 longest-delay = \"1ms\"\n";
    let site = Site::with("shop", |setup| setup.listen = listen + quick).await;
    for kind in KINDS {
        let mut bystander = kind.client(&path(kind));
        let mut chance = Chance(0x9E37_79B9_7F4A_7C15);
        let seen = kind.seen();
        let mut kib = 0;
        for group in 1..=REQUESTS / GROUP {
            for _ in 0..GROUP / kind.together {
                kind.harass(&path(kind), &seen, &mut chance);
            }
            if !kind.stays {
                bystander = kind.client(&path(kind));
            }
            let (question, answer) = (kind.question)(group);
            let said = bystander.asks(&question);
            assert!(said.starts_with(&answer), "{}, {group}: {said}", kind.protocol);
            if group * GROUP == REQUESTS / 10 {
                kib = resident(&site.daemon);
            }
        }
        let more = resident(&site.daemon).saturating_sub(kib);
        assert!(more < KIB_MORE, "{}: {kib} KiB and {more} more", kind.protocol);
        let peer = kind.protocol.replace('-', "_");
        let count = |what: &str| site.daemon.metric(&format!("postcote_{what}{{peer=\"{peer}\"}}"));
        assert_eq!(count("connection_panics_total"), 0, "{}", site.daemon.log());
        let malformed = count("malformed_requests_total");
        assert!(malformed > 1000, "{peer}: {malformed} of them were malformed");
    }
}

impl Kind {
    /// A client past its greeting.
    fn client(&self, path: &Path) -> Lines {
        let mut lines = Lines::connect(path);
        if let Some(last) = self.greeted {
            while !lines.hears().starts_with(last) {}
        }
        lines.says_raw(self.hello.as_bytes()).unwrap();
        lines
    }

    /// What real clients said; without it there is more to be damaged in what they do not say.
    fn seen(&self) -> Vec<Vec<u8>> {
        let Some(name) = self.seen else {
            return self.evil.iter().map(|line| line.as_bytes().to_vec()).collect();
        };
        let text = std::fs::read_to_string(seen_file(name)).unwrap();
        let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        lines.map(|line| line.replace("\\t", "\t").into_bytes()).collect()
    }

    /// Sends some requests, and hears whatever is said to them.
    fn harass(&self, path: &Path, seen: &[Vec<u8>], chance: &mut Chance) {
        // Some say nothing before.
        let mut lines = if chance.below(4) == 0 { Lines::connect(path) } else { self.client(path) };
        for _ in 0..self.together {
            let mut request = match chance.below(4) {
                0 => self.evil[chance.below(self.evil.len())].as_bytes().to_vec(),
                _ => chance.damage(seen),
            };
            request.extend(b"\n");
            // Who was closed meanwhile is not heard any more.
            if lines.says_raw(&request).is_err() {
                break;
            }
        }
        lines.ends();
    }
}

fn seen_file(name: &str) -> PathBuf {
    file("protocol-tests/dovecot").join(name).with_extension("seen")
}

/// Numbers without any order, always the same (xorshift64).
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % end as u64).unwrap()
    }

    /// One of the lines, damaged once or several times.
    fn damage(&mut self, seen: &[Vec<u8>]) -> Vec<u8> {
        let mut line = seen[self.below(seen.len())].clone();
        for _ in 0..=self.below(3) {
            let at = self.below(line.len() + 1);
            match self.below(9) {
                0 => line.truncate(at),
                1 => line.insert(at, b'\t'),
                2 => line.insert(at, [0, 1, b'\n', b'\r', 0xFF][self.below(5)]),
                3 => drop(line.splice(at..at, b"\t".repeat(2000))),
                4 => drop(line.splice(at..at, b"A".repeat(9000))),
                5 if self.below(20) == 0 => drop(line.splice(at..at, b"QUJD".repeat(20_000))),
                6 => self.replace_number(&mut line),
                7 => drop(line.drain(..at)),
                _ if at < line.len() => line[at] = self.below(256).try_into().unwrap(),
                _ => {}
            }
        }
        line
    }

    /// Puts another number in the place of the first one.
    fn replace_number(&mut self, line: &mut Vec<u8>) {
        let numbers: [&[u8]; 6] =
            [b"-1", b"4294967295", b"4294967296", b"99999999999999999999", b"1e9", b"0x10"];
        let Some(start) = line.iter().position(u8::is_ascii_digit) else { return };
        let digits = line[start..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        line.splice(start..start + digits, numbers[self.below(6)].iter().copied());
    }
}

/// The memory of the process that is in use.
fn resident(daemon: &Daemon) -> u64 {
    let path = format!("/proc/{}/status", daemon.pid().as_raw_pid());
    let status = std::fs::read_to_string(path).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}
