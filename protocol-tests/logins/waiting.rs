//! When answers come: on a clock that only moves when everybody waits.

use tokio::time::Instant;

use super::*;

async fn took(logins: &Logins<Arc<Facts>>, attempt: &Attempt<'_>, password: &str) -> (u64, String) {
    let started = Instant::now();
    let outcome = logins.by_password(attempt, password.as_bytes()).await;
    let millis = u64::try_from(started.elapsed().as_millis()).unwrap();
    (millis, seen(&outcome))
}

#[tokio::test(start_paused = true)]
async fn failures_take_the_same_time_whoever_they_are_for() {
    let (facts, logins) = logins(settings());
    facts.put("joe", account(Some(hash(FAST, "right"))));
    facts.put("late", Account { expires: Some(NOW), ..account(Some(hash(FAST, "right"))) });
    let table = [
        ("joe@example.org", "imap", "wrong"),
        ("joe@example.org", "imap", ""),
        ("joe@example.org", "pop3", "right"),
        ("joe@example.org", "pop3", "wrong"),
        ("late@example.org", "imap", "right"),
        ("ghost@example.org", "imap", "wrong"),
        ("nowhere", "imap", "wrong"),
    ];
    for (number, (name, service, password)) in table.into_iter().enumerate() {
        let remote = Some(ip(&format!("192.0.2.{number}")));
        let attempt = Attempt { name, service, remote, local: None };
        let (millis, outcome) = took(&logins, &attempt, password).await;
        assert!((2000..2010).contains(&millis), "{name} {password}: {millis} ms, {outcome}");
    }
    let (millis, outcome) = took(&logins, &from("joe@example.org", "imap"), "right").await;
    assert!(millis < 10, "who is right does not wait: {millis} ms, {outcome}");
}

#[tokio::test(start_paused = true)]
async fn postfix_never_waits_longer_than_it_does() {
    let (facts, logins) = logins(settings());
    facts.put("joe", account(Some(hash(FAST, "right"))));
    let attempt = from("joe@example.org", "smtp");
    let guess = |n: u32| {
        let (logins, attempt) = (logins.clone(), attempt);
        async move { took(&logins, &attempt, &format!("guess {n}")).await }
    };
    let mut longest = 0;
    let mut tried = 0;
    for n in 0..10 {
        longest = longest.max(guess(n).await.0);
    }
    // A crowd that guesses at once is told to come back, all but those who fit into the line.
    for (millis, outcome) in futures_util::future::join_all((10..200).map(guess)).await {
        longest = longest.max(millis);
        tried += u32::from(outcome.starts_with("fail"));
    }
    assert!(longest < 9000, "{longest} ms");
    assert!((1..=6).contains(&tried), "{tried} of 190 were tried");
}

#[tokio::test(start_paused = true)]
async fn waiting_does_not_tell_who_exists() {
    let (facts, logins) = logins(settings());
    facts.put("joe", account(Some(hash(FAST, "right"))));
    let mut waits = Vec::new();
    for name in ["joe", "ghost"] {
        let names = [format!("{name}@example.org"), format!("{name}@example.com")];
        for n in 0..6_u8 {
            let remote = Some(ip(&format!("192.0.2.{n}")));
            let attempt = Attempt { name: &names[0], service: "imap", remote, local: None };
            took(&logins, &attempt, &format!("guess {name} {n}")).await;
        }
        // By another name of the same domain, and from elsewhere.
        let remote = Some(ip("203.0.113.1"));
        let attempt = Attempt { name: &names[1], service: "imap", remote, local: None };
        waits.push(took(&logins, &attempt, "guess").await.0);
    }
    assert_eq!(waits[0] / 100, waits[1] / 100, "{waits:?}");
    assert!(waits[0] > 3000, "{waits:?}");
}

#[tokio::test(start_paused = true)]
async fn the_owner_logs_in_while_others_guess() {
    let (facts, logins) = logins(settings());
    facts.put("joe", account(Some(hash(FAST, "right"))));
    let at_home = Attempt { remote: Some(ip("203.0.113.7")), ..from("joe@example.org", "imap") };
    assert_eq!(took(&logins, &at_home, "right").await.1, "ok joe@example.org");
    let guesser = from("joe@example.org", "imap");
    for n in 0..20 {
        took(&logins, &guesser, &format!("guess {n}")).await;
    }
    let (millis, outcome) = took(&logins, &at_home, "right").await;
    assert_eq!(outcome, "ok joe@example.org");
    assert!(millis < 10, "{millis} ms");
    // From a new place it takes a while, and works.
    let travelling = Attempt { remote: Some(ip("203.0.113.99")), ..at_home };
    let (millis, outcome) = took(&logins, &travelling, "right").await;
    assert_eq!(outcome, "ok joe@example.org");
    assert!((1000..8000).contains(&millis), "{millis} ms");
    assert!(took(&logins, &travelling, "right").await.0 < 10, "and is known from then on");
}
