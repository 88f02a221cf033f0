//! Dovecot's own `doveadm pw` judges the hashes that postcote makes, and makes some for postcote.

use std::collections::BTreeSet;
use std::io::Write;
use std::process::{Output, Stdio};

use postcote::mail::{Encoding, HashForm, PasswordHash, Scheme};
use postcote::password::{hash, verify};

use super::installation::Installation;
use crate::support::scratch::Scratch;
use crate::support::terms::runs_as_root;

const LOGIN: &str = "joe@example.org";
const PASSWORD: &str = "pässw0rd {test}";

/// A Dovecot by its doveadm, which reads no configuration and asks no server here.
struct Doveadm {
    installation: Installation,
    scratch: Scratch,
    is_24: bool,
}

#[test]
fn dovecot_takes_whatever_postcote_makes() {
    for doveadm in installed("dovecot_takes_whatever_postcote_makes") {
        let mut refused = Vec::new();
        for form in forms().filter(|form| doveadm.knows(form.scheme)) {
            let stored = hash(form, LOGIN, PASSWORD.as_bytes(), None).unwrap();
            let said = doveadm.test(&stored, PASSWORD);
            if !said.status.success() {
                refused.push(format!("{}: {}", stored.expose(), words(&said)));
            }
            if form.encoding.is_none() {
                let said = doveadm.test(&stored, "another");
                assert!(words(&said).contains("mismatch"), "{form}: {}", words(&said));
            }
        }
        assert!(refused.is_empty(), "{doveadm}:\n{}", refused.join("\n"));
    }
}

#[test]
fn postcote_takes_whatever_dovecot_makes() {
    for doveadm in installed("postcote_takes_whatever_dovecot_makes") {
        let listed = doveadm.run(&["-l"], "");
        let listed: BTreeSet<_> =
            str::from_utf8(&listed.stdout).unwrap().split_whitespace().map(str::to_owned).collect();
        let known = Scheme::ALL.iter().filter(|scheme| doveadm.knows(**scheme));
        let known: BTreeSet<_> = known.map(ToString::to_string).collect();
        assert_eq!(listed, known, "{doveadm}");
        for form in forms().filter(|form| doveadm.knows(form.scheme)) {
            let typed = format!("{PASSWORD}\n{PASSWORD}\n");
            let made = doveadm.run(&["-s", &form.to_string(), "-u", LOGIN], &typed);
            assert!(made.status.success(), "{doveadm}: {form}: {}", words(&made));
            let text = String::from_utf8(made.stdout).unwrap();
            let stored = PasswordHash::parse(text.trim_end_matches('\n')).unwrap();
            let ask = |password: &str| verify(&stored, LOGIN, password.as_bytes());
            assert_eq!(ask(PASSWORD), Ok(true), "{doveadm}: {text}");
            assert_eq!(ask("another"), Ok(false), "{doveadm}: {text}");
        }
    }
}

fn forms() -> impl Iterator<Item = HashForm> {
    let made = Scheme::ALL.iter().copied().filter(|scheme| scheme.can_be_made());
    let encodings = [None, Some(Encoding::Base64), Some(Encoding::Hex)];
    made.flat_map(move |scheme| encodings.map(|encoding| HashForm { scheme, encoding }))
}

/// The Dovecot of this machine and, if there is one, of the Debian 13 root, which only root enters.
fn installed(test: &str) -> Vec<Doveadm> {
    let other = Installation::debian_13(test).filter(|_| runs_as_root(test));
    let all = [Some(Installation::here()), other].into_iter().flatten();
    all.map(|installation| {
        let mut doveadm = Doveadm { installation, scratch: Scratch::new(), is_24: false };
        let schemes = doveadm.run(&["-l"], "");
        assert!(schemes.status.success(), "doveadm: {}", words(&schemes));
        doveadm.is_24 = str::from_utf8(&schemes.stdout)
            .unwrap()
            .split_whitespace()
            .any(|name| name == "ARGON2");
        doveadm
    })
    .collect()
}

impl Doveadm {
    fn knows(&self, scheme: Scheme) -> bool {
        self.is_24 || scheme.is_known_to_dovecot_23()
    }

    /// Asks whether a password fits. The hash is an argument, and made up; the password never is.
    fn test(&self, stored: &PasswordHash, password: &str) -> Output {
        self.run(&["-u", LOGIN, "-t", stored.expose()], &format!("{password}\n"))
    }

    /// Runs `doveadm pw`, which reads passwords from whatever its standard input is.
    fn run(&self, arguments: &[&str], typed: &str) -> Output {
        let mut command = self.installation.command(&self.scratch, "doveadm");
        command.args(["-O", "pw"]).args(arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("doveadm of dovecot-core is installed");
        // It has ended already if it wanted none.
        let _ = child.stdin.take().unwrap().write_all(typed.as_bytes());
        child.wait_with_output().unwrap()
    }
}

impl std::fmt::Display for Doveadm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.is_24 { "Dovecot 2.4" } else { "Dovecot 2.3" })
    }
}

fn words(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).trim_end().to_owned()
}
