//! Every stored password that Dovecot made, and every mechanism, over a real auth socket.

use std::path::PathBuf;

use postcote::password::ScramHash;

use super::*;
use crate::passwords::vectors::{Vector, vectors};
use crate::sasl::client::{cram_md5_answer, scram_answer};
use crate::support::daemon::{Daemon, Setup, make_daemon_user};
use crate::support::lines::{Lines, plain};
use crate::support::pg::{self, TestDatabase};
use crate::support::scratch::Scratch;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// A daemon with an auth socket and accounts of `example.org`.
struct House {
    auth: PathBuf,
    _daemon: Daemon,
    _database: TestDatabase<'static>,
    _scratch: Scratch,
}

/// Accounts with one password each, and one account whose app passwords the others are, for hashes
/// that are bound to a login.
async fn house(accounts: &[(String, String)], bound: &[String]) -> House {
    let (database, scratch) = (pg::database(), Scratch::new());
    let client = database.connect().await;
    make_daemon_user(&client).await;
    let sql = "BEGIN;
               INSERT INTO postcote.domain (gid) VALUES (70000);
               INSERT INTO postcote.domain_name VALUES ('example.org', 70000, true);
               COMMIT;
               INSERT INTO postcote.account (uid, gid, localpart, password)
               VALUES (70000, 70000, 'user', '{PLAIN}known to nobody')";
    client.batch_execute(sql).await.unwrap();
    let (names, stored): (Vec<_>, Vec<_>) = accounts.iter().cloned().unzip();
    let sql = "INSERT INTO postcote.account (gid, localpart, password)
               SELECT 70000, * FROM unnest($1::text[], $2::text[])";
    client.execute(sql, &[&names, &stored]).await.unwrap();
    let sql = "INSERT INTO postcote.app_password (uid, name, password)
               SELECT 70000, 'n' || n, p FROM unnest($1::text[]) WITH ORDINALITY AS u (p, n)";
    client.execute(sql, &[&bound]).await.unwrap();
    let auth = scratch.join("auth");
    let mut setup = Setup::new(&database.url);
    setup.listen = format!(
        "\n[[listen]]\nprotocol = \"dovecot-auth\"\naddress = \"unix:{}\"\n\n\
         [accounts]\npassword-scheme = \"PLAIN\"\n\n[logins]\nfailure-delay = \"1ms\"\n",
        auth.display()
    );
    House { auth, _daemon: setup.start(), _database: database, _scratch: scratch }
}

/// Who has the password of a vector.
fn owner(vector: &Vector) -> String {
    if vector.login.is_empty() { format!("v{}", vector.line) } else { "user".to_owned() }
}

