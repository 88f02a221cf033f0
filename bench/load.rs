//! Lookups per second of postcote, beside a bare responder and Postfix's own `pgsql:` tables on the
//! same data; see `README.md` beside this file.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a benchmark that cannot go on stops, and prints what it saw"
)]

mod client;
mod data;
mod database;
mod postmap;
mod process;
mod report;
mod responder;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use clap::Parser;

use client::{Extent, Requests, load};
use data::{DataSet, Question};
use database::Database;
use postmap::Postmap;
use process::{Scratch, Server, processor_time};
use report::{LOAD, POSTMAP, Row};

/// Measures lookups per second.
#[derive(Debug, Parser)]
struct Arguments {
    /// Fewer rounds, shorter ones, and fewer keys: a look, not a measurement.
    #[arg(long)]
    quick: bool,
    /// How many rounds; each asks every server in turn.
    #[arg(long)]
    rounds: Option<usize>,
    /// Numbers of entries, multiples of 40.
    #[arg(long, value_delimiter = ',', default_value = "4000,400000")]
    entries: Vec<usize>,
    /// Numbers of connections.
    #[arg(long, value_delimiter = ',', default_value = "1,8,64")]
    connections: Vec<usize>,
    /// Leaves out `postmap`.
    #[arg(long)]
    no_postmap: bool,
    /// Keeps the run in `bench/runs/<date>-<MACHINE>`.
    #[arg(long, value_name = "MACHINE")]
    record: Option<String>,
    /// What `cargo bench` hands to every benchmark.
    #[arg(long, hide = true)]
    bench: bool,
    /// Another build of `postcote` to measure in the same rounds: before and after a change.
    #[arg(long, value_name = "PROGRAM")]
    beside: Option<PathBuf>,
    /// Serves instead of measuring: the responder's process is started so.
    #[arg(long, hide = true, num_args = 2, value_names = ["SOCKET", "ENTRIES"])]
    respond: Option<Vec<String>>,
}

fn main() {
    let arguments = Arguments::parse();
    match arguments.respond.as_deref() {
        Some([socket, entries]) => {
            let replies = data::replies(&DataSet::new(entries.parse().unwrap()));
            // As `postcote serve` makes its own.
            let runtime = tokio::runtime::Runtime::new().unwrap();
            runtime.block_on(responder::serve(Path::new(socket), replies));
        }
        _ => measure(&arguments),
    }
}

/// How long and how much.
struct Plan {
    rounds: usize,
    questions: usize,
    time: Duration,
    /// Keys for each `postmap` process.
    keys: usize,
}

impl Plan {
    fn new(arguments: &Arguments) -> Self {
        let (rounds, questions, time, keys) = if arguments.quick {
            (3, 100_000, Duration::from_millis(300), 10_000)
        } else {
            (5, 400_000, Duration::from_secs(1), 30_000)
        };
        Self { rounds: arguments.rounds.unwrap_or(rounds).max(1), questions, time, keys }
    }
}

/// `pgsql:` is slow enough that so many times fewer keys take long enough.
const FEWER_FOR_PGSQL: usize = 20;
/// As the list of requests is asked in a circle, each measurement goes on where the last one ended
/// or anywhere else; this keeps two servers of a round on the same stretch.
const STRETCH: usize = 50_021;

fn measure(arguments: &Arguments) {
    let plan = Plan::new(arguments);
    let scratch = Scratch::new();
    let database = Database::start(&scratch);
    let programs = [database.version(), postmap::version()];
    let setup = report::setup(&programs);
    println!("{setup}");
    let (mut rows, mut summary) = (Vec::new(), String::new());
    for &entries in &arguments.entries {
        let contest =
            Contest::prepare(&scratch, &database, entries, &plan, arguments.beside.as_deref());
        let mut bars = vec![(LOAD, Contest::RESPONDER)];
        contest.load(&plan, &arguments.connections, &mut rows);
        if !arguments.no_postmap {
            contest.postmap(&scratch, &plan, &mut rows);
            bars.push((POSTMAP, Contest::PGSQL));
        }
        for (client, bar) in bars {
            let table = report::table(&rows, entries, client, bar);
            println!("{table}");
            summary += &(table + "\n");
        }
    }
    if let Some(machine) = &arguments.record {
        report::record(machine, &setup, &rows, &summary);
    }
}

/// The contenders over one data set.
struct Contest<'a> {
    database: &'a Database,
    name: String,
    entries: usize,
    questions: Vec<Question>,
    requests: Requests,
    /// With the processes whose time they cost: postcote has a database.
    servers: Vec<(&'static str, Server, Vec<u32>)>,
}

impl<'a> Contest<'a> {
    const PGSQL: &'static str = "pgsql";
    const RESPONDER: &'static str = "responder";

