//! The database is killed, sessions are cut, the process is killed, the disk has half a line.

use std::io::{BufRead, BufReader, Write as _};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::*;
use crate::support::pg;
use crate::support::scratch::Scratch;
use Amount::{Add, Set};

/// What was acknowledged for each account.
type Acknowledged = Arc<Vec<AtomicU64>>;

/// Grows all mailboxes at once until told to stop.
fn grow(
    journal: &WriteBack,
    stop: &Arc<AtomicBool>,
) -> (Acknowledged, Vec<tokio::task::JoinHandle<()>>) {
    let acknowledged: Acknowledged = Arc::new((0..ACCOUNTS).map(|_| AtomicU64::new(0)).collect());
    let tasks = (0..ACCOUNTS).map(|n| {
        let (journal, stop) = (journal.clone(), Arc::clone(stop));
        let acknowledged = Arc::clone(&acknowledged);
        tokio::spawn(async move {
            while !stop.load(Ordering::SeqCst) {
                journal.commit(quota(70000 + n, Add(10), Add(1))).await.unwrap();
                acknowledged[n as usize].fetch_add(1, Ordering::SeqCst);
            }
        })
    });
    let tasks = tasks.collect();
    (acknowledged, tasks)
}

async fn begin(journal: &WriteBack) {
    for n in 0..ACCOUNTS {
        journal.commit(quota(70000 + n, Set(0), Set(0))).await.unwrap();
    }
}

async fn assert_counted(client: &Client, acknowledged: &[u64]) {
    for (uid, times) in (70000..).zip(acknowledged) {
        let sql = "SELECT bytes, messages FROM postcote.quota_usage WHERE uid = $1";
        let row = client.query_one(sql, &[&i64::from(uid)]).await.unwrap();
        let times = i64::try_from(*times).unwrap();
        assert_eq!((row.get::<_, i64>(0), row.get::<_, i64>(1)), (10 * times, times), "{uid}");
    }
}

