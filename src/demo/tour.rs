//! What the demo shows: commands to paste, each with the answer it gives.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use crate::config::{Config, Shown, show};
use crate::demo::Demo;
use crate::lookup::Table;

/// A question worth asking, its answer, and what it shows.
#[derive(Clone, Copy, Debug)]
pub struct Stop {
    /// The table.
    pub table: Table,
    /// The key.
    pub key: &'static str,
    /// The answer; `None` is "not found".
    pub answer: Option<&'static str>,
    /// What it shows.
    pub shows: &'static str,
}

const fn stop(
    table: Table,
    key: &'static str,
    answer: Option<&'static str>,
    shows: &'static str,
) -> Stop {
    Stop { table, key, answer, shows }
}

/// The tour through the sample data; a test asks every question.
pub const TOUR: &[Stop] = &[
    stop(Table::VirtualMailboxDomains, "example.org", Some("1"), "a domain with mailboxes"),
    stop(Table::VirtualMailboxDomains, "example.com", Some("1"), "an alias domain of it"),
    stop(
        Table::VirtualMailboxMaps,
        "alice@example.org",
        Some("/srv/mail/e/70000/70000/Maildir/"),
        "an account",
    ),
    stop(
        Table::VirtualMailboxMaps,
        "Alice+news@EXAMPLE.com",
        Some("/srv/mail/e/70000/70000/Maildir/"),
        "the same, in capitals, with an extension, by the alias domain",
    ),
    stop(Table::VirtualMailboxMaps, "nobody@example.org", None, "nobody"),
    stop(
        Table::VirtualAliasMaps,
        "team@example.org",
        Some("alice@example.org,bob@example.org,dave@example.org"),
        "an alias with three destinations",
    ),
    stop(
        Table::VirtualAliasMaps,
        "info+shop@example.org",
        Some("alice+shop@example.org"),
        "the extension is handed on",
    ),
    stop(
        Table::VirtualAliasMaps,
        "postmaster@example.com",
        Some("alice+example.com@example.org"),
        "%d is the domain asked for",
    ),
    stop(Table::VirtualAliasMaps, "sales@example.org", Some("sales@example.net"), "%n is the name"),
    stop(
        Table::VirtualAliasMaps,
        "bounces@example.com",
        Some("bob+bounces=example.com@example.org"),
        "%= is both",
    ),
    stop(
        Table::VirtualAliasMaps,
        "half-price@example.org",
        Some("alice+50%@example.org"),
        "%% is a percent sign",
    ),
    stop(
        Table::VirtualAliasMaps,
        "dave@example.org",
        Some("dave@mail.example,dave@example.org"),
        "an account that forwards and keeps a copy",
    ),
    stop(
        Table::VirtualAliasMaps,
        "whoever@example.net",
        Some("sales@example.net"),
        "the catch-all takes strangers",
    ),
    stop(Table::VirtualAliasMaps, "alice+x@example.net", None, "and nobody else"),
    stop(
        Table::VirtualAliasMaps,
        "tweedledum@example.org",
        Some("bob@example.org"),
        "a loop is cut, its way out is kept",
    ),
    stop(
        Table::TransportMaps,
        "carol@example.org",
        Some("error:5.2.1 Carol is on leave, please write to bob@example.org"),
        "a disabled account",
    ),
    stop(
        Table::TransportMaps,
        "erin@example.org",
        Some("lmtp:inet:[192.0.2.7]:24"),
        "an account's own transport",
    ),
    stop(
        Table::TransportMaps,
        "bob@example.org",
        Some("lmtp:unix:private/dovecot-lmtp"),
        "the domain's transport",
    ),
    stop(
        Table::RelocatedMaps,
        "frank@example.org",
        Some("frank@moved.example"),
        "somebody who has moved",
    ),
    stop(
        Table::VirtualMailboxMaps,
        "jürgen@bücher.example",
        Some("/srv/mail/b/70002/70008/Maildir/"),
        "an international address",
    ),
    stop(
        Table::VirtualMailboxMaps,
        "\"John Smith\"@example.org",
        Some("/srv/mail/e/70000/70005/Maildir/"),
        "a quoted local part",
    ),
    stop(
        Table::SmtpdSenderLoginMaps,
        "team@example.com",
        Some("alice@example.org,bob@example.org,dave@example.org"),
        "the logins that may send as an alias",
    ),
    stop(Table::RelayDomains, "branch.example", Some("1"), "a relay domain"),
    stop(Table::RelayRecipientMaps, "office@branch.example", Some("1"), "a recipient there"),
    stop(Table::RelayRecipientMaps, "nobody@branch.example", None, "nobody there"),
];

