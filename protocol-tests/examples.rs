//! The files in `conf-examples/` are true: they say what the program does, and the peers take them.

use std::path::{Path, PathBuf};
use std::process::Command;

use postcote::config::{
    Caller, Config, Control, Endpoint, FileMode, Listen, Policy, Protocol, RuleSet, check,
};
use postcote::lookup::Table;
use postcote::mail::policy::PolicyRule;
use postcote::telemetry::metrics::{self, Label};

use crate::command::{administrative, differs, file, postcote, run};
use crate::support::scratch::Scratch;

/// The listeners that the example offers; there is no default for them.
fn listeners() -> Vec<Listen> {
    let socketmap = |address| Listen::new(Protocol::Socketmap, address, None);
    let unix = |protocol, name: &str| {
        Listen::new(protocol, Endpoint::Unix(Path::new("/run/postcote-dovecot").join(name)), None)
    };
    let systemd =
        |protocol, name: &str| Listen::new(protocol, Endpoint::Systemd(name.into()), None);
    let port = |port| Endpoint::Inet { host: "127.0.0.1".into(), port };
    vec![
        socketmap(Endpoint::Systemd("socketmap".into())),
        Listen {
            owner: Some("postcote".into()),
            group: Some("postfix".into()),
            ..socketmap(Endpoint::Unix("/run/postcote/socketmap".into()))
        },
        Listen::new(Protocol::TcpTable, port(10025), Some(Table::VirtualMailboxDomains)),
        systemd(Protocol::Policy, "policy"),
        Listen {
            rule_set: Some("submission".into()),
            ..Listen::new(Protocol::Policy, port(10031), None)
        },
        systemd(Protocol::DovecotAuth, "auth"),
        systemd(Protocol::DovecotAuth, "dovecot-login"),
        systemd(Protocol::DovecotMaster, "dovecot-auth-master"),
        systemd(Protocol::DovecotDict, "dovecot-dict"),
        Listen { group: Some("dovenull".into()), ..unix(Protocol::DovecotAuth, "login") },
        Listen {
            mode: FileMode(0o600),
            users: Some(vec![Caller { uid: 0, name: "root".into() }]),
            ..unix(Protocol::DovecotMaster, "auth-master")
        },
        Listen { mode: FileMode(0o666), ..unix(Protocol::DovecotDict, "dict") },
        Listen {
            group: Some("courier".into()),
            ..Listen::new(
                Protocol::CourierAuth,
                Endpoint::Unix("/run/courier/authdaemon/socket".into()),
                None,
            )
        },
    ]
}

/// The rule sets that the example offers, by words of [`PolicyRule`].
fn rule_sets() -> Vec<RuleSet> {
    use PolicyRule::{
        AccountStates, Greylisting, MailboxFull, RestrictedAliases, SenderRights, SendingLimits,
    };
    let set = |name: &str, rules: &[_], monitor: &[_]| RuleSet {
        name: name.to_owned(),
        rules: rules.to_vec(),
        monitor: monitor.to_vec(),
    };
    let incoming = [AccountStates, RestrictedAliases, MailboxFull, Greylisting];
    let submission = [AccountStates, SenderRights, RestrictedAliases, MailboxFull, SendingLimits];
    vec![set("incoming", &incoming, &[Greylisting]), set("submission", &submission, &[])]
}

/// The example with every option switched on: prose has a space behind its `#`, options have none.
fn switched_on() -> String {
    let text = std::fs::read_to_string(file("conf-examples/postcote.toml")).unwrap();
    let line = |line: &str| match line.strip_prefix('#') {
        Some(option) if option.starts_with(|c: char| c == '[' || c.is_ascii_lowercase()) => {
            format!("{option}\n")
        }
        _ => format!("{line}\n"),
    };
    text.lines().map(line).collect()
}

