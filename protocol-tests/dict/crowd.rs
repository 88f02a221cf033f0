//! Clients of all three sockets at once: login processes, LMTP, auth workers, and mail processes whose mailboxes
//! grow. They go on until told to stop, and judge each answer.

use std::io::{self, BufRead, BufReader, Write as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio_postgres::Client;

use crate::support::daemon::SOON;
use crate::support::scratch::Scratch;
use crate::support::terms::wait_for;

/// Accounts 70000 and on. Most of them were not asked for when the database goes.
pub(super) const ACCOUNTS: u32 = 3000;
/// Of those, the mailboxes that grow.
pub(super) const GROWING: usize = 20;

/// What all clients share.
pub(super) struct Crowd {
    directory: PathBuf,
    stop: AtomicBool,
    /// Whether the daemon is killed, so that connections end.
    may_end: bool,
    right: AtomicU64,
    temporary: AtomicU64,
    wrong: Mutex<Vec<String>>,
    pub(super) growing: Vec<Growth>,
}

/// A mailbox that grows by one message of ten bytes at a time.
#[derive(Default)]
pub(super) struct Growth {
    acknowledged: AtomicU64,
    /// Sent when the connection ended.
    pub(super) uncertain: AtomicU64,
}

/// One question after the other: what to send, and what the answer to the `n`th one is.
type Ask = fn(n: u64) -> String;
type Judge = fn(answer: &str) -> Verdict;

enum Verdict {
    Right,
    Temporary,
    Wrong,
}

/// Socket, what is said first, how many lines are heard then, the question, and what its answer is.
const KINDS: [(&str, &str, usize, Ask, Judge); 3] = [
    ("auth", "VERSION\t1\t2\nCPID\tPID\n", 0, login, |answer| match answer {
        _ if answer.starts_with("OK\t") => Verdict::Right,
        _ if answer.contains("code=temp_fail") => Verdict::Temporary,
        _ => Verdict::Wrong,
    }),
    (
        "master",
        "VERSION\t1\t2\n",
        2,
        |n| format!("USER\t{n}\t{}\tservice=lmtp", user(n)),
        |answer| match answer {
            _ if answer.starts_with("USER\t") => Verdict::Right,
            _ if answer.starts_with("FAIL\t") => Verdict::Temporary,
            _ => Verdict::Wrong,
        },
    ),
    (
        "dict",
        "H3\t2\t0\t\tx\n",
        0,
        |n| format!("Lshared/passdb/{0}/imap\t{0}", user(n)),
        |answer| match answer {
            _ if answer.starts_with("O{") => Verdict::Right,
            _ if answer.starts_with('F') => Verdict::Temporary,
            _ => Verdict::Wrong,
        },
    ),
];

fn login(n: u64) -> String {
    let response = STANDARD.encode(format!("\0{}\0account-password", user(n)));
    format!("AUTH\t{n}\tPLAIN\tservice=imap\tresp={response}")
}

/// Someone or other, in no order.
fn user(n: u64) -> String {
    format!("user{}@many.example", n.wrapping_mul(2_654_435_761) % u64::from(ACCOUNTS))
}

/// A connection on which lines come and go.
struct Line(BufReader<UnixStream>);

impl Line {
    fn connect(path: &Path, hello: &str) -> io::Result<Self> {
        let mut stream = UnixStream::connect(path)?;
        stream.set_read_timeout(Some(SOON + Duration::from_secs(20)))?;
        stream.write_all(hello.as_bytes())?;
        Ok(Self(BufReader::new(stream)))
    }

    fn hear(&mut self) -> io::Result<String> {
        let mut line = String::new();
        if self.0.read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(line.trim_end_matches('\n').to_owned())
    }

    fn ask(&mut self, line: &str) -> io::Result<String> {
        self.0.get_mut().write_all(format!("{line}\n").as_bytes())?;
        self.hear()
    }
}

impl Crowd {
    pub(super) fn new(scratch: &Scratch, may_end: bool) -> Arc<Self> {
        Arc::new(Self {
            directory: scratch.path().to_owned(),
            stop: AtomicBool::new(false),
            may_end,
            right: AtomicU64::new(0),
            temporary: AtomicU64::new(0),
            wrong: Mutex::default(),
            growing: (0..GROWING).map(|_| Growth::default()).collect(),
        })
    }

    /// Sends them all off.
    pub(super) fn go(self: &Arc<Self>) -> Vec<JoinHandle<()>> {
        let crowd = |work: Box<dyn FnOnce(&Self) + Send>| {
            let crowd = Arc::clone(self);
            std::thread::spawn(move || work(&crowd))
        };
        let askers = (0..2).flat_map(|one| (0..KINDS.len()).map(move |kind| (one, kind)));
        let askers = askers.map(|(one, kind)| crowd(Box::new(move |all| all.ask(kind, one))));
        let growers = (0..GROWING).map(|number| crowd(Box::new(move |all| all.grow(number))));
        askers.chain(growers).collect()
    }

    /// Works over connections, one after the other, until told to stop.
    fn work(&self, socket: &str, hello: &str, mut work: impl FnMut(&mut Line) -> io::Result<()>) {
        let path = self.directory.join(socket);
        while !self.stop.load(Ordering::SeqCst) {
            let ended = Line::connect(&path, hello).and_then(|mut line| work(&mut line));
            match ended {
                Ok(()) => {}
                Err(_) if self.may_end => std::thread::sleep(Duration::from_millis(5)),
                Err(error) => return self.wrong.lock().unwrap().push(format!("{socket}: {error}")),
            }
        }
    }

    fn ask(&self, kind: usize, one: u64) {
        let (socket, hello, heard, ask, judge) = KINDS[kind];
        let mut n = one * 1_000_000;
        // Of each client of the login socket there is one.
        let hello = hello.replace("PID", &(4711 + one).to_string());
        self.work(socket, &hello, |line| {
            let greeting = if socket == "auth" { usize::MAX } else { heard };
            for _ in 0..greeting {
                if line.hear()? == "DONE" {
                    break;
                }
            }
            while !self.stop.load(Ordering::SeqCst) {
                n += 1;
                let answer = line.ask(&ask(n))?;
                match judge(&answer) {
                    Verdict::Right => self.right.fetch_add(1, Ordering::SeqCst),
                    Verdict::Temporary => self.temporary.fetch_add(1, Ordering::SeqCst),
                    Verdict::Wrong => {
                        let said = format!("{} said: {answer}", ask(n));
                        self.wrong.lock().unwrap().push(said);
                        return Ok(());
                    }
                };
            }
            Ok(())
        });
    }

    fn grow(&self, number: usize) {
        let (user, mut n) = (format!("user{number}@many.example"), 0_u64);
        self.work("dict", "H3\t2\t0\t\tquota\n", |line| {
            while !self.stop.load(Ordering::SeqCst) {
                n += 1;
                let said = line.ask(&format!(
                    "B{n}\t{user}\nA{n}\tpriv/quota/storage\t10\nA{n}\tpriv/quota/messages\t1\nC{n}"
                ));
                let growth = &self.growing[number];
                let count = match &said {
                    Ok(said) if *said == format!("O{n}") => &growth.acknowledged,
                    Ok(said) if said.starts_with('F') => &self.temporary,
                    Ok(said) => {
                        self.wrong.lock().unwrap().push(format!("commit of {user} said: {said}"));
                        return Ok(());
                    }
                    Err(_) => &growth.uncertain,
                };
                count.fetch_add(1, Ordering::SeqCst);
                said?;
            }
            Ok(())
        });
    }

    fn acknowledged(&self) -> u64 {
        self.growing.iter().map(|growth| growth.acknowledged.load(Ordering::SeqCst)).sum()
    }

    /// Waits until so much more was answered and acknowledged.
    pub(super) fn until_more(&self, answers: u64, writes: u64) {
        let all = || {
            let right = self.right.load(Ordering::SeqCst);
            right + self.temporary.load(Ordering::SeqCst)
        };
        let (answered, written) = (all() + answers, self.acknowledged() + writes);
        wait_for(&format!("{answers} answers and {writes} writes"), SOON * 3, || {
            // A copy, or all others would panic over the lock and hide what was said.
            let wrong = self.wrong.lock().unwrap().clone();
            assert!(wrong.is_empty(), "{wrong:#?}");
            (all() >= answered && self.acknowledged() >= written).then_some(())
        });
    }

    /// Ends it; nothing wrong was said, and something temporary.
    pub(super) fn end(&self, clients: Vec<JoinHandle<()>>) {
        self.stop.store(true, Ordering::SeqCst);
        for client in clients {
            client.join().unwrap();
        }
        let wrong = self.wrong.lock().unwrap();
        assert!(wrong.is_empty(), "{wrong:#?}");
        assert!(self.temporary.load(Ordering::SeqCst) > 0, "nobody has noticed anything");
    }

    /// The database holds what was acknowledged, and what nobody knows of at most.
    pub(super) async fn assert_counted(&self, client: &Client) {
        let deadline = tokio::time::Instant::now() + SOON;
        loop {
            let sql = "SELECT uid, bytes, messages FROM postcote.quota_usage ORDER BY uid";
            let rows = client.query(sql, &[]).await.unwrap();
            let known = rows.iter().map(|row| {
                let [bytes, messages] = [1, 2].map(|n| row.get::<_, i64>(n).cast_unsigned());
                (bytes, messages)
            });
            let known: Vec<_> = known.collect();
            let right = self.growing.iter().zip(&known).all(|(growth, (bytes, messages))| {
                let least = growth.acknowledged.load(Ordering::SeqCst);
                let most = least + growth.uncertain.load(Ordering::SeqCst);
                *bytes == 10 * messages && (least..=most).contains(messages)
            });
            if right && known.len() == GROWING {
                return;
            }
            let told: Vec<_> = self
                .growing
                .iter()
                .map(|one| {
                    (one.acknowledged.load(Ordering::SeqCst), one.uncertain.load(Ordering::SeqCst))
                })
                .collect();
            let late = tokio::time::Instant::now() >= deadline;
            assert!(!late, "known {known:?}\nacknowledged, uncertain {told:?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}