    /// Loads the data, starts the servers, and asks each of them everything once.
    fn prepare(
        scratch: &Scratch,
        database: &'a Database,
        entries: usize,
        plan: &Plan,
        beside: Option<&Path>,
    ) -> Self {
        let data = DataSet::new(entries);
        let name = format!("bench{entries}");
        let started = Instant::now();
        database.load(&name, &data);
        eprintln!("{} entries loaded in {:.1?}", data.entries(), started.elapsed());
        let questions = data.questions(plan.questions);
        let requests = Requests::new(&questions);
        let responder = start_responder(scratch.join(format!("{name}-responder")), entries);
        let mut servers = vec![(Self::RESPONDER, responder.pid(), responder)];
        let this = Path::new(env!("CARGO_BIN_EXE_postcote"));
        for (server, program) in [("postcote", Some(this)), ("beside", beside)] {
            let Some(program) = program else { continue };
            let place = scratch.join(format!("{name}-{server}"));
            let postcote = start_postcote(program, &place, &database.url(&name));
            servers.push((server, postcote.pid(), postcote));
        }
        for (server, _, at) in &servers {
            let seen = load(&at.socket, &requests, 64, 0, Extent::Once);
            eprintln!("{server}: every reply right, {:.0} lookups/s at first", seen.per_second());
        }
        let with_database = |pid, server| match server {
            Self::RESPONDER => vec![pid],
            _ => vec![pid, database.pid()],
        };
        let servers =
            servers.into_iter().map(|(name, pid, at)| (name, at, with_database(pid, name)));
        let servers = servers.collect();
        Self { database, name, entries, questions, requests, servers }
    }

    fn load(&self, plan: &Plan, connections: &[usize], rows: &mut Vec<Row>) {
        for round in 1..=plan.rounds {
            for &connections in connections {
                // Who comes second finds a warmer machine, so they take turns.
                let mut servers: Vec<_> = self.servers.iter().collect();
                if round % 2 == 0 {
                    servers.reverse();
                }
                for (name, server, pids) in servers {
                    let ask = |time| {
                        let from = round * STRETCH;
                        load(&server.socket, &self.requests, connections, from, Extent::Time(time))
                    };
                    ask(plan.time / 10);
                    let (seen, used) = timed(pids, || ask(plan.time));
                    rows.push(self.row(LOAD, connections, name, round).of_load(&seen, used));
                }
            }
        }
    }

    fn postmap(&self, scratch: &Scratch, plan: &Plan, rows: &mut Vec<Row>) {
        for processes in [1, 8] {
            let prepare =
                |keys| Postmap::new(scratch, &self.name, &self.questions, processes, keys);
            let (many, few) = (prepare(plan.keys), prepare(plan.keys / FEWER_FOR_PGSQL));
            few.ask_database(self.database, &self.name);
            for round in 1..=plan.rounds {
                let mut add = |name, keys, elapsed, used| {
                    rows.push(self.row(POSTMAP, processes, name, round).of(keys, elapsed, used));
                };
                let ask = || few.ask_database(self.database, &self.name);
                let (elapsed, used) = timed(&[self.database.pid()], ask);
                add(Self::PGSQL, few.keys, elapsed, used);
                for (name, server, pids) in &self.servers {
                    let (elapsed, used) = timed(pids, || many.ask_socket(&server.socket));
                    add(name, many.keys, elapsed, used);
                }
            }
        }
    }

    fn row(
        &self,
        client: &'static str,
        connections: usize,
        server: &'static str,
        round: usize,
    ) -> Row {
        let entries = self.entries;
        let (lookups, per_second, latency, processor) = (0, 0.0, None, 0.0);
        Row { entries, client, connections, server, round, lookups, per_second, latency, processor }
    }
}

/// Does something, and tells the processor time that these processes used meanwhile.
fn timed<T>(pids: &[u32], what: impl FnOnce() -> T) -> (T, Duration) {
    let before = processor_time(pids);
    let done = what();
    (done, processor_time(pids).saturating_sub(before))
}

fn start_postcote(program: &Path, place: &Path, url: &str) -> Server {
    let [socket, control, configuration] =
        ["socketmap", "control", "toml"].map(|extension| place.with_extension(extension));
    let text = format!(
        "[database]\nurl = \"{url}\"\n\n[http]\nenabled = false\n\n\
         [control]\naddress = \"unix:{}\"\n\n\
         [[listen]]\nprotocol = \"socketmap\"\naddress = \"unix:{}\"\n\n\
         [log]\nlevel = \"warn\"\n",
        control.display(),
        socket.display(),
    );
    std::fs::write(&configuration, text).unwrap();
    let mut command = Command::new(program);
    command.arg("--config").arg(&configuration).arg("serve");
    Server::start(&command, socket)
}

fn start_responder(socket: PathBuf, entries: usize) -> Server {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.arg("--respond").arg(&socket).arg(entries.to_string());
    Server::start(&command, socket)
}
