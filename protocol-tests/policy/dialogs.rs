//! What the rules answer: each `*.dialog` beside this file, asked of the whole engine in this process,
//! over a database of its own and by a clock that the dialog moves.
//!
//! `fixture:` names the facts, `config:` lines make the configuration. `C:` is a request, its
//! attributes apart by spaces (`\s` is one), with what is left out filled in as below; each has an
//! instance of its own unless it names one. `S:` is what stands behind `action=`. `clock: +SECONDS`
//! moves the time, `quota: UID BYTES MESSAGES` tells what a mailbox holds, `login: UID APP` that
//! somebody has logged in from 192.0.2.1, `sql:` changes the data.

use std::fs;
use std::path::{Path, PathBuf};

use bytes::BytesMut;
use postcote::config::Config;
use postcote::handler::{Handler, PolicyHandler};
use postcote::mail::Uid;
use postcote::protocol::{Codec, Policy as Protocol};
use postcote::store::PgDirectory;

use crate::support::fixture::Fixture;
use crate::support::pg;
use crate::support::policy::{PolicyService, Time};

/// Attributes that a request has unless it says otherwise.
const FILLED_IN: [(&str, &str); 4] = [
    ("request", "smtpd_access_policy"),
    ("protocol_state", "RCPT"),
    ("client_address", "192.0.2.1"),
    ("size", "0"),
];
#[tokio::test(flavor = "multi_thread")]
async fn every_dialog_goes_as_it_is_written() {
    let files = dialogs();
    assert!(files.len() >= 5, "the dialogs are gone");
    let mut wrong = Vec::new();
    for file in files {
        wrong.extend(play(&file).await);
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

fn dialogs() -> Vec<PathBuf> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("protocol-tests/policy");
    let entries = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> =
        entries.filter(|path| path.extension().is_some_and(|end| end == "dialog")).collect();
    files.sort();
    files
}

/// The engine, with everything that it needs.
pub(super) struct House {
    handler: PolicyHandler<PgDirectory>,
    service: PolicyService,
    time: Time,
    client: tokio_postgres::Client,
    _database: pg::TestDatabase<'static>,
}

/// Makes one of the head of a dialog.
pub(super) async fn house(text: &str) -> House {
    let said = |word: &str| -> Vec<String> {
        let lines = text.lines().filter_map(|line| line.strip_prefix(word));
        lines.map(|line| line.trim().to_owned()).collect()
    };
    let database = pg::database();
    let client = database.connect().await;
    for fixture in said("fixture:") {
        Fixture::read(&fixture).load(&client).await;
    }
    let config = Config::parse(&said("config:").join("\n"), Path::new("dialog")).unwrap();
    let time = Time::default();
    let service = PolicyService::open(config, &database.url, &time).await;
    let handler = PolicyHandler::new(service.policy.clone(), None);
    House { handler, service, time, client, _database: database }
}

/// Plays a dialog; what was answered otherwise.
async fn play(file: &Path) -> Vec<String> {
    let text = fs::read_to_string(file).unwrap();
    let house = house(&text).await;
    let (mut answer, mut wrong) = (None::<String>, Vec::new());
    for (number, line) in text.lines().enumerate() {
        let place = format!("{}:{}", file.display(), number + 1);
        let Some((word, rest)) = line.split_once(':').filter(|_| !line.starts_with('#')) else {
            assert!(line.is_empty() || line.starts_with('#'), "{place}: what is `{line}`?");
            continue;
        };
        let rest = rest.trim();
        match word {
            "C" => answer = Some(house.ask(rest, number).await),
            "S" => {
                let answer = answer.take().unwrap_or_else(|| panic!("{place}: nothing was asked"));
                if answer != rest {
                    wrong.push(format!("{place}: {answer}\n    instead of {rest}"));
                }
            }
            "clock" => {
                let seconds = rest.strip_prefix('+').unwrap().parse().unwrap();
                house.time.pass(seconds);
            }
            "quota" => house.quota(rest).await,
            "login" => {
                let (uid, id) = rest.split_once(' ').unwrap();
                let client = "192.0.2.1".parse().unwrap();
                house.service.app_logins.logged_in(
                    Uid(uid.parse().unwrap()),
                    client,
                    id.parse().ok(),
                );
            }
            "sql" => house.client.batch_execute(rest).await.unwrap(),
            "config" | "fixture" => {}
            _ => panic!("{place}: what is `{line}`?"),
        }
    }
    assert_eq!(answer, None, "{}: the last answer is not looked at", file.display());
    wrong
}

impl House {
    pub(super) async fn ask(&self, attributes: &str, number: usize) -> String {
        let given: Vec<_> = attributes.split(' ').map(|one| one.split_once('=').unwrap()).collect();
        let instance = format!("1a2b.{number}");
        let filled_in = FILLED_IN.into_iter().chain([("instance", &*instance)]);
        let filled_in = filled_in.filter(|(name, _)| !given.iter().any(|(own, _)| own == name));
        let mut block = String::new();
        for (name, value) in filled_in.chain(given.iter().copied()) {
            block.push_str(&[name, "=", &value.replace("\\s", " "), "\n"].concat());
        }
        block.push('\n');
        let mut codec = Protocol::default();
        let request = codec.decode(&mut BytesMut::from(&*block)).unwrap().unwrap();
        let reply = self.handler.handle(request).await;
        let mut output = BytesMut::new();
        codec.encode(&reply, &mut output);
        let text = String::from_utf8(output.to_vec()).unwrap();
        text.strip_prefix("action=").unwrap().strip_suffix("\n\n").unwrap().to_owned()
    }

    async fn quota(&self, told: &str) {
        let numbers: Vec<i64> = told.split(' ').map(|number| number.parse().unwrap()).collect();
        let uid = u32::try_from(numbers[0]).unwrap();
        self.service.holds(uid, numbers[1], numbers[2]).await;
    }
}
