//! Plays a transcript: runs what stands behind each `$`, compares what is printed, and makes sure
//! that whatever was refused, only tried, or only listed has changed nothing.

use std::fmt::Write as _;
use std::io;
use std::path::{Path, PathBuf};

use clap::Parser;
use clap::error::ErrorKind;
use postcote::admin::{self, Format, Options, Output, PasswordInput, Settings};
use postcote::config::{Config, Source};
use postcote::mail::Timestamp;
use secrecy::SecretString;
use tokio_postgres::{Client, SimpleQueryMessage};

use crate::support::pg::{self, TestDatabase};
use crate::support::scratch::Scratch;
use crate::vmm;

/// One `$` line and what follows it.
pub(crate) struct Step {
    pub(crate) command: String,
    /// What is typed or piped: lines after `<`.
    pub(super) typed: Vec<String>,
    pub(crate) expected: String,
}

#[derive(Parser)]
#[command(name = "postcote")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    Admin(admin::Args),
}

/// Plays a transcript; the error shows what was printed instead. With `UPDATE` set
/// it writes that into the file, to be read before it is committed.
pub(super) async fn play(path: &Path) -> Result<(), String> {
    let text = std::fs::read_to_string(path).unwrap();
    let (head, steps) = read(&text);
    let database = pg::database();
    let directory = Scratch::new();
    let config = directory.join("postcote.toml");
    std::fs::write(&config, "").unwrap();
    let mut got = head;
    let mut failure = String::new();
    for step in steps {
        let printed = Stage::enter(&database, &config).await.run(&step).await?;
        let _ = writeln!(got, "$ {}", step.command);
        for line in &step.typed {
            let _ = writeln!(got, "{}", format!("< {line}").trim_end());
        }
        got.push_str(&printed);
        got.push('\n');
        if printed.trim_end() != step.expected.trim_end() {
            let _ = write!(
                failure,
                "\n{}: $ {}\n--- expected\n{}\n--- got\n{printed}",
                path.file_name().unwrap().display(),
                step.command,
                step.expected
            );
        }
    }
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(path, format!("{}\n", got.trim_end())).unwrap();
        return Ok(());
    }
    if failure.is_empty() { Ok(()) } else { Err(failure) }
}

/// The comment at the top, and the steps.
pub(crate) fn read(text: &str) -> (String, Vec<Step>) {
    let mut head = String::new();
    let mut steps: Vec<Step> = Vec::new();
    for line in text.lines() {
        if let Some(command) = line.strip_prefix("$ ") {
            let command = command.to_owned();
            steps.push(Step { command, typed: Vec::new(), expected: String::new() });
        } else if let Some(step) = steps.last_mut() {
            // Somebody may just press Enter.
            match line.strip_prefix("< ").or_else(|| (line == "<").then_some("")) {
                Some(typed) => step.typed.push(typed.to_owned()),
                None => step.expected.extend([line, "\n"]),
            }
        } else {
            let _ = writeln!(head, "{line}");
        }
    }
    (head, steps)
}

/// A database and those who work on it.
pub(super) struct Stage {
    /// Sees everything.
    pub(super) superuser: Client,
    /// Runs the commands, with the rights that administrators have.
    administrator: Client,
    /// What they have configured.
    config: PathBuf,
}

impl Stage {
    pub(super) async fn enter(database: &TestDatabase<'_>, config: &Path) -> Self {
        let administrator = database.connect_as("postcote_admin").await;
        Self { superuser: database.connect().await, administrator, config: config.to_owned() }
    }

    pub(super) async fn run(&mut self, step: &Step) -> Result<String, String> {
        if let Some(statement) = step.command.strip_prefix("sql ") {
            return Ok(sql(&self.superuser, statement).await);
        }
        if step.command == "cat postcote.toml" {
            return Ok(std::fs::read_to_string(&self.config).unwrap());
        }
        let words = words(&step.command);
        let before = self.fingerprint().await;
        let (output, code, harmless) = self.command(&words, &step.typed).await;
        let after = self.fingerprint().await;
        if (code != 0 || harmless) && before != after {
            return Err(format!("`{}` has changed the database", step.command));
        }
        let mut printed = constant(&output.data);
        for line in constant(&output.words).lines() {
            let line = format!("! {line}");
            let _ = writeln!(printed, "{}", line.trim_end());
        }
        if code != 0 {
            let _ = writeln!(printed, "[exit {code}]");
        }
        Ok(printed)
    }

