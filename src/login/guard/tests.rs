use super::*;

const WAIT: Duration = Duration::from_secs(6);

fn suspect(uid: Option<u32>, name: &str, remote: &str) -> Suspect {
    let remote = (!remote.is_empty()).then(|| remote.parse().unwrap());
    Suspect::new(name, uid.map(Uid), remote)
}

/// So many different wrong passwords.
fn guess(guard: &Guard, suspect: &Suspect, times: u32, now: Instant) {
    for n in 0..times {
        guard.wrong(suspect, format!("guess {n}").as_bytes(), now);
    }
}

fn seconds(wait: Option<Duration>) -> Option<u64> {
    wait.map(|wait| wait.as_secs())
}

#[tokio::test(start_paused = true)]
async fn who_guesses_waits_in_line() {
    let (guard, now) = (Guard::new(WAIT), Instant::now());
    let joe = suspect(Some(70000), "joe", "192.0.2.1");
    guess(&guard, &joe, 3, now);
    assert_eq!(seconds(guard.wait(&joe, now)), Some(0), "three mistakes are everybody's");
    guard.wrong(&joe, b"a fourth", now);
    for expected in [1, 2, 3, 4, 5, 6] {
        assert_eq!(seconds(guard.wait(&joe, now)), Some(expected), "one after the other");
    }
    assert_eq!(guard.wait(&joe, now), None, "nobody waits that long");
    let later = now + Duration::from_secs(7);
    assert_eq!(seconds(guard.wait(&joe, later)), Some(1), "the line has gone");
    guess(&guard, &joe, 20, later);
    assert_eq!(seconds(guard.wait(&joe, later + WAIT)), Some(4), "the longest pause");
    assert_eq!(seconds(guard.wait(&joe, later + FORGET)), Some(0), "forgotten");
}

#[tokio::test(start_paused = true)]
async fn lines_are_of_accounts_and_of_networks() {
    let now = Instant::now();
    let table = [
        ("the same", Some(1), "joe", "192.0.2.1", true),
        ("another address", Some(1), "joe", "192.0.2.2", true),
        ("another account", Some(2), "jane", "192.0.2.1", true),
        ("both others", Some(2), "jane", "192.0.2.2", false),
        ("nobody, from there", None, "x", "192.0.2.1", true),
        ("nobody, from elsewhere", None, "x", "192.0.2.2", false),
        ("the address in IPv6 clothes", Some(2), "jane", "::ffff:192.0.2.1", true),
        ("nobody knows from where", Some(2), "jane", "", false),
        ("the account, from somewhere", Some(1), "joe", "", true),
    ];
    for (what, uid, name, remote, waits) in table {
        let guard = Guard::new(WAIT);
        guess(&guard, &suspect(Some(1), "joe", "192.0.2.1"), 4, now);
        let wait = guard.wait(&suspect(uid, name, remote), now).unwrap();
        assert_eq!(!wait.is_zero(), waits, "{what}");
    }
    let guard = Guard::new(WAIT);
    guess(&guard, &suspect(Some(1), "joe", "2001:db8::1"), 4, now);
    let near = guard.wait(&suspect(None, "x", "2001:db8::ffff:2"), now).unwrap();
    let far = guard.wait(&suspect(None, "x", "2001:db8:0:1::2"), now).unwrap();
    assert!(!near.is_zero() && far.is_zero(), "an IPv6 network is a /64");
    guess(&guard, &suspect(Some(3), "jim", "127.0.0.1"), 9, now);
    let webmail = guard.wait(&suspect(Some(4), "jo", "127.0.0.1"), now).unwrap();
    assert!(webmail.is_zero(), "this machine speaks for many");
    guess(&guard, &suspect(None, "Ghost", "192.0.2.7"), 9, now);
    let ghost = guard.wait(&suspect(None, "ghost", "192.0.2.8"), now);
    assert!(ghost.is_none_or(|wait| !wait.is_zero()), "those who do not exist are guarded alike");
}

#[tokio::test(start_paused = true)]
async fn the_owner_is_never_kept_out() {
    let (guard, now) = (Guard::new(WAIT), Instant::now());
    let owner = suspect(Some(1), "joe", "192.0.2.1");
    let attacker = suspect(Some(1), "joe", "198.51.100.1");
    guard.right(&owner, now);
    guess(&guard, &attacker, 50, now);
    while guard.wait(&attacker, now).is_some() {}
    assert_eq!(seconds(guard.wait(&owner, now)), Some(0), "from a known address");
    // A neighbour of the owner guesses at others.
    guess(&guard, &suspect(Some(2), "jane", "192.0.2.1"), 50, now);
    assert_eq!(seconds(guard.wait(&owner, now)), Some(0), "whatever the network did");
    // The owner's own mistakes there do not keep the owner out elsewhere.
    let (guard, travelling) = (Guard::new(WAIT), suspect(Some(1), "joe", "203.0.113.9"));
    guard.right(&owner, now);
    guess(&guard, &owner, 50, now);
    assert_eq!(seconds(guard.wait(&travelling, now)), Some(0));
}

#[tokio::test(start_paused = true)]
async fn the_same_mistake_again_is_no_guess() {
    let (guard, now) = (Guard::new(WAIT), Instant::now());
    let phone = suspect(Some(1), "joe", "192.0.2.1");
    for _ in 0..100 {
        guard.wrong(&phone, b"the old password", now);
    }
    assert_eq!(seconds(guard.wait(&phone, now)), Some(0));
}
