//! Passwords, databases, several hosts, and what arrives on an open session.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::{Duration, Instant};

use postcote::store::connect::{chain, connect};
use postcote::store::conninfo::ConnInfo;
use tokio_postgres::error::SqlState;

use super::cluster::{Cluster, free_port};
use super::{Environment, Scratch, postcote, psql};

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "a table")]
async fn each_login_fares_as_with_libpq() {
    let scratch = Scratch::new();
    let cluster = Cluster::start(&scratch.path("pg"));
    let port = cluster.port;
    let socket = cluster.socket_directory().display().to_string();
    let environment = scratch.environment();
    let with = |name: &'static str, value: &str| {
        let mut environment = environment.clone();
        environment.insert(name, value.to_owned());
        environment
    };
    let passfile = |name: &str, mode: u32, lines: &str| {
        let file = scratch.path(name);
        write(&file, mode, lines);
        with("PGPASSFILE", &file.display().to_string())
    };
    let service = scratch.path("service.conf");
    let settings = format!(
        "[mail]\nhost=127.0.0.1\nport={port}\nuser=plain\npassword=s3cret word\ndbname=postgres\n"
    );
    write(&service, 0o600, &settings);
    let home = scratch.path("home with pgpass");
    fs::create_dir_all(&home).unwrap();
    write(&home.join(".pgpass"), 0o600, "*:*:*:plain:s3cret word\n");
    let own = |text: &str| format!("host=127.0.0.1 port={port} dbname=postgres {text}");

    let no_hint = "";
    // (settings, environment, words of the refusal or none, words of the hint)
    let rows: Vec<(String, Environment<'_>, Option<&str>, &str)> = vec![
        (own("user=plain password='s3cret word'"), environment.clone(), None, no_hint),
        (own("user=plain"), with("PGPASSWORD", "s3cret word"), None, no_hint),
        (own("user=plain"), with("HOME", &home.display().to_string()), None, no_hint),
        (
            own("user=plain"),
            passfile("right", 0o600, "127.0.0.1:*:*:*:s3cret word\n"),
            None,
            no_hint,
        ),
        (own("user=colon"), passfile("colon", 0o600, "*:*:*:*:\\:3\\\\cret\n"), None, no_hint),
        (
            own("user=plain"),
            passfile("open", 0o644, "*:*:*:*:s3cret word\n"),
            Some("password missing"),
            "chmod 0600",
        ),
        (
            own("user=plain"),
            passfile("other", 0o600, "db.test:*:*:*:s3cret word\n"),
            Some("password missing"),
            "PGPASSWORD",
        ),
        (
            own("user=plain password=wr0ng"),
            environment.clone(),
            Some("28P01"),
            "check the password",
        ),
        (own("user=nobody password=wr0ng"), environment.clone(), Some("28000"), "pg_hba.conf"),
        (
            own("user=plain password='s3cret word' dbname=none"),
            environment.clone(),
            Some("database \"none\" does not exist (SQLSTATE 3D000)"),
            "createdb",
        ),
        (
            own("user=plain password='s3cret word' dbname=closed"),
            environment.clone(),
            Some("42501"),
            "GRANT CONNECT",
        ),
        (
            own("user=plain password='s3cret word' options='-c no_such=1'"),
            environment.clone(),
            Some("42704"),
            no_hint,
        ),
        (
            own("user=plain password='s3cret word' sslmode=require"),
            environment.clone(),
            Some("server does not support TLS"),
            "ssl = on",
        ),
        (
            format!("postgresql://plain:s3cret%20word@127.0.0.1:{port}/postgres"),
            environment.clone(),
            None,
            no_hint,
        ),
        (
            format!(
                "postgresql://postgres@{}:{port}/postgres?sslmode=verify-full",
                socket.replace('/', "%2F")
            ),
            environment.clone(),
            None,
            no_hint,
        ),
        (
            format!("postgresql:///postgres?host={socket}&port={port}&user=postgres"),
            environment.clone(),
            None,
            no_hint,
        ),
        (
            "service=mail".to_owned(),
            with("PGSERVICEFILE", &service.display().to_string()),
            None,
            no_hint,
        ),
    ];
    for (text, environment, refusal, hint) in &rows {
        let ours = postcote(text, environment).await;
        let libpq = psql(text, environment);
        assert_eq!(ours.is_ok(), libpq.is_ok(), "{text}: {ours:?}, but psql {libpq:?}");
        assert_eq!(ours.is_ok(), refusal.is_none(), "{text}: {ours:?}");
        if let (Err(error), Some(words)) = (&ours, refusal) {
            let shown = format!("{error} {error:?} {:?}", error.hint());
            assert!(error.to_string().contains(words), "{text}: {error}");
            assert!(error.is_configuration(), "{text}: {error}");
            assert!(error.hint().unwrap_or_default().contains(hint), "{text}: {:?}", error.hint());
            assert!(!shown.contains("s3cret") && !shown.contains("wr0ng"), "{text}: {shown}");
        }
    }
}