    /// Parses and runs a command; also says whether it must not change anything.
    pub(super) async fn command(
        &mut self,
        words: &[String],
        typed: &[String],
    ) -> (Output, u8, bool) {
        if let Some(words) = vmm::is_vmm(words) {
            return vmm::run(words, typed, &mut self.administrator, &self.config, now()).await;
        }
        let args = match Cli::try_parse_from(words) {
            Ok(Cli { command: Command::Admin(args) }) => args,
            Err(error) => {
                let code = if error.kind() == ErrorKind::DisplayHelp { 0 } else { 64 };
                let words = error.to_string();
                return (Output { data: String::new(), words }, code, true);
            }
        };
        let format = if args.json { Format::Json } else { Format::Text { width: Some(100) } };
        let harmless = args.dry_run
            || words.iter().any(|word| ["find", "list", "show"].contains(&word.as_str()));
        let source = Source { file: Some(self.config.clone()), database: None };
        let settings = Settings::from(&Config::load(&source).unwrap());
        let mut input = Typed(typed.iter().rev().cloned().collect());
        let options = Options { dry_run: args.dry_run, now: now(), input: &mut input };
        let outcome = admin::run(args.command, &mut self.administrator, &settings, options).await;
        match outcome {
            Ok(report) => (report.render(format), 0, harmless),
            Err(error) => (error.render(format), error.exit().code(), harmless),
        }
    }

    /// All tables, whatever is in them.
    pub(super) async fn fingerprint(&self) -> Vec<(String, String)> {
        pg::dump(&self.superuser).await
    }
}

/// Lines that a person would type, the next one last.
struct Typed(Vec<String>);

impl PasswordInput for Typed {
    fn piped(&mut self) -> io::Result<SecretString> {
        self.asked("")
    }

    fn asked(&mut self, _: &str) -> io::Result<SecretString> {
        let next = self.0.pop().map(SecretString::from);
        next.ok_or_else(|| io::Error::from(io::ErrorKind::UnexpectedEof))
    }
}

/// Rows as `psql -At` prints them.
pub(crate) async fn sql(client: &Client, statement: &str) -> String {
    let mut printed = String::new();
    match client.simple_query(statement).await {
        Ok(messages) => {
            for message in messages {
                let SimpleQueryMessage::Row(row) = message else { continue };
                let cells: Vec<_> = (0..row.len()).map(|i| row.get(i).unwrap_or("")).collect();
                let _ = writeln!(printed, "{}", cells.join("|"));
            }
        }
        Err(error) => {
            let _ = writeln!(printed, "! {}", error.as_db_error().unwrap().message());
        }
    }
    constant(&printed)
}

/// The words of a command line, with the quotes of the shell.
pub(crate) fn words(command: &str) -> Vec<String> {
    let mut words = Vec::new();
    let (mut word, mut quote, mut begun) = (String::new(), None, false);
    for c in command.chars() {
        match (quote, c) {
            (Some(q), c) if q == c => quote = None,
            (None, '\'' | '"') => (quote, begun) = (Some(c), true),
            (None, ' ') if begun => {
                words.push(std::mem::take(&mut word));
                begun = false;
            }
            (None, ' ') => {}
            (_, c) => {
                word.push(c);
                begun = true;
            }
        }
    }
    if begun {
        words.push(word);
    }
    words
}

/// What chance decides, made constant: the time, the character of a home, and passwords that are
/// made up.
pub(crate) fn constant(text: &str) -> String {
    let timeless = timeless(text);
    let mut constant = String::new();
    let mut rest = timeless.as_str();
    while let Some(at) = rest.find("/srv/mail/") {
        let (before, from) = rest.split_at(at + "/srv/mail/".len());
        constant.push_str(before);
        let drawn = from.as_bytes().get(1) == Some(&b'/');
        if drawn {
            constant.push('?');
        }
        rest = if drawn { &from[1..] } else { from };
    }
    constant.push_str(rest);
    let is_made_up = |word: &str| {
        word.len() == 20
            && word.chars().any(char::is_uppercase)
            && word.chars().any(char::is_lowercase)
    };
    let mut words: Vec<&str> = Vec::new();
    for word in constant.split_inclusive(|c: char| !c.is_ascii_alphanumeric()) {
        let end = word.trim_end_matches(|c: char| !c.is_ascii_alphanumeric());
        if is_made_up(end) {
            words.push("<made-up>");
            words.push(&word[end.len()..]);
        } else {
            words.push(word);
        }
    }
    words.concat()
}

/// A text with `<now>` for each time of today.
fn timeless(text: &str) -> String {
    const FORM: &str = "0000-00-00T00:00:00Z";
    let fits = |text: &str| {
        text.len() == FORM.len()
            && text.bytes().zip(FORM.bytes()).all(|(c, form)| match form {
                b'0' => c.is_ascii_digit(),
                _ => c == form,
            })
    };
    let today = |text: &str| {
        let time = text.parse::<admin::Expiry>().map(|expiry| expiry.0.0);
        time.is_ok_and(|time| (now().0 - time).abs() < 24 * 60 * 60)
    };
    let mut timeless = String::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        match rest.get(..FORM.len()) {
            Some(time) if fits(time) && today(time) => {
                timeless.push_str("<now>");
                rest = &rest[FORM.len()..];
            }
            _ => {
                timeless.push(c);
                rest = &rest[c.len_utf8()..];
            }
        }
    }
    timeless
}

fn now() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    Timestamp(i64::try_from(since.as_secs()).unwrap())
}
