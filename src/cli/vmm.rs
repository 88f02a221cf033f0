//! `postcote vmm`: the commands of vmm, with its exit codes.

use std::fs::File;
use std::io::{self, BufRead as _};

use clap::Args;
use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::signal::unix::{SignalKind, signal};

use crate::admin::{PasswordInput as _, Terminal};
use crate::cli::serve::{connect, runtime};
use crate::config::Source;
use crate::handler::now;
use crate::terminal;
use crate::vmm::{self, Call, Code, Complaint, ConfigFile, Console, Site};

/// Runs the commands of vmm, in the syntax of its versions 0.7 and 0.6, with its exit codes.
///
/// Also what a link named `vmm` runs. `postcote vmm help` lists the subcommands, `postcote vmm
/// SUBCOMMAND --help` shows what one takes, and which command of postcote does the same.
#[derive(Debug, Args)]
#[command(disable_help_flag = true, after_long_help = vmm::EXAMPLES)]
pub(super) struct Vmm {
    /// A subcommand of vmm and what it takes
    // There may be a password among them.
    #[arg(value_name = "WORD", trailing_var_arg = true, allow_hyphen_values = true)]
    words: Vec<SecretString>,
}

/// The name by which the program was called in its former life.
pub(super) const NAME: &str = "vmm";

impl Vmm {
    /// The number that scripts of vmm look for.
    pub(super) fn run(&self, source: &Source) -> u8 {
        let mut console = OnTerminal;
        let words: Vec<_> = self.words.iter().map(|word| word.expose_secret().to_owned()).collect();
        let outcome = vmm::parse(&words).and_then(|call| {
            let runtime = runtime()?;
            Ok(runtime.block_on(run(&call, source, &mut console)))
        });
        let code = outcome.and_then(|outcome| outcome).unwrap_or_else(|complaint| {
            complaint.say(&mut console);
            complaint.code
        });
        code as u8
    }
}

async fn run(call: &Call, source: &Source, console: &mut dyn Console) -> Result<Code, Complaint> {
    if let Some(code) = vmm::answered(call, console) {
        return Ok(code);
    }
    end_on_interrupt();
    let file = ConfigFile { source, check: super::config::usable };
    if let Some(code) = vmm::configure(call, file, console) {
        return Ok(code);
    }
    let config = vmm::load(source)?;
    let mut client = if vmm::needs_database(call) {
        Some(connect(&config).await.map_err(Complaint::unconnected)?)
    } else {
        None
    };
    let site = Site { client: client.as_mut(), config: &config, now: now(), console };
    Ok(vmm::run(call, site).await)
}

/// Has Ctrl-C end the program as vmm ended, and the terminal show again what is typed. Whatever
/// was begun is rolled back by the database.
fn end_on_interrupt() {
    let tty = File::open("/dev/tty").ok();
    let shown = tty.as_ref().and_then(|tty| tcgetattr(tty).ok());
    // Before the first question, whenever the task below gets its turn.
    let Ok(mut interrupts) = signal(SignalKind::interrupt()) else { return };
    tokio::spawn(async move {
        if interrupts.recv().await.is_none() {
            return;
        }
        if let (Some(tty), Some(shown)) = (tty, shown) {
            let _ = tcsetattr(tty, OptionalActions::Now, &shown);
        }
        Complaint::new(Code::Interrupted, "").say(&mut OnTerminal);
        std::process::exit(i32::from(Code::Interrupted as u8));
    });
}

/// The terminal of this process, or what stands in for it.
struct OnTerminal;

impl Console for OnTerminal {
    fn print(&mut self, data: &str) {
        if let Err(failure) = terminal::print(data) {
            terminal::say_failure(&failure);
        }
    }

    fn say(&mut self, words: &str) {
        terminal::say(words);
    }

    fn ask(&mut self, question: &str) -> io::Result<String> {
        terminal::say(question);
        let mut line = String::new();
        if io::stdin().lock().read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(line.trim().to_owned())
    }

    fn ask_secret(&mut self, question: &str) -> io::Result<SecretString> {
        // As Python's getpass: without a terminal, passwords are piped.
        if File::open("/dev/tty").is_ok() { Terminal.asked(question) } else { Terminal.piped() }
    }
}