#[tokio::test]
async fn every_hash_that_dovecot_made_lets_its_password_in_and_no_other() {
    let all: Vec<_> = vectors().into_iter().filter(|one| one.storable().is_some()).collect();
    let stored = |one: &Vector| one.storable().unwrap().expose().to_owned();
    let (bound, free): (Vec<_>, Vec<_>) = all.iter().partition(|one| !one.login.is_empty());
    let accounts: Vec<_> = free.iter().map(|one| (owner(one), stored(one))).collect();
    let bound: Vec<_> = bound.into_iter().map(stored).collect();
    let house = house(&accounts, &bound).await;
    // An empty password is let in by nobody, whatever is stored: one for each scheme.
    let (empty, right): (Vec<_>, Vec<_>) = all.iter().partition(|one| one.password.is_empty());
    assert_eq!((right.len(), empty.len()), (423, 27), "read the head of the file");
    let attempts = right.iter().map(|one| (*one, one.password.as_slice(), true));
    let attempts = attempts.chain(empty.iter().map(|one| (*one, b"".as_slice(), false)));
    let attempts: Vec<_> =
        attempts.chain(all.iter().map(|one| (one, b"wrongpw".as_slice(), false))).collect();
    let wrong: Vec<String> = std::thread::scope(|scope| {
        let attempt = |line: &mut Lines,
                       number: usize,
                       (one, password, lets_in): (&Vector, _, _)| {
            let name = format!("{}@example.org", owner(one));
            let expected = if lets_in { "OK" } else { "FAIL" };
            let expected = format!("{expected}\t{number}\tuser={name}");
            let message = plain(&name, password);
            let said = line.asks(&format!("AUTH\t{number}\tPLAIN\tservice=imap\tresp={message}"));
            (said != expected).then(|| format!("{one}: {said}, not {expected}"))
        };
        let crowd = attempts.chunks(attempts.len().div_ceil(4)).map(|some| {
            let mut line = Lines::to_auth(&house.auth);
            scope.spawn(move || {
                let one = |(number, one)| attempt(&mut line, number, one);
                (1..).zip(some.iter().copied()).filter_map(one).collect::<Vec<_>>()
            })
        });
        let crowd: Vec<_> = crowd.collect();
        crowd.into_iter().flat_map(|some| some.join().unwrap()).collect()
    });
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn every_mechanism_lets_in_by_what_is_stored_for_it() {
    let made = |scheme: Scheme| hash(scheme, "sekrit").expose().to_owned();
    let accounts = [
        ("plain", made(Scheme::Plain)),
        ("cram", made(Scheme::CramMd5)),
        ("one", made(Scheme::ScramSha1)),
        ("two", made(Scheme::ScramSha256)),
        ("argon", made(Scheme::Argon2id)),
    ];
    let accounts = accounts.map(|(name, stored)| (name.to_owned(), stored));
    let house = house(&accounts, &[]).await;
    // What is stored in one way proves nothing in another.
    let table = [
        ("PLAIN", "plain cram one two argon"),
        ("LOGIN", "plain cram one two argon"),
        ("CRAM-MD5", "plain cram"),
        ("SCRAM-SHA-1", "plain one"),
        ("SCRAM-SHA-256", "plain two"),
    ];
    let mut line = Lines::to_auth(&house.auth);
    let mut id = 0;
    for (mechanism, able) in table {
        for (name, _) in &accounts {
            for password in ["sekrit", "wrong"] {
                for at_once in [true, false] {
                    id += 1;
                    let user = format!("{name}@example.org");
                    let said = exchange(&mut line, (id, mechanism, at_once), &user, password);
                    let is_right = password == "sekrit" && able.split(' ').any(|one| one == name);
                    let expected = if is_right { "OK" } else { "FAIL" };
                    let expected = format!("{expected}\t{id}\tuser={user}");
                    assert_eq!(said, expected, "{mechanism} {password}");
                }
            }
        }
    }
}

/// Plays a whole exchange; whoever takes the server's last message with the success gets it so. What
/// the server says at its end is returned.
fn exchange(
    line: &mut Lines,
    (id, mechanism, at_once): (u32, &str, bool),
    user: &str,
    password: &str,
) -> String {
    let last = if at_once { "\tfinal-resp-ok" } else { "" };
    let begin = format!("AUTH\t{id}\t{mechanism}\tservice=imap{last}");
    let cont = |said: &str| {
        let message =
            said.strip_prefix(&format!("CONT\t{id}\t")).unwrap_or_else(|| panic!("{said}"));
        String::from_utf8(STANDARD.decode(message).unwrap()).unwrap()
    };
    let answer = |text: &str| format!("CONT\t{id}\t{}", STANDARD.encode(text));
    match mechanism {
        "PLAIN" => line.asks(&format!("{begin}\tresp={}", plain(user, password.as_bytes()))),
        "LOGIN" => {
            assert_eq!(cont(&line.asks(&begin)), "Username:");
            assert_eq!(cont(&line.asks(&answer(user))), "Password:");
            line.asks(&answer(password))
        }
        "CRAM-MD5" => {
            let challenge = cont(&line.asks(&begin));
            line.asks(&answer(&cram_md5_answer(user, challenge.as_bytes(), password.as_bytes())))
        }
        _ => {
            let hash = if mechanism == "SCRAM-SHA-1" { ScramHash::Sha1 } else { ScramHash::Sha256 };
            let bare = format!("n={user},r=nonce{id}");
            let first = STANDARD.encode(format!("n,,{bare}"));
            let challenge = cont(&line.asks(&format!("{begin}\tresp={first}")));
            let (proof, expected) = scram_answer(hash, &bare, &challenge, password.as_bytes());
            let said = line.asks(&answer(&proof));
            if said.starts_with("FAIL") {
                return said;
            }
            let Some((said, last)) = said.split_once("\tresp=") else {
                assert_eq!(cont(&said), expected, "the server proves itself");
                return line.asks(&answer(""));
            };
            assert_eq!(STANDARD.decode(last).unwrap(), expected.as_bytes());
            said.to_owned()
        }
    }
}
