//! A private Dovecot on the configuration of `conf-examples/dovecot`, with its own sockets, ports and mail.

use std::fmt::Write as _;
use std::fs;
use std::io::Read as _;
use std::net::{Ipv4Addr, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::super::installation::Installation;
use crate::command::{Said, file, postcote, run};
use crate::support::daemon::free_port;
use crate::support::peer::Peer;
use crate::support::scratch::Scratch;
use crate::support::terms::{runs_as_root, wait_for};

/// Which settings a Dovecot has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Version {
    V23,
    V24,
}

/// An installed Dovecot.
#[derive(Debug)]
pub(super) struct Installed {
    pub(super) installation: Installation,
    pub(super) version: Version,
}

/// A running Dovecot; dropping it ends all its processes.
pub(super) struct Dovecot<'a> {
    installed: &'a Installed,
    pub(super) imap: u16,
    pub(super) pop3: u16,
    pub(super) sieve: u16,
    _peer: Peer,
    scratch: Arc<Scratch>,
}

/// The Dovecots that this run has; `test` stands in the notice about those that it lacks.
pub(super) fn installed(test: &str) -> Vec<Installed> {
    if !runs_as_root(test) {
        return Vec::new();
    }
    let all = [Some(Installation::here()), Installation::debian_13(test)];
    let with_version = |installation: Installation| {
        let said = run(installation.command(&Scratch::new(), program("dovecot")).arg("--version"));
        let version = if said.stdout.starts_with("2.3.") { Version::V23 } else { Version::V24 };
        Installed { installation, version }
    };
    all.into_iter().flatten().map(with_version).collect()
}

impl Version {
    /// As it stands in directories and options.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::V23 => "2.3",
            Self::V24 => "2.4",
        }
    }

    /// The parts of `postcote config dovecot` with which Dovecot's own auth process asks postcote.
    pub(super) fn between(self) -> &'static str {
        match self {
            Self::V23 => "mail,dict",
            Self::V24 => "mail,lua",
        }
    }
}

impl Installed {
    /// Puts the example's files below `scratch`, with `login` in place of its postcote.conf, and makes them private.
    pub(super) fn configure(&self, scratch: &Scratch, login: &str) -> Ports {
        for name in ["etc", "etc/private", "etc/sieve", "queue/private", "state"] {
            fs::create_dir_all(scratch.join(name)).unwrap();
        }
        let examples = file("conf-examples/dovecot");
        let own = examples.join(self.version.as_str());
        for (from, to) in [
            (own.join("dovecot.conf"), "etc/dovecot.conf"),
            (examples.join("sieve/before.sieve"), "etc/sieve/before.sieve"),
        ] {
            fs::write(scratch.join(to), settle(scratch, &fs::read_to_string(from).unwrap()))
                .unwrap();
        }
        self.copy_beside(scratch);
        fs::write(scratch.join("etc/postcote.conf"), settle(scratch, login)).unwrap();
        // Read at the start, used by nobody: what is private is the whole instance.
        for name in ["dovecot.pem", "dovecot.key"] {
            fs::write(scratch.join("etc/private").join(name), "").unwrap();
        }
        let ports = Ports { imap: free_port(), pop3: free_port(), sieve: free_port() };
        let path = scratch.join("etc/dovecot.conf");
        let text = fs::read_to_string(&path).unwrap() + &self.private(scratch, ports);
        fs::write(path, text).unwrap();
        ports
    }

    /// Copies the files of the example that its snippets name.
    pub(super) fn copy_beside(&self, scratch: &Scratch) {
        let own = file("conf-examples/dovecot").join(self.version.as_str());
        for name in ["postcote-dict.conf.ext", "postcote.lua"] {
            if let Ok(text) = fs::read_to_string(own.join(name)) {
                fs::write(scratch.join("etc").join(name), settle(scratch, &text)).unwrap();
            }
        }
    }

    /// What makes an instance private.
    pub(super) fn private(&self, scratch: &Scratch, ports: Ports) -> String {
        let at = scratch.path().display();
        let mut text = format!(
            "\nbase_dir = {at}/run\nstate_dir = {at}/state\nlog_path = {at}/dovecot.log\nlisten = 127.0.0.1\nssl = no\n"
        );
        text += match self.version {
            Version::V23 => "disable_plaintext_auth = no\n",
            Version::V24 => "auth_allow_cleartext = yes\n",
        };
        for (service, plain, port) in [
            ("imap", "imap", ports.imap),
            ("pop3", "pop3", ports.pop3),
            ("managesieve", "sieve", ports.sieve),
        ] {
            let secure = match service {
                "managesieve" => String::new(),
                _ => format!("  inet_listener {plain}s {{\n    port = 0\n  }}\n"),
            };
            write!(
                text,
                "service {service}-login {{\n  inet_listener {plain} {{\n    port = {port}\n  }}\n{secure}}}\n"
            )
            .unwrap();
        }
        text
    }