#[tokio::test]
async fn hosts_are_tried_in_order_until_one_will_do() {
    let scratch = Scratch::new();
    let mut primary = Cluster::start(&scratch.path("primary"));
    let standby = Cluster::standby_of(&mut primary, &scratch.path("standby"));
    let (p, s, dead) = (primary.port, standby.port, free_port());
    // Accepts by the kernel's hand, and never says a word.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let mute = silent.local_addr().unwrap().port();
    let environment = scratch.environment();
    let hosts = |ports: &[u16]| {
        let ports: Vec<_> = ports.iter().map(ToString::to_string).collect();
        let names = vec!["127.0.0.1"; ports.len()].join(",");
        format!(
            "host={names} port={} user=plain password='s3cret word' dbname=postgres",
            ports.join(",")
        )
    };

    // (ports in order, settings, port of the session or words of the refusal)
    let rows: &[(&[u16], &str, Result<u16, &str>)] = &[
        (&[p, s], "", Ok(p)),
        (&[dead, p], "", Ok(p)),
        (&[dead, dead, s], "", Ok(s)),
        (&[mute, p], "connect_timeout=2", Ok(p)),
        (&[mute], "connect_timeout=2", Err("no answer within 2 s")),
        (&[dead], "", Err("Connection refused")),
        (&[p, s], "target_session_attrs=any", Ok(p)),
        (&[s, p], "target_session_attrs=read-write", Ok(p)),
        (&[s, p], "target_session_attrs=primary", Ok(p)),
        (&[p, s], "target_session_attrs=standby", Ok(s)),
        (&[p, s], "target_session_attrs=read-only", Ok(s)),
        (&[p, s], "target_session_attrs=prefer-standby", Ok(s)),
        (&[dead, p], "target_session_attrs=prefer-standby", Ok(p)),
        (&[s], "target_session_attrs=read-write", Err("read-only")),
        (&[p], "target_session_attrs=standby", Err("not a standby")),
        (&[p], "target_session_attrs=primary options='-c default_transaction_read_only=on'", Ok(p)),
        (
            &[p],
            "target_session_attrs=read-write options='-c default_transaction_read_only=on'",
            Err("read-only"),
        ),
    ];
    for (ports, settings, expected) in rows {
        let text = format!("{} {settings}", hosts(ports));
        let ours = reached(&text, &environment).await;
        let libpq = psql(&text, &environment);
        match (expected, &ours) {
            (Ok(port), Ok(reached)) => assert_eq!(port, reached, "{text}"),
            (Err(words), Err((error, is_configuration))) => {
                assert!(error.contains(words) && !is_configuration, "{text}: {error}");
            }
            _ => panic!("{text}: {ours:?}"),
        }
        assert_eq!(ours.is_ok(), libpq.is_ok(), "{text}: {ours:?}, but psql {libpq:?}");
    }

    // A refused login ends the search, so a wrong password is not tried everywhere.
    let text = hosts(&[dead, p, s]).replace("s3cret word", "wr0ng");
    let (error, is_configuration) = reached(&text, &environment).await.unwrap_err();
    assert!(is_configuration && error.contains("Connection refused"), "{error}");
    assert_eq!(error.matches("28P01").count(), 1, "{error}");

    // Each host has a password of its own.
    let file = scratch.path("passwords");
    write(&file, 0o600, &format!("*:{dead}:*:*:wr0ng\n*:{s}:*:*:s3cret word\n"));
    let text = format!("{} passfile={}", hosts(&[dead, s]), file.display());
    let text = text.replace(" password='s3cret word'", "");
    assert_eq!(reached(&text, &environment).await, Ok(s));

    let text = format!("{} load_balance_hosts=random", hosts(&[p, s]));
    let mut seen = [false; 2];
    for _ in 0..40 {
        let port = reached(&text, &environment).await.unwrap();
        seen[usize::from(port == s)] = true;
    }
    assert_eq!(seen, [true; 2], "of 40 sessions none went to the other host");
}

