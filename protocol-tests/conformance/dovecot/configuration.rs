//! The configurations themselves: the command prints them, and both versions take them.

use crate::command::{differs, file};
use crate::support::scratch::Scratch;

use super::instance::{Version, installed, printed};

/// The files of conf-examples that the command prints.
const PRINTED: [(Version, &str, &str); 4] = [
    (Version::V23, "", "postcote.conf"),
    (Version::V23, "dict-file", "postcote-dict.conf.ext"),
    (Version::V24, "", "postcote.conf"),
    (Version::V24, "lua-script", "postcote.lua"),
];

#[test]
fn the_examples_are_what_the_command_prints() {
    let mut wrong = Vec::new();
    for (version, only, name) in PRINTED {
        let path = file("conf-examples/dovecot").join(version.as_str()).join(name);
        wrong.extend(differs(&printed(version, only), &path));
    }
    assert!(wrong.is_empty(), "{}", wrong.concat());
}

/// Each way to have logins answered, with what a setting must come to.
const WAYS: &[(Version, &str, &[&str])] = &[
    (
        Version::V23,
        "",
        &["executable = imap -a @/auth-master", "quota_clone_dict = proxy:@/dict:quota"],
    ),
    (Version::V23, "mail,userdb", &["auth_socket_path = @/auth-master"]),
    (Version::V23, "mail,dict,quota,last-login", &["args = @/etc/postcote-dict.conf.ext"]),
    (Version::V24, "", &["executable = imap -a @/auth-master", "socket_path = @/dict"]),
    (Version::V24, "mail,userdb", &["auth_socket_path = @/auth-master"]),
    (Version::V24, "mail,lua,quota,last-login", &["lua_file = @/etc/postcote.lua"]),
];

#[test]
fn each_version_takes_each_way() {
    for installed in installed("each_version_takes_each_way") {
        for (_, only, settings) in WAYS.iter().filter(|(version, ..)| *version == installed.version)
        {
            let scratch = Scratch::new();
            installed.configure(&scratch, &printed(installed.version, only));
            let said = installed.ask(&scratch, "doveconf", &["-n"]);
            assert_eq!((said.code, said.stderr.as_str()), (Some(0), ""), "--only {only}");
            for setting in *settings {
                let setting = setting.replace('@', &scratch.path().display().to_string());
                let found = said.stdout.lines().any(|line| line.trim() == setting);
                assert!(found, "--only {only}: no `{setting}` in\n{}", said.stdout);
            }
        }
    }
}

/// What must hold whatever order the snippets stand in: nobody else's plugins are lost.
#[test]
fn each_protocol_has_its_plugins() {
    let wanted = [
        ("imap", &["quota", "quota_clone", "imap_quota", "last_login"][..], &["sieve"][..]),
        ("pop3", &["quota", "quota_clone", "last_login"], &["imap_quota"]),
        ("lmtp", &["quota", "quota_clone", "sieve"], &["last_login"]),
        ("lda", &["quota", "quota_clone", "sieve"], &["last_login"]),
        ("doveadm", &["quota", "quota_clone"], &["last_login"]),
    ];
    for installed in installed("each_protocol_has_its_plugins") {
        let scratch = Scratch::new();
        installed.configure(&scratch, &printed(installed.version, ""));
        for (protocol, here, absent) in wanted {
            let filter = format!("protocol={protocol}");
            let mut said = installed.ask(&scratch, "doveconf", &["-f", &filter, "mail_plugins"]);
            if installed.version == Version::V24 {
                // It shows what a protocol adds, without that which is there for all.
                said.stdout += &installed.ask(&scratch, "doveconf", &["mail_plugins"]).stdout;
            }
            let words: Vec<_> = said.stdout.split_whitespace().collect();
            let on = |name: &str| words.contains(&name);
            for name in here {
                assert!(on(name), "{protocol} lacks {name}: {}", said.stdout);
            }
            for name in absent {
                assert!(!on(name), "{protocol} has {name}: {}", said.stdout);
            }
        }
    }
}
