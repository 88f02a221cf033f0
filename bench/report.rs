//! What was measured, as rows, as a table for people, and as a folder to cite.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::client::Measurement;

/// One server asked in one way in one round.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) entries: usize,
    pub(crate) client: &'static str,
    pub(crate) connections: usize,
    pub(crate) server: &'static str,
    pub(crate) round: usize,
    pub(crate) lookups: usize,
    pub(crate) per_second: f64,
    /// The 50th and the 99th percentile in microseconds, where the client can tell.
    pub(crate) latency: Option<(f64, f64)>,
    /// Processor time of the server's processes per lookup, in microseconds.
    pub(crate) processor: f64,
}

/// The client that speaks socketmap itself.
pub(crate) const LOAD: &str = "load";
/// `postmap -q -`.
pub(crate) const POSTMAP: &str = "postmap";

impl Row {
    /// Takes what the client saw, and the processor time that the server used meanwhile.
    pub(crate) fn of_load(self, seen: &Measurement, used: Duration) -> Self {
        let latency = Some((seen.percentile(50), seen.percentile(99)));
        Self { latency, ..self.of(seen.lookups, seen.elapsed, used) }
    }

    /// Takes so many lookups in so long a time.
    #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52 lookups")]
    pub(crate) fn of(self, lookups: usize, elapsed: Duration, used: Duration) -> Self {
        Self {
            lookups,
            per_second: lookups as f64 / elapsed.as_secs_f64(),
            processor: used.as_secs_f64() * 1e6 / lookups as f64,
            ..self
        }
    }
}

/// The rows as comma-separated values.
pub(crate) fn csv(rows: &[Row]) -> String {
    let mut text = String::from(
        "entries,client,connections,server,round,lookups,lookups_per_s,p50_us,p99_us,server_cpu_us\n",
    );
    for row in rows {
        let (p50, p99) = row.latency.unzip();
        let optional = |value: Option<f64>| value.map(|v| format!("{v:.1}")).unwrap_or_default();
        writeln!(
            text,
            "{},{},{},{},{},{},{:.0},{},{},{:.3}",
            row.entries,
            row.client,
            row.connections,
            row.server,
            row.round,
            row.lookups,
            row.per_second,
            optional(p50),
            optional(p99),
            row.processor,
        )
        .unwrap();
    }
    text
}

/// Medians of one kind of measurement, and their ratios to the bar.
pub(crate) fn table(rows: &[Row], entries: usize, client: &str, bar: &str) -> String {
    let rows: Vec<&Row> =
        rows.iter().filter(|row| row.entries == entries && row.client == client).collect();
    let rounds = rows.iter().map(|row| row.round).max().unwrap_or(0);
    let mut text = format!(
        "{entries} entries, {}, medians of {rounds} rounds (least to greatest ratio)\n{:<5} {:<10} \
         {:>9} {:<26} {:>8} {:>8} {:>8}  {}\n",
        if client == LOAD { "load client" } else { "postmap -q -" },
        "C",
        "server",
        "lookups/s",
        format!(" x {bar}"),
        "p50 us",
        "p99 us",
        "CPU us",
        format_args!("x {bar}"),
    );
    for connections in unique(rows.iter().map(|row| row.connections)) {
        for server in unique(rows.iter().map(|row| row.server)) {
            let of = |server: &str, value: &dyn Fn(&Row) -> f64| -> Vec<f64> {
                let these = rows.iter().filter(|r| r.connections == connections);
                these.filter(|r| r.server == server).map(|r| value(r)).collect()
            };
            let own = |value: &dyn Fn(&Row) -> f64| median(of(server, value));
            let ratios = |value: &dyn Fn(&Row) -> f64| -> Vec<f64> {
                of(server, value).iter().zip(of(bar, value)).map(|(own, bar)| own / bar).collect()
            };
            let speed = ratios(&|row| row.per_second);
            let least = speed.iter().copied().fold(f64::INFINITY, f64::min);
            let most = speed.iter().copied().fold(0.0, f64::max);
            let latency = |pick: fn((f64, f64)) -> f64| {
                let known = rows.iter().any(|row| row.latency.is_some());
                let value = own(&|row| row.latency.map_or(0.0, pick));
                if known { format!("{value:.1}") } else { "-".to_owned() }
            };
            writeln!(
                text,
                "C={connections:<3} {server:<10} {:>9.0} {:<26} {:>8} {:>8} {:>8.2}  {:.2}",
                own(&|row| row.per_second),
                format!(" {:.2} ({least:.2} to {most:.2})", median(speed)),
                latency(|(p50, _)| p50),
                latency(|(_, p99)| p99),
                own(&|row| row.processor),
                median(ratios(&|row| row.processor)),
            )
            .unwrap();
        }
    }
    text
}

/// Writes `SETUP`, `raw.csv` and `summary` into `bench/runs/<date>-<machine>`.
pub(crate) fn record(machine: &str, setup: &str, rows: &[Row], summary: &str) {
    let name = format!("{}-{machine}", said("date", &["-u", "+%F"]));
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("bench/runs").join(name);
    fs::create_dir_all(&directory).unwrap();
    let files = [("SETUP", setup), ("raw.csv", &csv(rows)), ("summary", summary)];
    for (name, text) in files {
        fs::write(directory.join(name), text).unwrap();
    }
    eprintln!("recorded in {}", directory.display());
}

/// The machine, the programs and the command.
pub(crate) fn setup(programs: &[String]) -> String {
    let of_file = |path, key| {
        let text = fs::read_to_string(path).unwrap_or_default();
        let line = text.lines().find(|line| line.starts_with(key));
        line.and_then(|line| line.split_once(':')).map_or("", |(_, value)| value.trim()).to_owned()
    };
    let processors = std::thread::available_parallelism().map_or(0, usize::from);
    let programs = programs.iter().map(|one| one.trim()).collect::<Vec<_>>().join("\n");
    format!(
        "machine:   {processors} x {}, {}\nsystem:    {}\ncommit:    {}\ncommand:   {}\n{programs}\n",
        of_file("/proc/cpuinfo", "model name"),
        of_file("/proc/meminfo", "MemTotal"),
        said("uname", &["-sr"]),
        said("git", &["describe", "--always", "--dirty"]),
        std::env::args().skip(1).fold("load".to_owned(), |all, one| all + " " + &one),
    )
}

fn said(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    output.map_or(String::new(), |output| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

fn unique<T: PartialEq>(values: impl Iterator<Item = T>) -> Vec<T> {
    let mut unique = Vec::new();
    for value in values {
        if !unique.contains(&value) {
            unique.push(value);
        }
    }
    unique
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