fn counts(acknowledged: &Acknowledged) -> Vec<u64> {
    acknowledged.iter().map(|count| count.load(Ordering::SeqCst)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_or_added_twice_when_the_database_is_killed() {
    let (mut own, scratch) = (pg::dedicated_cluster(), Scratch::new());
    let url = own.database();
    fill(&pg::connect(&url).await).await;
    let journal = open(&scratch.join("journal"), &url);
    begin(&journal).await;
    let stop = Arc::new(AtomicBool::new(false));
    let (acknowledged, tasks) = grow(&journal, &stop);
    for round in 0..4_u64 {
        let before: u64 = counts(&acknowledged).iter().sum();
        let enough = || async { counts(&acknowledged).iter().sum::<u64>() > before + 500 };
        until("some writes", enough).await;
        own.cluster.kill().unwrap();
        let down: u64 = counts(&acknowledged).iter().sum();
        let more = || async { counts(&acknowledged).iter().sum::<u64>() > down + 500 };
        until("writes go on without a database", more).await;
        if round == 0 {
            let unknown = journal.quota(Uid(60000)).await;
            assert!(unknown.is_err(), "what cannot be known is not told: {unknown:?}");
            // Nor is something wrong told where what waits may tell enough.
            let told = acknowledged[0].load(Ordering::SeqCst);
            if let Ok(usage) = journal.quota(Uid(70000)).await {
                assert!(usage.is_some_and(|usage| usage.messages >= told), "{usage:?}, not {told}");
            }
            journal.commit(quota(60000, Set(7), Set(1))).await.unwrap();
            let known = journal.quota(Uid(60000)).await.unwrap();
            assert_eq!(known.map(|usage| usage.bytes), Some(7), "told since it is away");
        }
        own.cluster.restart().unwrap();
    }
    stop.store(true, Ordering::SeqCst);
    for task in tasks {
        task.await.unwrap();
    }
    // It is known to be away until it is tried again.
    until("it is back", || async { journal.quota(Uid(70000)).await.is_ok() }).await;
    let usage = journal.quota(Uid(70000)).await.unwrap().unwrap();
    assert_eq!(usage.messages, acknowledged[0].load(Ordering::SeqCst), "a reader sees them all");
    assert!(journal.close(SOON).await);
    assert_counted(&pg::connect(&url).await, &counts(&acknowledged)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_or_added_twice_when_sessions_are_cut() {
    let (database, scratch) = (pg::database(), Scratch::new());
    let client = database.connect().await;
    fill(&client).await;
    let journal = open(&scratch.join("journal"), &database.url);
    begin(&journal).await;
    let stop = Arc::new(AtomicBool::new(false));
    let (acknowledged, tasks) = grow(&journal, &stop);
    let cut = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
               WHERE application_name = 'postcote journal' AND datname = current_database()";
    let mut cuts = 0_i64;
    let deadline = Instant::now() + SOON;
    while cuts < 20 {
        assert!(Instant::now() < deadline, "only {cuts} sessions were cut");
        cuts += client.query_one(cut, &[]).await.unwrap().get::<_, i64>(0);
        tokio::time::sleep(Duration::from_millis(3)).await;
    }
    stop.store(true, Ordering::SeqCst);
    for task in tasks {
        task.await.unwrap();
    }
    assert!(journal.close(SOON).await);
    assert_counted(&client, &counts(&acknowledged)).await;
}

/// Set for a copy of this test binary that writes into the directory, with this database.
const WRITER: &str = "POSTCOTE_TEST_WRITER";

/// Does nothing by itself: the other half of the test below.
#[tokio::test]
async fn a_writer_is_killed_by_another_test() {
    let Ok(told) = std::env::var(WRITER) else { return };
    let (directory, url) = told.split_once(' ').unwrap();
    let journal = open(Path::new(directory), url);
    loop {
        journal.commit(quota(70000, Add(10), Add(1))).await.unwrap();
        writeln!(std::io::stdout(), "acknowledged").unwrap();
    }
}

#[tokio::test]
async fn what_a_killed_process_has_acknowledged_is_taken_over() {
    let (mut own, scratch) = (pg::dedicated_cluster(), Scratch::new());
    let (url, directory) = (own.database(), scratch.join("journal"));
    let client = pg::connect(&url).await;
    fill(&client).await;
    client.batch_execute("INSERT INTO postcote.quota_usage VALUES (70000, 0, 0)").await.unwrap();
    drop(client);
    let mut acknowledged = 0;
    // With a database, without one, and with one again.
    for up in [true, false, true] {
        if !up {
            own.cluster.stop().unwrap();
        }
        let mut writer = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "--nocapture", "journal::crash::a_writer_is_killed_by_another_test"])
            .env(WRITER, format!("{} {url}", directory.display()))
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(writer.stdout.take().unwrap()).lines().map(Result::unwrap);
        let mut told = 0;
        while told < 200 {
            told += u64::from(lines.next().unwrap().ends_with("acknowledged"));
        }
        writer.kill().unwrap();
        told += lines.filter(|line| line.ends_with("acknowledged")).count() as u64;
        writer.wait().unwrap();
        acknowledged += told;
        if !up {
            own.cluster.restart().unwrap();
        }
    }
    let journal = open(&directory, &url);
    let usage = journal.quota(Uid(70000)).await.unwrap().unwrap();
    assert_eq!(usage.bytes, usage.messages * 10);
    // One write of each process may have been on the disk and not yet told of.
    assert!(
        (acknowledged..=acknowledged + 3).contains(&usage.messages),
        "{acknowledged} {usage:?}"
    );
    assert!(journal.close(SOON).await);
    assert_eq!(files(&directory), 0);
}

#[tokio::test]
async fn half_a_line_was_never_acknowledged() {
    let (mut own, scratch) = (pg::dedicated_cluster(), Scratch::new());
    let (url, directory) = (own.database(), scratch.join("journal"));
    fill(&pg::connect(&url).await).await;
    own.cluster.stop().unwrap();
    let journal = open(&directory, &url);
    journal.commit(quota(70000, Set(5), Set(1))).await.unwrap();
    journal.commit(quota(70000, Add(5), Add(1))).await.unwrap();
    assert!(!journal.close(Duration::from_millis(50)).await, "there is no database");
    let file = std::fs::read_dir(&directory).unwrap().next().unwrap().unwrap().path();
    let whole = std::fs::read_to_string(&file).unwrap();
    let after = whole.lines().last().unwrap();
    own.cluster.restart().unwrap();
    let client = pg::connect(&url).await;
    let table = [
        ("nothing", String::new(), 2, false),
        ("half a line", after[..10].to_owned(), 2, false),
        ("a line without its end", after.to_owned(), 2, false),
        ("a line with another number", format!("{}\n", after.replace("+5", "+6")), 2, false),
        ("zeros", "\0".repeat(500), 2, false),
        ("a whole line behind a broken one", format!("x\n{after}\n"), 2, true),
        ("one more", format!("{after}\n"), 3, false),
    ];
    for (number, (what, tail, messages, is_damage)) in table.into_iter().enumerate() {
        let place = scratch.join(&format!("journal{number}"));
        std::fs::create_dir(&place).unwrap();
        // By another name, for the database knows journals by theirs.
        let copy = place.join(format!("{number}.journal"));
        std::fs::write(&copy, format!("{whole}{tail}")).unwrap();
        let journal = open(&place, &url);
        assert!(journal.close(SOON).await, "{what}");
        let sql = "SELECT bytes, messages FROM postcote.quota_usage WHERE uid = 70000";
        let row = client.query_one(sql, &[]).await.unwrap();
        let expected = (messages * 5, messages);
        assert_eq!((row.get::<_, i64>(0), row.get::<_, i64>(1)), expected, "{what}");
        assert_eq!(place.join(format!("{number}.journal.damaged")).exists(), is_damage, "{what}");
    }
}

/// Stands between the journal and its database; tells nobody of the first commits.
async fn without_word_of_commits(socket: &Path, silent: u64) -> u16 {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (socket, silent) = (socket.to_owned(), Arc::new(AtomicU64::new(silent)));
    tokio::spawn(async move {
        loop {
            let (client, _) = listener.accept().await.unwrap();
            let server = tokio::net::UnixStream::connect(&socket).await.unwrap();
            tokio::spawn(relay(client, server, Arc::clone(&silent)));
        }
    });
    port
}

async fn relay(
    mut client: tokio::net::TcpStream,
    mut server: tokio::net::UnixStream,
    silent: Arc<AtomicU64>,
) {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let (mut asked, mut told) = (vec![0; 65536], vec![0; 65536]);
    loop {
        tokio::select! {
            read = client.read(&mut asked) => {
                let Ok(octets @ 1..) = read else { return };
                let asked = &asked[..octets];
                server.write_all(asked).await.unwrap();
                let commits = asked.windows(6).any(|word| word == b"COMMIT");
                let fewer = |left: u64| left.checked_sub(1);
                let order = Ordering::SeqCst;
                if commits && silent.fetch_update(order, order, fewer).is_ok() {
                    // The server has committed when it answers, which nobody is told.
                    let _ = server.read(&mut told).await;
                    return;
                }
            }
            read = server.read(&mut told) => {
                let Ok(octets @ 1..) = read else { return };
                if client.write_all(&told[..octets]).await.is_err() {
                    return;
                }
            }
        }
    }
}

#[tokio::test]
async fn a_commit_that_nobody_was_told_of_is_not_repeated() {
    let (database, scratch) = (pg::database(), Scratch::new());
    let client = database.connect().await;
    fill(&client).await;
    client.batch_execute("INSERT INTO postcote.quota_usage VALUES (70000, 0, 0)").await.unwrap();
    let socket = database.cluster().socket_directory().join(".s.PGSQL.5432");
    let port = without_word_of_commits(&socket, 5).await;
    let url = format!("postgresql://postgres@127.0.0.1:{port}/{}?sslmode=disable", database.name());
    let journal = open(&scratch.join("journal"), &url);
    for n in 1..=20_u64 {
        journal.commit(quota(70000, Add(10), Add(1))).await.unwrap();
        let usage = journal.quota(Uid(70000)).await.unwrap().unwrap();
        assert_eq!((usage.bytes, usage.messages), (10 * n, n));
    }
    assert!(journal.close(SOON).await);
}
