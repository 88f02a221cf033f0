//! Texts and environments, and what libpq's rules make of them.

use super::*;

fn environment<'a>(rows: &'a [(&'a str, &'a str)]) -> impl Fn(&str) -> Option<String> + 'a {
    move |name| rows.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
}

fn parse(text: &str, rows: &[(&str, &str)]) -> Result<ConnInfo, ConnInfoError> {
    ConnInfo::parse_with(text, &environment(rows))
}

#[test]
fn text_then_environment_then_defaults_decide() {
    let env: &[(&str, &str)] = &[
        ("PGHOST", "env.example"),
        ("PGPORT", "6000"),
        ("PGUSER", "envuser"),
        ("PGPASSWORD", "envsecret"),
        ("PGDATABASE", "envdb"),
        ("PGSSLMODE", "require"),
        ("PGAPPNAME", "envapp"),
    ];
    for (text, rows, expected) in [
        ("user=u host=h", &[][..], "host=h port=5432 user=u dbname=u sslmode=prefer"),
        ("postgresql://u@h/d", &[], "host=h port=5432 user=u dbname=d sslmode=prefer"),
        (
            "",
            env,
            "host=env.example port=6000 user=envuser dbname=envdb password=… sslmode=require \
             application_name=envapp",
        ),
        (
            "postgresql://u:x@h:1/d?sslmode=disable&application_name=a",
            env,
            "host=h port=1 user=u dbname=d password=… sslmode=disable application_name=a",
        ),
        (
            "host=a,b port=1,2 user=u target_session_attrs=primary",
            &[],
            "host=a,b port=1,2 user=u dbname=u sslmode=prefer target_session_attrs=primary",
        ),
        (
            "host=a,/run/pg,::1 port=7 user=u",
            &[],
            "host=a,/run/pg,::1 port=7,7,7 user=u dbname=u sslmode=prefer",
        ),
        (
            "hostaddr=10.0.0.1,10.0.0.2 host=a, user=u",
            &[],
            "host=a,10.0.0.2 hostaddr=10.0.0.1,10.0.0.2 port=5432,5432 user=u dbname=u sslmode=prefer",
        ),
        ("host=/s user='a b'", &[], r"host=/s port=5432 user='a b' dbname='a b'"),
        (
            "host=h user=u sslrootcert=system",
            &[],
            "host=h port=5432 user=u dbname=u sslmode=verify-full sslrootcert=system",
        ),
        ("host=h user=u user=v", &[], "host=h port=5432 user=v dbname=v sslmode=prefer"),
        ("host=h user=u", &[("PGSSLMODE", "")], "host=h port=5432 user=u dbname=u sslmode=prefer"),
    ] {
        let shown = parse(text, rows).map(|info| info.redacted()).map_err(|e| e.to_string());
        assert_eq!(shown.as_deref(), Ok(expected), "{text}");
    }
}

#[test]
fn the_documented_default_is_the_local_socket_and_user() {
    let info = parse("postgresql:///postcote", &[]).unwrap();
    assert_eq!(info.database, "postcote");
    assert!(info.hosts.iter().all(|host| host.directory().is_some()), "{info}");
    assert!(!info.user.is_empty());
}

#[test]
fn the_home_directory_gives_libpqs_files() {
    let info = parse("host=h user=u", &[("HOME", "/home/m")]).unwrap();
    assert_eq!(info.passfile.as_deref(), Some(Path::new("/home/m/.pgpass")));
    assert_eq!(
        info.tls.roots,
        RootCertificates::File(PathBuf::from("/home/m/.postgresql/root.crt"))
    );
    assert_eq!(
        info.tls.key,
        Some(ClientFile::Default(PathBuf::from("/home/m/.postgresql/postgresql.key")))
    );
}

