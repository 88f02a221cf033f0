//! The built program, called as vmm.

use std::fs::{self, Permissions};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::process::{Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use crate::command::{Said, postcote, run};
use crate::support::pg;
use crate::support::scratch::Scratch;

/// A link as an administrator would make it.
struct Link {
    directory: Scratch,
}

impl Link {
    fn new() -> Self {
        let directory = Scratch::new();
        symlink(env!("CARGO_BIN_EXE_postcote"), directory.join("vmm")).unwrap();
        fs::write(directory.join("postcote.toml"), "").unwrap();
        Self { directory }
    }

    /// Runs it in a session of its own, so that passwords are not asked for on somebody's terminal.
    fn run(&self, arguments: &[&str], environment: &[(&str, &str)], typed: &str) -> Said {
        let mut command = Command::new("setsid");
        command.arg("--wait").arg(self.directory.join("vmm")).args(arguments);
        for (name, _) in std::env::vars_os() {
            if name.as_encoded_bytes().starts_with(b"PG") {
                command.env_remove(name);
            }
        }
        command.env("POSTCOTE_CONFIG", self.directory.join("postcote.toml"));
        command.env_remove("POSTCOTE_DATABASE_URL").envs(environment.iter().copied());
        let (reader, mut writer) = std::io::pipe().unwrap();
        writer.write_all(typed.as_bytes()).unwrap();
        drop(writer);
        run(command.stdin(Stdio::from(reader)))
    }
}

/// What is typed, the environment, the exit code, and what is said as data and as words.
type Case<'a> = (&'a [&'a str], &'a [(&'a str, &'a str)], i32, &'a str, &'a str);

#[test]
fn a_link_is_vmm_with_its_exit_codes() {
    let link = Link::new();
    let broken = link.directory.join("broken.toml");
    fs::write(&broken, "[log]\nlevel = 'loud'\n").unwrap();
    let broken = broken.to_str().unwrap();
    let nowhere = "host=/nowhere dbname=none";
    let table: [Case<'_>; 11] = [
        (&["-h"], &[], 0, "  domainadd         da  ", ""),
        (&["--help"], &[], 0, "Commands:\n", ""),
        (&[], &[], 1, "Commands:\n", "You must specify a subcommand at least."),
        (&["-v"], &[], 0, "", "vmm, as postcote"),
        (&["ui", "-h"], &[], 0, "Usage: vmm userinfo address [-d details]\n", ""),
        (&["ui"], &[], 2, "", "arguments are required: address"),
        (&["lp"], &[("POSTCOTE_DATABASE_URL", nowhere)], 0, "ARGON2ID", ""),
        (&["cg", "misc.base_directory"], &[], 0, "misc.base_directory = /srv/mail\n", ""),
        (&["ll"], &[("POSTCOTE_DATABASE_URL", nowhere)], 35, "", "Error: "),
        (&["ll"], &[("POSTCOTE_CONFIG", "/nowhere/x.toml")], 32, "", "no such file"),
        (&["ll"], &[("POSTCOTE_CONFIG", broken)], 31, "", "| level = 'loud'"),
    ];
    for (arguments, environment, code, data, words) in table {
        let said = link.run(arguments, environment, "");
        assert_eq!(said.code, Some(code), "{arguments:?}: {}", said.stderr);
        assert!(said.stdout.contains(data), "{arguments:?}: {}", said.stdout);
        assert!(said.stderr.contains(words), "{arguments:?}: {}", said.stderr);
        assert_eq!(data.is_empty(), said.stdout.is_empty(), "{arguments:?}: {}", said.stdout);
    }
    // The options of postcote stand before the words of vmm.
    let arguments = ["--config", broken, "ll"];
    assert_eq!(link.run(&arguments, &[], "").code, Some(31));
    let said = run(postcote().args(["vmm", "--config", broken, "ll"]));
    assert_eq!(said.code, Some(31), "{}", said.stderr);
}

#[test]
fn options_are_changed_where_the_daemon_reads_them() {
    let link = Link::new();
    let said = link.run(&["cs", "mailbox.root", "mail"], &[], "");
    assert_eq!((said.code, said.stdout.as_str(), said.stderr.as_str()), (Some(0), "", ""));
    let said = link.run(&["configure", "-s", "mailbox"], &[], "\nmdbox\n\n\n");
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    let file = fs::read_to_string(link.directory.join("postcote.toml")).unwrap();
    assert_eq!(file, "[accounts]\nmailbox-root = \"mail\"\nmailbox-format = \"mdbox\"\n");
    let said = link.run(&["cs", "database.url", "mysql://x"], &[], "");
    assert_eq!(said.code, Some(31), "{}", said.stderr);
    assert_eq!(fs::read_to_string(link.directory.join("postcote.toml")).unwrap(), file);
}

/// What somebody wrote by hand: comments, an order of their own, and notations.
const BY_HAND: &str = "\
# ours
[vmm]   # as it was
random-password = false # asked for
domain-quota = '2g'

[accounts]
# not Maildir
mailbox-root='mail'   # like the old host
password-scheme = \"SSHA512\"

[database]
url = \"postgresql:///mail\" # the socket
";

#[test]
fn comments_and_order_stay_and_the_old_file_is_kept() {
    let link = Link::new();
    let (file, old) = ("postcote.toml", "postcote.toml.bak");
    let [file, old] = [file, old].map(|name| link.directory.join(name));
    fs::write(&file, BY_HAND).unwrap();
    fs::set_permissions(&file, Permissions::from_mode(0o640)).unwrap();

    // What is so already is not written.
    assert_eq!(link.run(&["cs", "domain.quota_bytes", "2048m"], &[], "").code, Some(0));
    assert_eq!(link.run(&["cf", "account"], &[], "\n\n\n\n").code, Some(0));
    assert_eq!(fs::read_to_string(&file).unwrap(), BY_HAND);
    assert!(!old.exists());

    assert_eq!(link.run(&["cs", "account.random_password", "yes"], &[], "").code, Some(0));
    let once = BY_HAND.replace("random-password = false #", "random-password = true #");
    assert_eq!(fs::read_to_string(&file).unwrap(), once);
    assert_eq!(fs::read_to_string(&old).unwrap(), BY_HAND);
    assert_eq!(old.metadata().unwrap().permissions().mode() & 0o777, 0o640);

    let said = link.run(&["configure", "-s", "misc"], &[], "\nSHA512-CRYPT\n");
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    let twice = once.replace("SSHA512", "SHA512-CRYPT");
    assert_eq!(fs::read_to_string(&file).unwrap(), twice);
    assert_eq!(fs::read_to_string(&old).unwrap(), once);
    let said = link.run(&["cg", "misc.password_scheme"], &[], "");
    assert_eq!(said.stdout, "misc.password_scheme = SHA512-CRYPT\n");

    // What is refused changes neither.
    assert_eq!(link.run(&["cs", "misc.password_scheme", "ROT13"], &[], "").code, Some(31));
    assert_eq!(fs::read_to_string(&file).unwrap(), twice);
    assert_eq!(fs::read_to_string(&old).unwrap(), once);
}

/// As scripts of vmm do it.
#[tokio::test]
async fn passwords_may_be_piped_and_giving_up_is_3() {
    let database = pg::database();
    let link = Link::new();
    let url = [("POSTCOTE_DATABASE_URL", database.url.as_str())];
    let said = link.run(&["domainadd", "example.org"], &url, "secret\n");
    assert_eq!(said.code, Some(3), "{}", said.stderr);
    assert!(said.stderr.contains("Ouch!"), "{}", said.stderr);
    let said = link.run(&["domainadd", "example.org"], &url, "secret\nsecret\n");
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    assert_eq!(said.stdout, "Creating account for postmaster@example.org\n");
    let said = link.run(&["lu"], &url, "");
    assert!(said.stdout.contains("\t[+] postmaster@example.org\n"), "{}", said.stdout);
    // Nobody has to be root, but must be an administrator to the database.
    let reader = format!("{}?options=-c%20role%3Dpostcote_reader", database.url);
    let said = link.run(&["dd", "example.org"], &[("POSTCOTE_DATABASE_URL", &reader)], "");
    assert_eq!(said.code, Some(33), "{}", said.stderr);
}

#[test]
fn whoever_interrupts_a_question_gets_3() {
    let link = Link::new();
    let mut command = postcote();
    command.args(["vmm", "configure", "misc"]);
    command.env("POSTCOTE_CONFIG", link.directory.join("postcote.toml"));
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut running = command.spawn().unwrap();
    let mut said = String::new();
    let mut words = running.stderr.take().unwrap();
    while !said.contains("option base_directory [/srv/mail]: ") {
        let mut byte = [0];
        words.read_exact(&mut byte).unwrap();
        said.push(char::from(byte[0]));
    }
    kill_process(Pid::from_child(&running), Signal::INT).unwrap();
    assert_eq!(running.wait().unwrap().code(), Some(3));
    words.read_to_string(&mut said).unwrap();
    assert!(said.ends_with("\nOuch!\n\n"), "{said}");
    assert_eq!(fs::read_to_string(link.directory.join("postcote.toml")).unwrap(), "");
}

#[tokio::test]
async fn userinfo_measures_what_is_there() {
    let database = pg::database();
    let link = Link::new();
    let url = [("POSTCOTE_DATABASE_URL", database.url.as_str())];
    let base = link.directory.join("mail");
    fs::create_dir(&base).unwrap();
    let file = format!(
        "[accounts]\nbase-directory = '{}'\n[vmm]\nauto-postmaster = false\nrandom-password = true\n",
        base.display()
    );
    fs::write(link.directory.join("postcote.toml"), file).unwrap();
    assert_eq!(link.run(&["da", "example.org"], &url, "").code, Some(0));
    assert_eq!(link.run(&["ua", "jane@example.org"], &url, "").code, Some(0));
    let said = link.run(&["ui", "jane@example.org"], &url, "");
    let home = said.stdout.lines().find_map(|line| line.strip_prefix("\tHome.............: "));
    let mail = std::path::Path::new(home.unwrap()).join("Maildir/cur");
    fs::create_dir_all(&mail).unwrap();
    fs::write(mail.join("1"), vec![b'x'; 3 << 20]).unwrap();
    let said = link.run(&["ui", "jane@example.org", "-d", "du"], &url, "");
    assert_eq!((said.code, said.stderr.as_str()), (Some(0), ""));
    let measured = said.stdout.lines().find(|line| line.contains("Disk Usage")).unwrap();
    let size = measured.strip_prefix("\tDisk Usage.......: ").unwrap();
    assert!(size.starts_with("3.") && size.ends_with(" MiB"), "{size}");
}
