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

/// Hashes that somebody might have, each of the password `test`, with what postcote says to it. They
/// agree, except where postcote says that it does not know.
#[test]
fn odd_hashes_are_read_as_dovecot_reads_them() {
    for doveadm in installed("odd_hashes_are_read_as_dovecot_reads_them") {
        let mut differences = Vec::new();
        for (text, login, expected) in ODD {
            let stored = PasswordHash::parse(text).unwrap();
            let answer = verify(&stored, login, b"test");
            let agrees = match expected {
                Says::Right => answer == Ok(true),
                Says::Unknown => answer.is_err(),
                Says::Wrong => answer != Ok(true),
            };
            assert!(agrees, "{text}: {answer:?}");
            let said = doveadm.run(&["-u", login, "-t", stored.expose()], "test\n");
            if said.status.success() != (*expected == Says::Right) && *expected != Says::Unknown {
                differences.push(format!("{text}: {:?} {}", said.status, words(&said)));
            }
        }
        assert!(differences.is_empty(), "{doveadm}:\n{}", differences.join("\n"));
    }
}

/// What postcote says to a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Says {
    /// It is right, and Dovecot agrees.
    Right,
    /// It cannot be known here, whatever Dovecot says.
    Unknown,
    /// It is wrong, or the hash is none, and Dovecot agrees.
    Wrong,
}