#[test]
fn a_setting_that_cannot_be_honoured_is_an_error_with_a_remedy() {
    for (text, rows, message, hint) in [
        (
            "sslmode=verify_full",
            &[][..],
            "`sslmode=verify_full` is none of",
            "did you mean `verify-full`",
        ),
        ("", &[("PGSSLMODE", "on")], "(environment variable `PGSSLMODE`)", "choose one"),
        ("port=0", &[], "`port` is not a number", "5432"),
        ("port=1,2", &[], "`port` has 2 elements, but the number of hosts is 1", "same order"),
        ("host=a,b hostaddr=10.0.0.1", &[], "has 2 elements", "one for each host"),
        ("hostaddr=db", &[], "`hostaddr=db`", "`host`"),
        ("connect_timeout=5s", &[], "`connect_timeout=5s`", "without a unit"),
        ("requirepeer=postgres", &[], "`requirepeer` cannot be honoured", "remove"),
        ("", &[("PGREQUIREPEER", "postgres")], "(environment variable `PGREQUIREPEER`)", "remove"),
        ("sslcrldir=/x", &[], "`sslcrldir`", "remove"),
        ("gssencmode=require", &[], "GSSAPI", "remove"),
        ("client_encoding=latin1", &[], "UTF-8", "remove"),
        ("sslrootcert=system sslmode=require", &[], "too weak", "verify-full"),
        ("sslnegotiation=direct", &[], "always encrypts", "require"),
        (
            "ssl_min_protocol_version=TLSv1.3 ssl_max_protocol_version=TLSv1.2",
            &[],
            "above",
            "remove",
        ),
        ("host=@abstract", &[], "abstract", "unix_socket_directories"),
        ("service=none servicefile=/nonexistent", &[], "service `none`", "[none]"),
    ] {
        let error = parse(text, rows).map(drop).expect_err(text);
        assert!(error.to_string().contains(message), "{text} gives {error}");
        assert!(error.hint().contains(hint), "{text} hints {}", error.hint());
    }
}

#[test]
fn harmless_settings_of_libpq_are_taken() {
    let text = "client_encoding=UTF8 gssencmode=prefer sslcompression=0 krbsrvname=postgres \
                replication=false user=u host=h";
    assert!(parse(text, &[]).is_ok());
}

#[test]
fn no_output_shows_the_password() {
    let info = parse("postgresql://u:hunter2@h/d", &[]).unwrap();
    assert!(!format!("{info} {info:?} {info:#?}").contains("hunter2"));
    for text in [
        "postgresql://u:hunter2@h/d?sslmode=x",
        "postgresql://u:hunter2",
        "postgresql://u:hunter2/d",
    ] {
        let error = parse(text, &[]).map(drop).expect_err(text);
        assert!(!format!("{error} {error:?} {}", error.hint()).contains("hunter2"), "{text}");
    }
}

proptest::proptest! {
    #[test]
    fn no_text_is_a_panic(text in "(postgres(ql)?://)?[a-z:@/?&=%,\\[\\]'\\\\ é0-9]{0,40}") {
        let _ = parse(&text, &[]);
    }

    #[test]
    fn what_is_shown_reads_back(user in "[^\\x00]{1,20}", database in "[^\\x00]{1,20}") {
        let text = format!("host=/s user={} dbname={}", quoted(&user), quoted(&database));
        let info = parse(&text, &[]).unwrap();
        proptest::prop_assert_eq!((&info.user, &info.database), (&user, &database));
        proptest::prop_assert_eq!(parse(&info.redacted(), &[]), Ok(info));
    }
}

#[test]
fn several_hosts_become_the_one_that_takes_writes() {
    for (text, expected) in [
        ("host=a user=u", TargetSession::Any),
        ("host=a,b user=u", TargetSession::ReadWrite),
        ("host=a,b user=u target_session_attrs=standby", TargetSession::Standby),
    ] {
        let info = parse(text, &[]).unwrap();
        assert_eq!(info.of_one_server().target, expected, "{text}");
    }
}