    /// Starts it on what [`Installed::configure`] has made, and waits until it takes logins.
    pub(super) fn start(&self, scratch: Arc<Scratch>, ports: Ports) -> Dovecot<'_> {
        let mut command = self.installation.command(&scratch, program("dovecot"));
        let mut peer =
            Peer::start(command.arg("-F").arg("-c").arg(scratch.join("etc/dovecot.conf")));
        let log = scratch.join("dovecot.log");
        let Ports { imap, pop3, sieve } = ports;
        // It opens its sockets one after the other, so that one of them says nothing about the rest; and it
        // greets when those are there that it asks.
        let sockets = [imap, pop3, sieve].map(Place::Port);
        for place in sockets.into_iter().chain([Place::Path(scratch.join(LMTP))]) {
            wait_for(&format!("Dovecot's greeting at {place:?}"), Duration::from_mins(1), || {
                let said = || fs::read_to_string(&log).unwrap_or_default();
                assert!(peer.ended().is_none(), "Dovecot ended: {}", said());
                place.greets().then_some(())
            });
        }
        Dovecot { installed: self, scratch, imap, pop3, sieve, _peer: peer }
    }

    /// Runs a program of Dovecot's on the configuration below `scratch`.
    pub(super) fn ask(&self, scratch: &Scratch, name: &str, arguments: &[&str]) -> Said {
        let mut command = self.installation.command(scratch, program(name));
        run(command.arg("-c").arg(scratch.join("etc/dovecot.conf")).args(arguments))
    }
}

impl Dovecot<'_> {
    /// Runs doveadm with these arguments.
    pub(super) fn doveadm(&self, arguments: &[&str]) -> Said {
        self.installed.ask(&self.scratch, "doveadm", arguments)
    }

    /// What it has logged.
    pub(super) fn log(&self) -> String {
        fs::read_to_string(self.scratch.join("dovecot.log")).unwrap_or_default()
    }
}

/// Where something listens.
#[derive(Debug)]
enum Place {
    Path(PathBuf),
    Port(u16),
}

impl Place {
    /// Whether somebody is there and says something.
    fn greets(&self) -> bool {
        let patience = Some(Duration::from_secs(20));
        let mut byte = [0];
        let said = match self {
            Self::Path(path) => UnixStream::connect(path)
                .and_then(|mut it| it.set_read_timeout(patience).and_then(|()| it.read(&mut byte))),
            Self::Port(port) => TcpStream::connect((Ipv4Addr::LOCALHOST, *port))
                .and_then(|mut it| it.set_read_timeout(patience).and_then(|()| it.read(&mut byte))),
        };
        said.is_ok_and(|count| count > 0)
    }
}

/// Where LMTP is, below the directory of a run.
pub(super) const LMTP: &str = "queue/private/dovecot-lmtp";

/// The ports of a private instance.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ports {
    pub(super) imap: u16,
    pub(super) pop3: u16,
    pub(super) sieve: u16,
}

/// Moves everything that an example names below `scratch`.
pub(super) fn settle(scratch: &Scratch, text: &str) -> String {
    let at = |name: &str| format!("{}/{name}", scratch.path().display());
    text.replace("/etc/dovecot/", &at("etc/"))
        .replace("/run/postcote-dovecot", &scratch.path().display().to_string())
        .replace("/var/spool/postfix/", &at("queue/"))
}

/// The path of a program of Dovecot's, which an ordinary user's PATH may lack.
pub(super) fn program(name: &str) -> &'static Path {
    Path::new(match name {
        "doveadm" => "/usr/bin/doveadm",
        "doveconf" => "/usr/bin/doveconf",
        "dovecot" => "/usr/sbin/dovecot",
        _ => panic!("where is `{name}`?"),
    })
}

/// Sockets as conf-examples/systemd has them for Dovecot.
const LISTEN: &str = "
[[listen]]
protocol = \"dovecot-auth\"
address = \"systemd:dovecot-login\"
[[listen]]
protocol = \"dovecot-master\"
address = \"systemd:dovecot-auth-master\"
[[listen]]
protocol = \"dovecot-dict\"
address = \"systemd:dovecot-dict\"
";

/// `postcote config dovecot` with these parts, for those sockets.
pub(super) fn printed(version: Version, only: &str) -> String {
    let scratch = Scratch::new();
    let config = scratch.join("postcote.toml");
    fs::write(&config, LISTEN).unwrap();
    let mut command = postcote();
    command.arg("--config").arg(config).args(["config", "dovecot", "--dovecot", version.as_str()]);
    if !only.is_empty() {
        command.args(["--only", only]);
    }
    let said = run(&mut command);
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    said.stdout
}