#[tokio::test]
async fn a_session_tells_of_notifications_and_of_its_end() {
    let scratch = Scratch::new();
    let mut cluster = Cluster::start(&scratch.path("pg"));
    let socket = cluster.socket_directory().display();
    let text = format!("host={socket} port={} user=postgres", cluster.port);
    let info = ConnInfo::parse_with(&text, &|_| None).unwrap();
    let (client, mut messages) = connect(&info, "postcote feed", CAREFREE).await.unwrap();

    client.batch_execute("LISTEN news").await.unwrap();
    cluster.sql("NOTIFY news, 'first'; NOTIFY news, 'second'");
    for payload in ["first", "second"] {
        let notification = messages.next().await.unwrap().unwrap();
        assert_eq!((notification.channel(), notification.payload()), ("news", payload));
    }
    let name = client.query_one("SHOW application_name", &[]).await.unwrap();
    assert_eq!(name.get::<_, &str>(0), "postcote feed");

    // A session whose messages nobody reads answers questions all the same.
    let (deaf, unread) = connect(&info, "postcote", CAREFREE).await.unwrap();
    drop(unread);
    deaf.batch_execute("LISTEN news; NOTIFY news, 'third'").await.unwrap();
    assert_eq!(deaf.query_one("SELECT 7", &[]).await.unwrap().get::<_, i32>(0), 7);
    assert_eq!(messages.next().await.unwrap().unwrap().payload(), "third");

    let (brief, mut ends) = connect(&info, "postcote", CAREFREE).await.unwrap();
    drop(brief);
    assert!(ends.next().await.is_none(), "closing the session is no error");

    cluster.stop();
    let lost = messages.next().await.unwrap().unwrap_err();
    assert_eq!(lost.code(), Some(&SqlState::ADMIN_SHUTDOWN), "{}", chain(&lost));
    assert!(messages.next().await.is_none());
    assert!(client.is_closed());

    let started = Instant::now();
    let error = connect(&info, "postcote", CAREFREE).await.unwrap_err();
    assert!(!error.is_configuration(), "{error}");
    assert!(error.to_string().contains(".s.PGSQL."), "{error}");
    assert!(error.hint().unwrap().contains("PostgreSQL runs"), "{:?}", error.hint());
    assert!(started.elapsed() < Duration::from_secs(10), "a missing socket needs no waiting");
}

/// Long enough for a loaded machine.
const CAREFREE: Duration = Duration::from_secs(30);

/// The port of the session, or the error and whether it is the administrator's matter.
async fn reached(text: &str, environment: &Environment<'_>) -> Result<u16, (String, bool)> {
    let info = ConnInfo::parse_with(text, &|name| environment.get(name).cloned()).unwrap();
    let (client, _messages) = connect(&info, "postcote test", CAREFREE)
        .await
        .map_err(|error| (error.to_string(), error.is_configuration()))?;
    let row = client.query_one("SELECT inet_server_port()", &[]).await.unwrap();
    Ok(u16::try_from(row.get::<_, i32>(0)).unwrap())
}

fn write(file: &Path, mode: u32, text: &str) {
    fs::write(file, text).unwrap();
    fs::set_permissions(file, fs::Permissions::from_mode(mode)).unwrap();
}
