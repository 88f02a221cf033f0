//! What the parts of a lookup cost, without sockets: codec, key, memory, rule, and the whole way.
//!
//! Prints nanoseconds.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::indexing_slicing,
    reason = "a benchmark that cannot go on stops, and prints what it saw"
)]

#[expect(dead_code, reason = "the other benchmark needs the rest")]
mod data;

use std::collections::HashMap;
use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::BytesMut;
use clap::Parser;
use futures_util::FutureExt;
use metrics_exporter_prometheus::PrometheusHandle;
use postcote::cache::{CachedDirectory, Capacity};
use postcote::directory::{Directory, DirectoryError, EntryKey};
use postcote::handler::{Handler, SocketmapHandler, TableAnswers};
use postcote::lookup::{Resolver, Table};
use postcote::mail::{
    Account, Address, Alias, Delimiters, DestinationTemplate, Domain, DomainKind, DomainName,
    DomainSending, Entry, Gid, MailLocation, MailboxFormat, QuotaLimit, ServiceSet, Uid,
};
use postcote::protocol::{Codec, Reply, Socketmap};

use data::{DataSet, Question};

/// Measures the parts of a lookup.
#[derive(Debug, Parser)]
struct Arguments {
    /// Only what has this text in its name.
    #[arg(default_value = "")]
    only: String,
    /// Runs each part so often and does not time it: for a profiler.
    #[arg(long)]
    times: Option<usize>,
    /// What `cargo bench` hands to every benchmark.
    #[arg(long, hide = true)]
    bench: bool,
}

/// Facts as the database would tell them.
struct Facts {
    domains: HashMap<DomainName, Arc<Domain>>,
    entries: HashMap<EntryKey, Arc<Entry>>,
}

impl Directory for Facts {
    async fn domain(&self, name: &DomainName) -> Result<Option<Arc<Domain>>, DirectoryError> {
        Ok(self.domains.get(name).cloned())
    }

    async fn wildcard(&self, _: &DomainName) -> Result<Option<Arc<Domain>>, DirectoryError> {
        Ok(None)
    }

    async fn entry(&self, key: &EntryKey) -> Result<Option<Arc<Entry>>, DirectoryError> {
        Ok(self.entries.get(key).cloned())
    }
}

fn main() {
    let arguments = Arguments::parse();
    let data = DataSet::new(4000);
    let directory = Arc::new(CachedDirectory::new(
        Facts::new(&data),
        Capacity { known: 1_000_000, unknown: 100_000 },
    ));
    let resolver = Resolver::new(Arc::clone(&directory), Delimiters::default());
    let handler = SocketmapHandler::new(Arc::new(TableAnswers::new(resolver)));
    // As the daemon does; without it, counting costs nothing.
    let recorder = postcote::telemetry::metrics::install().unwrap();
    let questions = data.questions(4000);
    let of = |wanted: &dyn Fn(&Question) -> bool| -> Vec<Question> {
        questions.iter().filter(|q| wanted(q)).cloned().collect()
    };
    let mailbox = |q: &Question| q.table == data::Table::VirtualMailboxMaps;
    let destinations = |q: &Question| q.value.as_ref().map_or(0, |v| v.split(',').count());
    let kinds = [
        ("mailbox", of(&|q| mailbox(q) && q.value.is_some())),
        ("unknown", of(&|q| q.value.is_none())),
        ("alias to one", of(&|q| !mailbox(q) && destinations(q) == 1)),
        ("alias to three", of(&|q| !mailbox(q) && destinations(q) == 3)),
    ];
    let bench = Bench { only: arguments.only, times: arguments.times, recorder };

    let (mut input, mut output) = (BytesMut::with_capacity(4096), BytesMut::with_capacity(4096));
    let requests = |questions: &[Question]| -> Vec<String> {
        questions.iter().map(Question::request).collect()
    };
    bench.part("decode a request", &requests(&questions), |request| {
        input.extend_from_slice(request.as_bytes());
        black_box(Socketmap.decode(&mut input).unwrap());
    });
    let reply = Reply::Found("/srv/mail/a/70000/70000/Maildir/".to_owned());
    bench.part("encode a reply", &[reply], |reply| {
        Socketmap.encode(reply, &mut output);
        output.clear();
    });
    bench.part("understand a key", &questions, |question| {
        black_box(Table::VirtualAliasMaps.key(&question.key));
    });
    let domain = |name: &DomainName| directory.domain(name).now_or_never().unwrap().unwrap();
    let address = |question: &Question| Address::parse(&question.key).unwrap();
    let names: Vec<_> = questions.iter().map(|q| address(q).domain).collect();
    bench.part("remember a domain", &names, |name| {
        black_box(domain(name));
    });
    for (kind, questions) in &kinds[..2] {
        let key = |question| {
            let Address { localpart, domain: name } = address(question);
            EntryKey { gid: domain(&name).unwrap().gid, localpart }
        };
        let keys: Vec<_> = questions.iter().map(key).collect();
        bench.part(&format!("remember an entry: {kind}"), &keys, |key| {
            black_box(directory.entry(key).now_or_never().unwrap().unwrap());
        });
    }
    for (kind, questions) in &kinds {
        bench.part(&format!("decode, answer, encode: {kind}"), &requests(questions), |request| {
            input.extend_from_slice(request.as_bytes());
            let request = Socketmap.decode(&mut input).unwrap().unwrap();
            let reply = Handler::<Socketmap>::handle(&handler, request).now_or_never().unwrap();
            Socketmap.encode(&reply, &mut output);
            output.clear();
        });
    }
}

