//! `postcote checkpassword`: lets a user in who has sent name and password to a qmail-style server.

mod become_user;
mod descriptor;

use std::ffi::OsString;
use std::net::IpAddr;
use std::process::ExitCode;

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};

use crate::cli::control;
use crate::config::{Config, Source};
use crate::exit::{Exit, Failure};
use crate::handler::LoggedIn;
use crate::mail::Service;
use crate::protocol::Reply;
use crate::protocol::checkpassword::{CheckpasswordError, Request, parse};
use crate::protocol::control::LogIn;
use crate::terminal;

/// Runs a program as the user whose name and password stand on descriptor 3.
///
/// For qmail-style servers, which speak the checkpassword interface: at most 512 bytes, that is name,
/// password and a timestamp, each with a NUL behind it. Asks the running daemon, which knows and
/// slows down who guesses; the address of the client is taken from $TCPREMOTEIP, the local one, which
/// gives names without a domain theirs, from $TCPLOCALIP.
///
/// Then PROGRAM runs in the user's home directory, with the user's uid and gid and no other group;
/// $USER is the address of the account, $HOME the home directory, $MAILDIR the directory of the
/// mail, $SHELL is /bin/sh. Who is not root must be that user already.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct Checkpassword {
    /// What the login is for; else the port in $TCPLOCALPORT says so, and others are of pop3
    #[arg(
        long,
        value_parser = PossibleValuesParser::new(Service::ALL.map(Service::as_str))
            .try_map(|name| Service::parse(&name))
    )]
    service: Option<Service>,
    /// What to run, and what it takes
    #[arg(value_name = "PROGRAM", trailing_var_arg = true)]
    program: Vec<OsString>,
}

const EXAMPLES: &str = "\
Examples:
  printf '%s\\0' alice@example.org demo 0 | postcote checkpassword id 3<&0
  printf '%s\\0' alice@example.org demo 0 | TCPLOCALPORT=143 postcote checkpassword env 3<&0
  printf '%s\\0' bob@example.org demo 0 | postcote checkpassword --service smtp true 3<&0

As a POP3 server:
  tcpserver 0 pop3 qmail-popup mx.example.org postcote checkpassword qmail-pop3d Maildir

Exit codes: what PROGRAM exits with; 1 not let in; 2 called wrongly; 111 cannot be known or done now.";

/// The name of the command.
pub(super) const NAME: &str = "checkpassword";
/// Called wrongly.
pub(super) const MISUSED: u8 = 2;
/// Not let in.
const REFUSED: u8 = 1;
/// Nothing follows about the password.
const TEMPORARY: u8 = 111;

/// Why the program is not run.
enum End {
    Misused(Failure),
    /// Nobody is told why: who guesses may read it. The daemon's log has it.
    Refused,
    Temporary(Failure),
}

impl Checkpassword {
    /// Ends with the program, or with the exit code that the interface prescribes.
    pub(super) fn run(&self, source: &Source) -> ExitCode {
        let (code, failure) = match self.log_in(source) {
            End::Misused(failure) => (MISUSED, Some(failure)),
            End::Refused => (REFUSED, None),
            End::Temporary(failure) => (TEMPORARY, Some(failure)),
        };
        if let Some(failure) = failure {
            terminal::say_failure(&failure);
        }
        code.into()
    }

    fn log_in(&self, source: &Source) -> End {
        let Some((program, arguments)) = self.program.split_first() else {
            let failure = Failure::new(Exit::Usage, "no program is named that could be run");
            return End::Misused(failure.hint("`postcote checkpassword --help` shows examples"));
        };
        // Before anything else is opened, for that could become descriptor 3.
        let request = match read() {
            Ok(request) => request,
            Err(end) => return end,
        };
        let user = match super::load(source).and_then(|config| self.ask(&config, request)) {
            Ok(Some(user)) => user,
            Ok(None) => return End::Refused,
            Err(failure) => return End::Temporary(failure),
        };
        End::Temporary(become_user::run(&user, program, arguments))
    }

    fn ask(&self, config: &Config, request: Request) -> Result<Option<LoggedIn>, Failure> {
        let login = LogIn {
            service: self.service.unwrap_or_else(of_port).as_str().to_owned(),
            remote: address("TCPREMOTEIP"),
            local: address("TCPLOCALIP"),
            user: request.user,
            password: request.password,
        };
        let failed = |why: &str| {
            Failure::new(Exit::Temporary, format!("the login cannot be decided now: {why}"))
        };
        match control::send(config, &login.to_request())? {
            Reply::Found(json) => serde_json::from_str(&json).map(Some).map_err(|error| {
                let hint = "it may be of another version than this command: restart it";
                failed(&format!("the daemon answers something else: {error}")).hint(hint)
            }),
            Reply::NotFound => Ok(None),
            Reply::Temporary(reason) => Err(failed(&reason).hint("the daemon's log tells more")),
            Reply::Misconfigured(reason) => {
                Err(failed(&reason).hint("the daemon may be older than this command: restart it"))
            }
        }
    }
}

/// Reads what the server has written.
fn read() -> Result<Request, End> {
    let input = descriptor::read().map_err(|error| {
        let failure = Failure::new(Exit::Usage, format!("descriptor 3 cannot be read: {error}"));
        let hint = "a qmail-style server such as qmail-popup writes name and password there";
        End::Misused(failure.hint(hint))
    })?;
    parse(&input).map_err(|error| match error {
        CheckpasswordError::Incomplete => {
            End::Misused(Failure::new(Exit::Usage, error.to_string()))
        }
        // Whoever logs in has chosen the name, and how long both are.
        CheckpasswordError::NoName | CheckpasswordError::TooLong => End::Refused,
    })
}

/// What people log in for at this port, as tcpserver tells it.
fn of_port() -> Service {
    let port = std::env::var("TCPLOCALPORT").unwrap_or_default();
    match port.as_str() {
        "25" | "465" | "587" => Service::Smtp,
        "143" | "993" => Service::Imap,
        "4190" => Service::Sieve,
        _ => Service::Pop3,
    }
}

/// An address that the server put into the environment.
fn address(variable: &str) -> Option<IpAddr> {
    std::env::var(variable).ok()?.parse().ok()
}