#[test]
fn every_option_stands_in_the_example_with_its_default() {
    let text = switched_on();
    let path = Path::new("conf-examples/postcote.toml");
    let config = Config::parse(&text, path).unwrap_or_else(|error| panic!("{error}"));
    // These have no default: one chooses listeners, rules and programs, and a group is the daemon's
    // own until one is.
    let control = Control { group: Some("postcote".into()), ..Control::default() };
    let warn_program = Some("/usr/local/bin/postcote-warn".into());
    let policy = Policy { warn_program, ..Policy::default() };
    let (listen, rule_set) = (listeners(), rule_sets());
    assert_eq!(config, Config { listen, rule_set, control, policy, ..Config::default() });

    // What the program can show is every option there is; each of them must be told of.
    let shown = postcote::config::show(&config, "url", postcote::config::Shown::All).unwrap();
    let options = |text: &str| -> Vec<String> {
        let mut section = String::new();
        let mut names = Vec::new();
        for line in text.lines() {
            if line.starts_with('[') {
                line.clone_into(&mut section);
            } else if let Some((key, _)) = line.split_once(" = ").filter(|_| !line.starts_with('#'))
            {
                names.push(format!("{section} {key}"));
            }
        }
        names.sort();
        names.dedup();
        names
    };
    assert_eq!(options(&text), options(&shown));
}

#[test]
fn the_example_is_reasonable() {
    let text = switched_on();
    let config = Config::parse(&text, Path::new("conf-examples/postcote.toml")).unwrap();
    assert_eq!(check::warnings(&config), []);
}

#[test]
fn nothing_is_switched_on_in_the_example() {
    let config = Config::load(&postcote::config::Source {
        file: Some(file("conf-examples/postcote.toml")),
        database: None,
    });
    assert_eq!(config.unwrap(), Config::default());
}

/// `config postfix` for the example with every listener.
fn main_cf(directory: &Path) -> String {
    let path = directory.join("postcote.toml");
    std::fs::write(&path, switched_on()).unwrap();
    let said = run(postcote().arg("--config").arg(&path).args(["config", "postfix"]));
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    said.stdout
}

#[test]
fn main_cf_is_what_the_command_prints() {
    let got = main_cf(Scratch::new().path());
    let wrong = differs(&got, &file("conf-examples/postfix/main.cf"));
    assert!(wrong.is_none(), "{}", wrong.unwrap_or_default());
    for table in Table::ALL {
        assert!(got.contains(table.as_str()), "{table} is not mentioned");
    }
}

#[test]
fn postfix_takes_main_cf() {
    let directory = Scratch::new();
    let ours = main_cf(directory.path());
    let text = format!(
        "compatibility_level = 3.6\nqueue_directory = {}\n{ours}",
        directory.path().display()
    );
    std::fs::write(directory.join("main.cf"), text).unwrap();
    std::fs::write(directory.join("master.cf"), "").unwrap();
    let said = run(administrative("postconf").arg("-c").arg(directory.path()).arg("-n"));
    assert_eq!((said.code, said.stderr.as_str()), (Some(0), ""), "postconf complains");
    let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    let got: Vec<_> = said.stdout.lines().map(words).collect();
    let mut lines: Vec<String> = Vec::new();
    for line in ours.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
        match lines.last_mut().filter(|_| line.starts_with(' ')) {
            Some(begun) => begun.push_str(line),
            None => lines.push(line.to_owned()),
        }
    }
    for line in lines.iter().map(|line| words(line)) {
        assert!(got.contains(&line), "postconf does not know `{line}`:\n{}", said.stdout);
    }
}

/// The units with the built command in place of the installed one; the service is the first.
fn units(directory: &Path) -> Vec<PathBuf> {
    let mut units = Vec::new();
    for entry in std::fs::read_dir(file("conf-examples/systemd")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if name.ends_with(".service") || name.ends_with(".socket") {
            let text = std::fs::read_to_string(&path).unwrap();
            let text = text.replace("/usr/bin/postcote", env!("CARGO_BIN_EXE_postcote"));
            std::fs::write(directory.join(name), text).unwrap();
            units.push(directory.join(name));
        }
    }
    units.sort_by_key(|path| !path.ends_with("postcote.service"));
    units
}

#[test]
fn systemd_takes_the_units() {
    let directory = Scratch::new();
    let units = units(directory.path());
    let said = run(Command::new("systemd-analyze").args(["verify", "--man=no"]).args(&units));
    assert_eq!((said.code, said.stderr.as_str()), (Some(0), ""));
}