/// A login worth trying; everybody's password is `demo`.
#[derive(Clone, Copy, Debug)]
pub struct Login {
    /// What to log in for.
    pub service: &'static str,
    /// The name.
    pub user: &'static str,
    /// The password.
    pub password: &'static str,
    /// What doveadm says.
    pub answer: &'static str,
    /// What it shows.
    pub shows: &'static str,
}

/// Logins that show something; a test tries each.
pub const LOGINS: &[Login] = &[
    Login {
        service: "imap",
        user: "alice@example.com",
        password: "demo",
        answer: "passdb: alice@example.com auth succeeded\nextra fields:\n  user=alice@example.org",
        shows: "by an alias domain, which is told at once: one user, one mailbox",
    },
    Login {
        service: "imap",
        user: "alice@example.org",
        password: "wrong",
        answer: "passdb: alice@example.org auth failed\nextra fields:\n  user=alice@example.org",
        shows: "a wrong password is answered late",
    },
];

/// The commands to paste, with the answers they give.
pub fn commands(demo: &Demo, program: &Path) -> String {
    let socket = demo.directory.join("run/socketmap");
    let program = word(&program.to_string_lossy());
    let config = word(&demo.config_file.to_string_lossy());
    let postmap = postmap();
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = writeln!(text, "Ask as Postfix does (paste a line; below it stands the answer):\n");
    for Stop { table, key, answer, shows } in TOUR {
        let key = quoted(key);
        let map = word(&format!("socketmap:unix:{}:{table}", socket.display()));
        let _ = writeln!(text, "  # {shows}");
        let _ = writeln!(text, "  {postmap} -q {key} {map}");
        let _ = writeln!(text, "    {}", answer.unwrap_or("(nothing, exit status 1: not found)"));
    }
    let _ = writeln!(text, "\nLog in as with Dovecot (doveadm is in the package dovecot-core):\n");
    let login = word(&demo.directory.join("run/login").to_string_lossy());
    for Login { service, user, password, answer, shows } in LOGINS {
        let _ = writeln!(text, "  # {shows}");
        let _ =
            writeln!(text, "  doveadm auth test -a {login} -x service={service} {user} {password}");
        for line in answer.lines() {
            let _ = writeln!(text, "    {line}");
        }
    }
    let _ = writeln!(text, "\nAsk the daemon yourself, and ask it why:\n");
    for command in [
        "query virtual_alias_maps team@example.com",
        "explain info+shop@example.com",
        "explain carol@example.org",
        "explain tweedledum@example.org",
        "policy test sasl_username=bob@example.org sender=office-1@example.org recipient=alice@example.com",
        "config postfix",
    ] {
        let _ = writeln!(text, "  {program} --config {config} {command}");
    }
    let url = demo.config.http.address.to_string();
    let _ = writeln!(text, "\nWatch it: curl http://{url}/metrics\n");
    let _ = writeln!(text, "Change something by SQL, and ask at once:\n");
    let _ = writeln!(text, "  {}", psql(demo));
    let _ =
        writeln!(text, "  {program} --config {config} query virtual_alias_maps news@example.org");
    text
}

/// How every user of this machine calls `postmap`: Debian keeps it off an ordinary user's PATH.
fn postmap() -> String {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let sbin = ["/usr/sbin", "/usr/local/sbin"].map(PathBuf::from);
    let mut programs = std::env::split_paths(&path).chain(sbin).map(|at| at.join("postmap"));
    match programs.find(|program| program.is_file()) {
        Some(program) if program.parent().is_some_and(|at| at.ends_with("sbin")) => {
            word(&program.to_string_lossy())
        }
        _ => "postmap".to_owned(),
    }
}

/// A change by plain SQL, by whoever may enter the database; of something that the tour does not
/// ask, for a second run shows the tour again.
fn psql(demo: &Demo) -> String {
    let user = if rustix::process::geteuid().is_root() { "runuser -u postgres -- " } else { "" };
    let socket = demo.directory.join("pg");
    format!(
        "{user}psql -h {} -U postgres -d postcote -c \"UPDATE postcote.alias SET destinations = \
         '{{bob@example.org}}' WHERE localpart = 'news'\"",
        word(&socket.to_string_lossy())
    )
}

/// A text as one word of a shell's command, quoted only if it must be.
fn word(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-:+@%,".contains(c);
    if text.chars().all(plain) { text.to_owned() } else { quoted(text) }
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// The configuration file of the demo, for the other commands.
pub(super) fn config_text(config: &Config, url: &str) -> String {
    let head = "# Written by `postcote demo`.\n";
    let shown = show(config, url, Shown::Changed);
    format!("{head}{}", shown.unwrap_or_default())
}