struct Bench {
    only: String,
    times: Option<usize>,
    recorder: PrometheusHandle,
}

impl Bench {
    /// The least of several short runs: what disturbs a run only ever makes it longer.
    fn part<T>(&self, name: &str, inputs: &[T], mut work: impl FnMut(&T)) {
        const RUN: u32 = 20_000;
        if !name.contains(&self.only) {
            return;
        }
        inputs.iter().for_each(&mut work);
        let mut run = |times| {
            let started = Instant::now();
            inputs.iter().cycle().take(times).for_each(|input| work(black_box(input)));
            started.elapsed()
        };
        if let Some(times) = self.times {
            run(times);
            return;
        }
        let least = (0..40).map(|_| run(RUN as usize)).min().unwrap_or(Duration::ZERO) / RUN;
        println!("{name:<40} {:>6} ns", least.as_nanos());
        self.recorder.run_upkeep();
    }
}

impl Facts {
    fn new(data: &DataSet) -> Self {
        let mut facts = Self { domains: HashMap::new(), entries: HashMap::new() };
        for question in data.distinct() {
            let address = Address::parse(&question.key).unwrap();
            let next = Gid(70_000 + u32::try_from(facts.domains.len()).unwrap());
            let name = address.domain.clone();
            let domain =
                facts.domains.entry(name.clone()).or_insert_with(|| Arc::new(domain(name, next)));
            let key = EntryKey { gid: domain.gid, localpart: address.localpart };
            facts.entries.insert(key, Arc::new(entry(&question)));
        }
        facts
    }
}

fn domain(name: DomainName, gid: Gid) -> Domain {
    let (services, quota) = (ServiceSet::ALL, QuotaLimit::default());
    let kind = DomainKind::Mailbox { catchall: vec![], services, quota };
    let sending = DomainSending::default();
    let (primary, name, enabled) = (name.clone(), name.into(), true);
    Domain { primary, name, gid, enabled, transport: None, kind, sending }
}

fn entry(question: &Question) -> Entry {
    let value = question.value.as_deref().unwrap();
    match question.table {
        data::Table::VirtualAliasMaps => Entry::Alias(Alias {
            destinations: value
                .split(',')
                .map(|d| DestinationTemplate::parse(d).unwrap())
                .collect(),
            enabled: true,
            expires: None,
            senders: None,
        }),
        data::Table::VirtualMailboxMaps => {
            let location = MailLocation {
                home: value.strip_suffix("/Maildir/").unwrap().into(),
                format: MailboxFormat::Maildir,
                root: "Maildir".into(),
            };
            Entry::Account(Account::new(Uid(70_000), location).into())
        }
    }
}
