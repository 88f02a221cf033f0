//! The load: strict request-reply on each connection, as Postfix does it.
//!
//! One thread: with one connection it blocks, with more it waits by epoll. It is kept as light as
//! it can be, because it shares the machine with the server it measures.

use std::io::{ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::event::epoll;

use crate::data::Question;

/// Requests in the order in which they are sent, rendered before anything is measured.
#[derive(Debug)]
pub(crate) struct Requests {
    bytes: Vec<u8>,
    /// Where each request ends.
    ends: Vec<usize>,
    /// How many of the requests up to each have a value.
    found: Vec<usize>,
    replies: Vec<Box<[u8]>>,
}

/// What a measurement saw.
#[derive(Clone, Debug)]
pub(crate) struct Measurement {
    pub(crate) lookups: usize,
    pub(crate) elapsed: Duration,
    /// Of each lookup in nanoseconds, sorted.
    latencies: Vec<u32>,
}

/// How long a measurement lasts.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Extent {
    /// So long.
    Time(Duration),
    /// Every request once; every reply is compared with the right one.
    Once,
}

impl Requests {
    pub(crate) fn new(questions: &[Question]) -> Self {
        let mut all = Self { bytes: vec![], ends: vec![], found: vec![], replies: vec![] };
        let mut found = 0;
        for question in questions {
            all.bytes.extend(question.request().as_bytes());
            all.ends.push(all.bytes.len());
            found += usize::from(question.value.is_some());
            all.found.push(found);
            all.replies.push(question.reply().into_bytes().into());
        }
        all
    }

    fn len(&self) -> usize {
        self.ends.len()
    }

    fn get(&self, n: usize) -> &[u8] {
        let n = n % self.len();
        let start = if n == 0 { 0 } else { self.ends[n - 1] };
        &self.bytes[start..self.ends[n]]
    }

    /// How many of the requests before the `n`-th have a value, the list being asked in a circle.
    fn found_before(&self, n: usize) -> usize {
        let (rounds, rest) = (n / self.len(), n % self.len());
        rounds * self.found[self.len() - 1] + if rest == 0 { 0 } else { self.found[rest - 1] }
    }
}

impl Measurement {
    #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52 lookups")]
    pub(crate) fn per_second(&self) -> f64 {
        self.lookups as f64 / self.elapsed.as_secs_f64()
    }

    /// The latency that so many percent of the lookups did not pass, in microseconds.
    pub(crate) fn percentile(&self, percent: usize) -> f64 {
        let at = (self.latencies.len() * percent / 100).min(self.latencies.len() - 1);
        f64::from(self.latencies[at]) / 1000.0
    }
}

/// Asks over so many connections, from the `from`-th request on.
///
/// # Panics
/// A reply is wrong: then the numbers would mean nothing.
pub(crate) fn load(
    socket: &Path,
    requests: &Requests,
    connections: usize,
    from: usize,
    extent: Extent,
) -> Measurement {
    let started = Instant::now();
    let mut run = Run {
        requests,
        next: from,
        until: match extent {
            Extent::Time(time) => Until::Instant(started + time),
            Extent::Once => Until::Request(from + requests.len()),
        },
        found: 0,
        latencies: Vec::with_capacity(1 << 20),
    };
    let mut streams: Vec<_> = (0..connections).map(|_| Connection::open(socket)).collect();
    if let [only] = streams.as_mut_slice() {
        run.blocking(only);
    } else {
        run.multiplexed(&mut streams);
    }
    let elapsed = started.elapsed();
    let expected = requests.found_before(run.next) - requests.found_before(from);
    assert_eq!(run.found, expected, "values found by {}", socket.display());
    run.latencies.sort_unstable();
    Measurement { lookups: run.next - from, elapsed, latencies: run.latencies }
}

struct Run<'a> {
    requests: &'a Requests,
    next: usize,
    until: Until,
    found: usize,
    latencies: Vec<u32>,
}

#[derive(Clone, Copy)]
enum Until {
    Instant(Instant),
    Request(usize),
}

struct Connection {
    stream: UnixStream,
    asked: usize,
    since: Instant,
    buffer: Box<[u8]>,
    filled: usize,
}

impl Connection {
    fn open(socket: &Path) -> Self {
        let stream = UnixStream::connect(socket).unwrap();
        let buffer = vec![0; 128 * 1024].into_boxed_slice();
        Self { stream, asked: 0, since: Instant::now(), buffer, filled: 0 }
    }
}

impl Run<'_> {
    fn blocking(&mut self, only: &mut Connection) {
        self.ask(only, Instant::now());
        loop {
            if let Some(now) = self.hear(only) {
                if self.is_over(now) {
                    return;
                }
                self.ask(only, now);
            }
        }
    }

    fn multiplexed(&mut self, connections: &mut [Connection]) {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC).unwrap();
        for (number, connection) in connections.iter_mut().enumerate() {
            connection.stream.set_nonblocking(true).unwrap();
            let data = epoll::EventData::new_u64(number as u64);
            epoll::add(&epoll, &connection.stream, data, epoll::EventFlags::IN).unwrap();
            self.ask(connection, Instant::now());
        }
        let mut under_way = connections.len();
        let mut events = Vec::with_capacity(connections.len());
        while under_way > 0 {
            match epoll::wait(&epoll, rustix::buffer::spare_capacity(&mut events), None) {
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                Err(error) => panic!("epoll_wait: {error}"),
            }
            for event in events.drain(..) {
                let connection = &mut connections[usize::try_from(event.data.u64()).unwrap()];
                if let Some(now) = self.hear(connection) {
                    if self.is_over(now) {
                        under_way -= 1;
                    } else {
                        self.ask(connection, now);
                    }
                }
            }
        }
    }

    fn is_over(&self, now: Instant) -> bool {
        match self.until {
            Until::Instant(end) => now >= end,
            Until::Request(end) => self.next >= end,
        }
    }

    fn ask(&mut self, connection: &mut Connection, now: Instant) {
        connection.since = now;
        connection.asked = self.next;
        // A request is far shorter than a socket's buffer, so it goes out whole.
        connection.stream.write_all(self.requests.get(self.next)).unwrap();
        self.next += 1;
    }

    /// Reads; the time, if the reply is complete now.
    fn hear(&mut self, connection: &mut Connection) -> Option<Instant> {
        match connection.stream.read(&mut connection.buffer[connection.filled..]) {
            Ok(0) => panic!("the server closed a connection"),
            Ok(read) => connection.filled += read,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return None,
            Err(error) => panic!("read: {error}"),
        }
        let reply = &connection.buffer[..connection.filled];
        let colon = reply.iter().position(|byte| *byte == b':')?;
        let length = reply[..colon].iter().fold(0, |n, digit| n * 10 + usize::from(digit - b'0'));
        if reply.len() < colon + 1 + length + 1 {
            return None;
        }
        let now = Instant::now();
        let latency = (now - connection.since).as_nanos();
        self.latencies.push(u32::try_from(latency).unwrap_or(u32::MAX));
        match reply[colon + 1] {
            b'O' => self.found += 1,
            b'N' => {}
            _ => panic!("a reply that is no answer: {}", String::from_utf8_lossy(reply)),
        }
        if matches!(self.until, Until::Request(_)) {
            let right = &self.requests.replies[connection.asked % self.requests.len()];
            let texts = || [reply, right].map(String::from_utf8_lossy);
            assert!(reply == &**right, "wrong reply (left): {:?}", texts());
        }
        connection.filled = 0;
        Some(now)
    }
}