const ODD: &[(&str, &str, Says)] = &[
    // Encodings without a suffix.
    ("{SHA}a94a8fe5ccb19ba61c4c0873d391e987982fbbd3", "joe", Says::Right),
    ("{SHA1}A94A8FE5CCB19BA61C4C0873D391E987982FBBD3", "joe", Says::Right),
    ("{PLAIN-MD5}CY9rzUYh03PK3k6DJie09g==", "joe", Says::Right),
    ("{LDAP-MD5}098f6bcd4621d373cade4e832627b4f6", "joe", Says::Right),
    ("{MD5}098f6bcd4621d373cade4e832627b4f6", "joe", Says::Right),
    ("{MD5}CY9rzUYh03PK3k6DJie09g==", "joe", Says::Right),
    (
        "{SSHA}6501ca4c4275f367dc82bad51ef3fce5662665e9612073616c74206f6620616e79206c656e677468",
        "joe",
        Says::Wrong,
    ),
    ("{SHA.B64}a94a8fe5ccb19ba61c4c0873d391e987982fbbd3", "joe", Says::Wrong),
    // Salts of other lengths.
    ("{SSHA}ZQHKTEJ182fcgrrVHvP85WYmZelhIHNhbHQgb2YgYW55IGxlbmd0aA==", "joe", Says::Right),
    ("{SSHA}qUqP5cyxm6YcTAhz05Hph5gvu9M=", "joe", Says::Wrong),
    // Logins without a realm, and with two.
    ("{DIGEST-MD5}6aa1cc0ba05b76952870114fde25509c", "joe", Says::Right),
    ("{DIGEST-MD5}4178738001cc2a4b3368aa7a5030814c", "joe@a@b", Says::Right),
    ("{DIGEST-MD5}4178738001cc2a4b3368aa7a5030814c", "joe@b", Says::Wrong),
    // Beginnings of passwords.
    ("{PLAIN-TRUNC}2-te", "joe", Says::Right),
    ("{PLAIN-TRUNC}9-test", "joe", Says::Right),
    ("{PLAIN-TRUNC}9-te", "joe", Says::Wrong),
    ("{PLAIN-TRUNC}4-tes", "joe", Says::Wrong),
    ("{PLAIN-TRUNC}-test", "joe", Says::Right),
    ("{PLAIN-TRUNC}test", "joe", Says::Wrong),
    ("{PLAIN-TRUNC}x-test", "joe", Says::Wrong),
    // Methods of crypt(3), also under the names of others.
    ("{CRYPT}abgOeLfPimXQo", "joe", Says::Right),
    (
        "{DES-CRYPT}$6$salt$xdLuw21n.5WciQUUpHTTPfR6QwS..Z1Q/4xGfiyYa51WSQktzSXYXSk2zBp.Is5r9WiXrGqRmHpEG0iG0HaSk.",
        "joe",
        Says::Right,
    ),
    ("{CRYPT}_J9..rasm3kk6ykRwAfc", "joe", Says::Right),
    ("{CRYPT}$1$saltsalt$tTWg0JeO/sYmHvtKmZE8c.", "joe", Says::Right),
    ("{CRYPT}$1$$whuMjZj.HMFoaTaZRRtkO0", "joe", Says::Right),
    ("{CRYPT}$2a$04$abcdefghijklmnopqrstuuoD8yw7MmybLKVooaTGGZAt3HXugv2.a", "joe", Says::Right),
    ("{CRYPT}$2b$04$abcdefghijklmnopqrstuuoD8yw7MmybLKVooaTGGZAt3HXugv2.a", "joe", Says::Right),
    ("{CRYPT}$2x$04$abcdefghijklmnopqrstuuoD8yw7MmybLKVooaTGGZAt3HXugv2.a", "joe", Says::Right),
    ("{CRYPT}$5$rounds=1000$salt$KhBFMu/1dZdzj.rDY21KLrJpwdZPaG8NcWpPf.QV8h.", "joe", Says::Right),
    (
        "{CRYPT}$y$j75$saltsaltsaltsalt$FKHc5nEtcYq38ClJZgmXRoDOqdEcM6b56gs.GAlQ661",
        "joe",
        Says::Right,
    ),
    (
        "{SHA512-CRYPT}$6$rounds=5000$salt$xdLuw21n.5WciQUUpHTTPfR6QwS..Z1Q/4xGfiyYa51WSQktzSXYXSk2zBp.Is5r9WiXrGqRmHpEG0iG0HaSk.",
        "joe",
        Says::Right,
    ),
    (
        "{SHA512-CRYPT}$6$rounds=05000$salt$xdLuw21n.5WciQUUpHTTPfR6QwS..Z1Q/4xGfiyYa51WSQktzSXYXSk2zBp.Is5r9WiXrGqRmHpEG0iG0HaSk.",
        "joe",
        Says::Wrong,
    ),
    (
        "{SHA512-CRYPT}$6$sixteencharacters$i6..r6igPtOFB6qaMe.SnFe2NQV9MepL0rxf5hudDdr/w63uRVwSp/Isnc8ECYIh1F/TXBeTACL5mbF4TQXdL/",
        "joe",
        Says::Wrong,
    ),
    (
        "{SHA512-CRYPT}$6$sa_t$rOShZk.9hJ1K8nnpkmvbj/nQX0cqQwFm5stZLR2SipqtvIW3Ah9OF9G9cB9qxrl6KP/NuhV4IBg5zE4VRwU1U0",
        "joe",
        Says::Unknown,
    ),
    (
        "{SHA512-CRYPT}$6$$6QSjyCZ4UTABm7iK56Bu/FSrlxpvZLspm/TLE3/o10bt9Kkf9vk4CzV.eF6R8Xc7oxRO65kpgL.VICoaadDA80",
        "joe",
        Says::Unknown,
    ),
    ("{CRYPT}*0", "joe", Says::Wrong),
    ("{CRYPT}!", "joe", Says::Wrong),
    ("{SHA512-CRYPT}$6$salt$", "joe", Says::Wrong),
    // Derived keys.
    ("{PBKDF2}$1$salt$1$3d1048d90875b11ed843eb96cd18e6e0c2158f53", "joe", Says::Right),
    ("{PBKDF2}$1$so,me: sa+lt$100$fa3aeeeb97babaddd022a6c1e8011637b236c89c", "joe", Says::Right),
    ("{PBKDF2}$1$salt$0$3d1048d90875b11ed843eb96cd18e6e0c2158f53", "joe", Says::Wrong),
    (
        "{SCRAM-SHA-1}4096,c2FsdA==,C8W/XxCqoycurwW6DKhPXwDtvqo=,fExGfw9a29+YF2LB3qQYnTNiAhE=",
        "joe",
        Says::Right,
    ),
    (
        "{SCRAM-SHA-256}4096,eA==,meuaLRFkj53Zu+8flendMAH6JiL+7GHrApIjFlx3NMU=,0DzxvMS3IQ+3Yt4CBbKVdyJIoldpbQtytvy/AKMzJms=",
        "joe",
        Says::Right,
    ),
    // One-time passwords.
    ("{OTP}md5 99 alpha1 ea0d50976ae3aa6b", "joe", Says::Right),
    ("{OTP}md5 99 alpha1 EA0D50976AE3AA6B", "joe", Says::Right),
    ("{OTP}md5 98 alpha1 ea0d50976ae3aa6b", "joe", Says::Wrong),
];

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