#[test]
fn the_service_is_confined() {
    let directory = Scratch::new();
    let service = units(directory.path()).remove(0);
    let limit = ["security", "--offline=true", "--no-pager", "--threshold=15"];
    let said = run(Command::new("systemd-analyze").args(limit).arg(&service));
    assert_eq!(said.code, Some(0), "exposed more than 1.5 of 10:\n{}", said.stdout);
    // Else the kernel names nobody, and no mail process would be told anything.
    assert!(std::fs::read_to_string(service).unwrap().contains("\nPrivateUsers=no\n"));
}

/// The sockets of systemd that the example listens on, where they are, and who may connect.
const SOCKETS: [(&str, &str, &str, &str); 6] = [
    ("socketmap", "postcote.socket", "/var/spool/postfix/postcote", "0660"),
    ("policy", "postcote-policy.socket", "/var/spool/postfix/postcote", "0660"),
    ("auth", "postcote-auth.socket", "/var/spool/postfix/postcote", "0660"),
    ("dovecot-login", "postcote-dovecot-login.socket", "/run/postcote-dovecot", "0660"),
    ("dovecot-auth-master", "postcote-dovecot-auth-master.socket", "/run/postcote-dovecot", "0600"),
    ("dovecot-dict", "postcote-dovecot-dict.socket", "/run/postcote-dovecot", "0666"),
];

#[test]
fn the_sockets_are_those_of_the_example() {
    let listen = listeners().into_iter().filter_map(|listen| match listen.address {
        Endpoint::Systemd(name) => Some(name),
        _ => None,
    });
    assert_eq!(listen.collect::<Vec<_>>(), SOCKETS.map(|(name, ..)| name));
    for (name, unit, directory, mode) in SOCKETS {
        let text = std::fs::read_to_string(file("conf-examples/systemd").join(unit)).unwrap();
        let last = name.trim_start_matches("dovecot-");
        for line in [
            format!("FileDescriptorName={name}"),
            format!("ListenStream={directory}/{last}"),
            format!("SocketMode={mode}"),
            // Who asks is not of postcote's group.
            "DirectoryMode=0755".to_owned(),
        ] {
            assert!(text.lines().any(|found| found == line), "{unit} lacks {line}");
        }
        assert!(
            unit == "postcote.socket" || text.contains("\nService=postcote.service\n"),
            "{unit}"
        );
    }
}

#[test]
fn dovecot_is_told_the_sockets_of_systemd() {
    let directory = Scratch::new();
    let path = directory.join("postcote.toml");
    std::fs::write(&path, switched_on()).unwrap();
    for version in ["2.3", "2.4"] {
        let mut command = postcote();
        let command = command.arg("--config").arg(&path);
        let said = run(command.args(["config", "dovecot", "--dovecot", version]));
        assert_eq!((said.code, said.stderr.as_str()), (Some(0), ""));
        for name in ["login", "auth-master", "dict"] {
            let socket = format!("/run/postcote-dovecot/{name}");
            assert!(said.stdout.contains(&socket), "{version}: no {socket}");
        }
    }
}

#[test]
fn the_alerts_name_metrics_that_exist() {
    let text = std::fs::read_to_string(file("conf-examples/prometheus/alerts.yml")).unwrap();
    let in_name = |c: char| c.is_ascii_lowercase() || c == '_';
    let names: Vec<_> =
        text.split(|c| !in_name(c)).filter(|name| name.starts_with("postcote_")).collect();
    for name in &names {
        let name = name.trim_end_matches("_bucket");
        let exists = metrics::ALL.iter().any(|(known, _, _)| *known == name);
        assert!(exists, "there is no metric `{name}`");
    }
    assert!(names.len() >= 9, "only {names:?} were found");
    // A label that no series has would silence its alert for ever.
    let labels: Vec<_> =
        text.split("outcome=\"").skip(1).filter_map(|s| s.split('"').next()).collect();
    for label in labels {
        let known = metrics::Outcome::ALL.iter().any(|outcome| outcome.text() == label);
        assert!(known, "there is no outcome `{label}`");
    }
}
