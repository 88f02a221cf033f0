//! What each attempt comes to.

use postcote::directory::EntryKey;
use postcote::login::{Attempt, Credentials, LoginError, Rehash, Wanted};
use postcote::mail::{Denial, Gid, PasswordHash, Scheme, ServiceSet, Timestamp};
use postcote::password::{self, CramMd5Context, ScramHash};
use tokio::sync::mpsc;

use super::*;

#[tokio::test(start_paused = true)]
#[expect(clippy::too_many_lines, reason = "one table")]
async fn every_attempt_gets_its_answer() {
    let (facts, logins) = logins(settings());
    let right = || Some(hash(FAST, "right"));
    facts.put("joe", account(right()));
    facts.put("all", Account { services: Some(ServiceSet::ALL), ..account(right()) });
    facts.put("none", Account { services: Some(ServiceSet::NONE), ..account(right()) });
    let off = |reason: Option<&str>| Switches {
        login: false,
        reason: reason.map(Into::into),
        ..Switches::default()
    };
    facts.put("locked", Account { switches: off(Some("Unpaid")), ..account(right()) });
    facts.put("shut", Account { switches: off(None), ..account(right()) });
    let mute = Switches { send: false, ..Switches::default() };
    facts.put("mute", Account { switches: mute, ..account(right()) });
    facts.put("late", Account { expires: Some(NOW), ..account(right()) });
    facts.put("soon", Account { expires: Some(Timestamp(NOW.0 + 1)), ..account(right()) });
    facts.put("odd", account(None));
    facts.put("broken", account(Some(PasswordHash::parse("{SSHA256}AAAA").unwrap())));
    facts.put(
        "empty",
        account(Some(PasswordHash::parse("{SHA}2jmj7l5rSw0yVb/vlWAYkK/YBwk=").unwrap())),
    );
    let apps = [
        app(1, "phone", None, None),
        app(2, "printer", Some("smtp"), None),
        app(3, "old", None, Some(NOW.0)),
        app(4, "pop", Some("pop3"), None),
    ];
    facts.put("apps", Account { app_passwords: apps.clone().into(), ..account(right()) });
    facts.put("only", Account { app_passwords: apps.into(), ..account(None) });

    let unreadable = "temporary: the stored password is no hash that is known here; set it anew";
    let table = [
        ("joe@example.org", "imap", "right", "ok joe@example.org"),
        ("Joe@Example.ORG", "imap", "right", "ok joe@example.org"),
        ("joe@example.com", "imap", "right", "ok joe@example.org"),
        ("joe:example.com", "smtp", "right", "ok joe@example.org"),
        ("org-joe", "imap", "right", "ok joe@example.org"),
        ("joe@example.org", "imap", "wrong", "fail user=joe@example.org"),
        ("joe@example.org", "imap", "Right", "fail user=joe@example.org"),
        ("joe@example.org", "imap", "", "fail user=joe@example.org"),
        ("joe@example.com", "imap", "wrong", "fail user=joe@example.com"),
        ("ghost@example.org", "imap", "right", "fail user=ghost@example.org"),
        ("ghost@example.org", "imap", "", "fail user=ghost@example.org"),
        ("joe+x@example.org", "imap", "right", "fail user=joe+x@example.org"),
        ("joe@closed.example", "imap", "right", "fail user=joe@closed.example"),
        ("joe@elsewhere.example", "imap", "right", "fail user=joe@elsewhere.example"),
        ("joe", "imap", "right", "fail user=joe"),
        ("a@b@c", "imap", "right", "fail user=a@b@c"),
        // services
        (
            "joe@example.com",
            "pop3",
            "right",
            "fail user=joe@example.org code=user_disabled reason=POP3 is not enabled for this account",
        ),
        ("joe@example.com", "pop3", "wrong", "fail user=joe@example.com"),
        ("joe@example.org", "submission", "right", "ok joe@example.org"),
        ("joe@example.org", "doveadm", "right", "ok joe@example.org"),
        ("none@example.org", "lmtp", "right", "ok none@example.org"),
        ("all@example.org", "managesieve-login", "right", "ok all@example.org"),
        (
            "joe@example.org",
            "xmpp",
            "right",
            "fail user=joe@example.org code=user_disabled reason=This service is not enabled for this \
             account",
        ),
        ("all@example.org", "xmpp", "right", "ok all@example.org"),
        // states
        (
            "locked@example.org",
            "imap",
            "right",
            "fail user=locked@example.org code=user_disabled reason=Unpaid",
        ),
        ("locked@example.org", "imap", "wrong", "fail user=locked@example.org"),
        (
            "shut@example.org",
            "imap",
            "right",
            "fail user=shut@example.org code=user_disabled reason=Account is disabled",
        ),
        ("mute@example.org", "imap", "right", "ok mute@example.org"),
        (
            "mute@example.org",
            "smtp",
            "right",
            "fail user=mute@example.org code=user_disabled reason=Account may not send mail",
        ),
        (
            "late@example.org",
            "imap",
            "right",
            "fail user=late@example.org code=user_disabled reason=Account has expired",
        ),
        ("soon@example.org", "imap", "right", "ok soon@example.org"),
        // what cannot be verified is never called wrong
        ("odd@example.org", "imap", "right", unreadable),
        (
            "broken@example.org",
            "imap",
            "right",
            "temporary: not a hash of SSHA256: it is too short for a digest and a salt",
        ),
        ("empty@example.org", "imap", "", "fail user=empty@example.org"),
        // app passwords
        ("apps@example.org", "imap", "right", "ok apps@example.org"),
        ("apps@example.org", "imap", "phone", "ok apps@example.org by app password 1"),
        ("apps@example.org", "smtp", "printer", "ok apps@example.org by app password 2"),
        (
            "apps@example.org",
            "imap",
            "printer",
            "fail user=apps@example.org code=user_disabled reason=IMAP is not enabled for this account",
        ),
        ("apps@example.org", "imap", "old", "fail user=apps@example.org"),
        (
            "apps@example.org",
            "pop3",
            "pop",
            "fail user=apps@example.org code=user_disabled reason=POP3 is not enabled for this account",
        ),
        ("only@example.org", "imap", "phone", "ok only@example.org by app password 1"),
        ("only@example.org", "imap", "right", unreadable),
    ];
    for (number, (name, service, password, expected)) in table.into_iter().enumerate() {
        // From somewhere else each time, for nobody is to wait here.
        let remote = Some(ip(&format!("192.0.2.{number}")));
        let attempt = Attempt { name, service, remote, local: None };
        let got = seen(&logins.by_password(&attempt, password.as_bytes()).await);
        assert_eq!(got, expected, "{name} {service} {password}");
    }
    let here = Attempt { local: Some(ip("192.0.2.80")), ..from("joe", "imap") };
    assert_eq!(seen(&logins.by_password(&here, b"right").await), "ok joe@example.org");
    let long = "x".repeat(2000);
    let got = logins.by_password(&from("joe@example.org", "imap"), long.as_bytes()).await;
    assert_eq!(seen(&got), "fail user=joe@example.org", "longer than any password");
}

