//! Runs a line of a transcript as vmm.

use std::fmt::Write as _;
use std::io;
use std::path::Path;

use postcote::admin::Output;
use postcote::config::Source;
use postcote::mail::Timestamp;
use postcote::vmm::{self, Complaint, ConfigFile, Console, Site};
use secrecy::SecretString;
use tokio_postgres::Client;

/// Whoever sits in front of it, as the transcript has it.
#[derive(Default)]
struct Person {
    output: Output,
    /// What is typed, the next line last.
    typed: Vec<String>,
}

impl Console for Person {
    fn print(&mut self, data: &str) {
        self.output.data.push_str(data);
    }

    fn say(&mut self, words: &str) {
        self.output.words.push_str(words);
    }

    fn ask(&mut self, question: &str) -> io::Result<String> {
        let _ = writeln!(self.output.words, "{}", question.trim_end());
        self.typed.pop().ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    }

    fn ask_secret(&mut self, question: &str) -> io::Result<SecretString> {
        self.ask(question).map(Into::into)
    }
}

/// The words behind `vmm`, if it is that.
pub(crate) fn is_vmm(words: &[String]) -> Option<&[String]> {
    match words {
        [vmm, rest @ ..] if vmm == "vmm" => Some(rest),
        [postcote, vmm, rest @ ..] if postcote == "postcote" && vmm == "vmm" => Some(rest),
        _ => None,
    }
}

/// Runs it; the last part of the answer says whether it must not change anything.
pub(crate) async fn run(
    words: &[String],
    typed: &[String],
    client: &mut Client,
    config: &Path,
    now: Timestamp,
) -> (Output, u8, bool) {
    let typed = typed.iter().rev().cloned().collect();
    let mut person = Person { typed, ..Person::default() };
    let source = Source { file: Some(config.to_owned()), database: None };
    let mut harmless = false;
    let code = match vmm::parse(words) {
        Err(complaint) => complained(&complaint, &mut person),
        Ok(call) => {
            let name = call.known.name;
            let tells = ["configure", "get", "help", "list", "version"];
            harmless = name.ends_with("info") || tells.iter().any(|start| name.starts_with(start));
            let file = ConfigFile { source: &source, check: |_| Ok(()) };
            if let Some(code) = vmm::answered(&call, &mut person) {
                code
            } else if let Some(code) = vmm::configure(&call, file, &mut person) {
                code
            } else {
                match vmm::load(&source) {
                    Err(complaint) => complained(&complaint, &mut person),
                    Ok(config) => {
                        let console = &mut person;
                        let client = vmm::needs_database(&call).then_some(client);
                        vmm::run(&call, Site { client, config: &config, now, console }).await
                    }
                }
            }
        }
    };
    // The directory of the configuration is made up.
    let directory = config.parent().unwrap().to_str().unwrap();
    let Output { data, words } = person.output;
    let shown = |text: String| text.replace(directory, "/etc/postcote");
    (Output { data: shown(data), words: shown(words) }, code as u8, harmless)
}

fn complained(complaint: &Complaint, person: &mut Person) -> vmm::Code {
    complaint.say(person);
    complaint.code
}