#[tokio::test(start_paused = true)]
async fn unsure_is_never_no() {
    let (facts, logins) = logins(settings());
    facts.put("joe", account(Some(hash(FAST, "right"))));
    facts.go_away();
    for name in ["joe@example.org", "ghost@example.org"] {
        let attempt = from(name, "imap");
        let gone = "temporary: the database cannot be reached";
        assert_eq!(seen(&logins.by_password(&attempt, b"right").await), gone, "{name}");
        assert!(logins.user(name, None).await.is_err(), "{name}");
        let stored = logins.stored(name, Some("imap"), None).await;
        assert!(matches!(stored, Err(LoginError::Unavailable(_))), "{name}");
        let challenge = logins.credentials(&attempt, Wanted::CramMd5).await;
        assert!(matches!(challenge, Err(LoginError::Unavailable(_))), "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_change_counts_at_once() {
    let (facts, logins) = logins(settings());
    let attempt = from("joe@example.org", "imap");
    facts.put("joe", account(Some(hash(FAST, "one"))));
    assert_eq!(seen(&logins.by_password(&attempt, b"one").await), "ok joe@example.org");
    assert_eq!(seen(&logins.by_password(&attempt, b"one").await), "ok joe@example.org");
    assert_eq!(logins.forget(), 1);
    assert_eq!(seen(&logins.by_password(&attempt, b"one").await), "ok joe@example.org");
    // Another password, and what was remembered of the old one is worth nothing.
    facts.put("joe", account(Some(hash(FAST, "two"))));
    assert_eq!(seen(&logins.by_password(&attempt, b"one").await), "fail user=joe@example.org");
    assert_eq!(seen(&logins.by_password(&attempt, b"two").await), "ok joe@example.org");
    // A remembered login does not outlive the right to it.
    let expired = Account { expires: Some(NOW), ..account(Some(hash(FAST, "two"))) };
    facts.put("joe", Account { password: facts_hash(&facts, "joe"), ..expired });
    let expected = "fail user=joe@example.org code=user_disabled reason=Account has expired";
    assert_eq!(seen(&logins.by_password(&attempt, b"two").await), expected);
    // Neither does an app password its own end.
    let with = |apps: Vec<AppPassword>| Account { app_passwords: apps.into(), ..account(None) };
    facts.put("joe", with(vec![app(7, "phone", None, None)]));
    let by_app = "ok joe@example.org by app password 7";
    assert_eq!(seen(&logins.by_password(&attempt, b"phone").await), by_app);
    facts.put("joe", with(vec![app(8, "other", None, None)]));
    assert!(seen(&logins.by_password(&attempt, b"phone").await).starts_with("temporary"));
}

fn facts_hash(facts: &Facts, name: &str) -> Option<PasswordHash> {
    let key = EntryKey { gid: Gid(70000), localpart: localpart(name) };
    match facts.accounts.lock().unwrap().get(key.localpart.as_str()).map(|entry| &**entry) {
        Some(Entry::Account(account)) => account.password.clone(),
        _ => None,
    }
}

#[tokio::test(start_paused = true)]
async fn delivery_finds_users_that_may_not_log_in() {
    let (facts, logins) = logins(settings());
    facts.put("joe", Account { expires: Some(NOW), ..account(None) });
    let user = logins.user("joe@example.com", None).await.unwrap().unwrap();
    assert_eq!(
        (user.login.to_string().as_str(), user.uid.0, user.gid.0),
        ("joe@example.org", 70000, 70000)
    );
    assert_eq!(user.quota, QuotaLimit { bytes: 1000, messages: 0 }, "the domain's");
    assert!(logins.user("ghost@example.org", None).await.unwrap().is_none());
    assert!(logins.user("no address", None).await.unwrap().is_none());
    let stored = |service| logins.stored("joe@example.org", service, None);
    let denied = |outcome: Result<_, LoginError>| match outcome {
        Err(LoginError::Denied { denial, .. }) => denial,
        other => panic!("{other:?}"),
    };
    assert_eq!(denied(stored(Some("imap")).await.map(drop)), Denial::AccountExpired);
    facts.put("joe", account(Some(hash(FAST, "right"))));
    assert!(stored(Some("imap")).await.unwrap().hash.expose().starts_with("{SSHA256}"));
    assert!(matches!(denied(stored(Some("pop3")).await.map(drop)), Denial::ServiceDisabled(_)));
    assert!(stored(None).await.is_ok());
    facts.put("joe", account(None));
    assert!(matches!(stored(None).await, Err(LoginError::Unavailable(_))));
}

#[tokio::test(start_paused = true)]
async fn challenges_tell_nothing_before_they_are_proven() {
    let (facts, logins) = logins(settings());
    let cram = || hash(Scheme::CramMd5, "right");
    facts.put("cram", account(Some(cram())));
    facts.put("plain", account(Some(hash(Scheme::Plain, "right"))));
    facts.put("scram", account(Some(hash(Scheme::ScramSha256, "right"))));
    facts.put("argon", account(Some(hash(FAST, "right"))));
    let expected = *CramMd5Context::of(&cram()).unwrap().unwrap().octets();
    let sha256 = Wanted::Scram(ScramHash::Sha256);
    let table = [
        ("cram", Wanted::CramMd5, true),
        ("plain", Wanted::CramMd5, true),
        ("argon", Wanted::CramMd5, false),
        ("ghost", Wanted::CramMd5, false),
        ("scram", sha256, true),
        ("plain", sha256, true),
        ("scram", Wanted::Scram(ScramHash::Sha1), false),
        ("cram", sha256, false),
        ("ghost", sha256, false),
    ];
    for (name, wanted, has) in table {
        let address = format!("{name}@example.org");
        let attempt = from(&address, "imap");
        let challenge = logins.credentials(&attempt, wanted).await.unwrap();
        let again = logins.credentials(&attempt, wanted).await.unwrap();
        match (&challenge.credentials, &again.credentials) {
            (Credentials::CramMd5(context), _) => {
                assert_eq!(*context.octets() == expected, has, "{name}");
            }
            (Credentials::Scram(one), Credentials::Scram(other)) => {
                assert_eq!(one.iterations, 4096, "{name}");
                // Made up or stored, the salt of a name stays.
                assert_eq!(one.salt == other.salt, name != "plain", "{name}");
                assert_eq!(one.salt.len(), 16, "{name}");
            }
            other => panic!("{name}: {other:?}"),
        }
        let proven = seen(&logins.proven(&attempt, challenge, true).await);
        let failed = format!("fail user={address}");
        let welcome = format!("ok {address}");
        assert_eq!(proven, if has { welcome } else { failed.clone() }, "{name} {wanted:?}");
        assert_eq!(seen(&logins.proven(&attempt, again, false).await), failed, "{name}");
    }
    facts.put("late", Account { expires: Some(NOW), ..account(Some(cram())) });
    let attempt = from("late@example.org", "imap");
    let challenge = logins.credentials(&attempt, Wanted::CramMd5).await.unwrap();
    let expected = "fail user=late@example.org code=user_disabled reason=Account has expired";
    assert_eq!(seen(&logins.proven(&attempt, challenge, true).await), expected);
}

#[tokio::test(start_paused = true)]
async fn hashes_of_other_schemes_are_renewed() {
    let facts = Arc::new(Facts::default());
    let resolver = Resolver::new(Arc::clone(&facts), Delimiters::default());
    let (sender, mut renewed) = mpsc::channel(1);
    let logins = Logins::new(resolver, settings(), Some(sender)).unwrap();
    let old = hash(Scheme::Sha, "right");
    facts.put("joe", account(Some(old.clone())));
    facts.put("new", account(Some(hash(FAST, "right"))));
    let attempt = from("joe@example.org", "imap");
    assert!(logins.by_password(&attempt, b"wrong").await.is_err());
    assert!(logins.by_password(&from("new@example.org", "imap"), b"right").await.is_ok());
    assert!(logins.by_password(&attempt, b"right").await.is_ok());
    let Rehash { uid, verified, rehashed } = renewed.recv().await.unwrap();
    assert_eq!((uid, verified), (Uid(70000), old));
    assert_eq!(rehashed.scheme(), FAST);
    assert!(password::verify(&rehashed, "joe@example.org", b"right").unwrap());
    assert!(renewed.try_recv().is_err(), "the others have nothing to renew");
}
