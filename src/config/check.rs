//! What is valid but unreasonable: warnings with advice.

mod policy;

use std::path::Path;
use std::time::Duration;

use crate::config::{Config, Endpoint, Listen, Protocol};
use crate::mail::{Dovecot24, Scheme};

/// Something that works and is probably not wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// What is unreasonable, and why.
    pub text: String,
    /// What to do about it.
    pub advice: String,
}

/// Postfix's default limit of processes, for each of smtpd, cleanup and trivial-rewrite.
const CONNECTIONS_OF_POSTFIX: usize = 300;
/// The idle time after which Postfix's own processes end (`max_idle`), tenfold.
const COMFORTABLE_IDLE: Duration = Duration::from_secs(1000);
/// A mail server that waits so long for each lookup accepts hardly any mail.
const SLOW_QUERY: Duration = Duration::from_secs(10);
/// How long Postfix's smtpd waits for an answer about a login.
const LONGEST_OF_POSTFIX: Duration = Duration::from_secs(10);
/// Less memory than a process takes up anyway.
const FEW_ENTRIES: u64 = 1000;

/// Everything unreasonable, in the order of the file's sections.
pub fn warnings(config: &Config) -> Vec<Warning> {
    let mut found = Vec::new();
    database(config, &mut found);
    addresses(config, &mut found);
    passwords(config, &mut found);
    delays(config, &mut found);
    policy::policy(config, &mut found);
    if config.listen.is_empty() {
        warn(
            &mut found,
            "no listener is configured, so nobody can ask and the daemon will not start",
            "add `[[listen]]` as in conf-examples/postcote.toml",
        );
    }
    for listen in &config.listen {
        listener(listen, &mut found);
    }
    twice(config, &mut found);
    if config.cache.entries.get() < FEW_ENTRIES {
        warn(
            &mut found,
            format!("a cache of {} entries asks the database all the time", config.cache.entries),
            "leave `entries` out: a million of them take some hundred megabytes at most",
        );
    }
    if others_may_connect(config.control.mode.0) {
        open_to_all(&config.control.address, config.control.mode.0, &mut found);
    }
    found
}

fn warn(found: &mut Vec<Warning>, text: impl Into<String>, advice: impl Into<String>) {
    found.push(Warning { text: text.into(), advice: advice.into() });
}

fn database(config: &Config, found: &mut Vec<Warning>) {
    if config.database.query_timeout > SLOW_QUERY {
        let seconds = config.database.query_timeout.as_secs();
        warn(
            found,
            format!(
                "Postfix waits up to {seconds} seconds for each lookup while the database hangs"
            ),
            "choose a query-timeout of a few seconds: mail that is deferred comes again",
        );
    }
}

fn addresses(config: &Config, found: &mut Vec<Warning>) {
    let delimiters = config.addresses.recipient_delimiter.as_str();
    for c in delimiters.chars().filter(|c| matches!(c, '.' | '_' | '\'')) {
        warn(
            found,
            format!("recipient-delimiter `{c}` splits ordinary names such as `john{c}smith`"),
            "choose `+` or `-`, the same in Postfix's recipient_delimiter",
        );
    }
    let separators = config.addresses.login_separators.as_str();
    if !separators.contains('@') {
        warn(
            found,
            format!("login-separators `{separators}` lacks `@`: nobody can log in with an address"),
            format!("write `login-separators = \"@{separators}\"`"),
        );
    }
    for c in separators.chars().filter(|c| delimiters.contains(*c)) {
        warn(
            found,
            format!("`{c}` separates logins and delimits extensions, so a login has two meanings"),
            "remove it from one of login-separators and recipient-delimiter",
        );
    }
}

/// The delays of logins, which Postfix does not wait for longer than ten seconds.
fn delays(config: &Config, found: &mut Vec<Warning>) {
    let (failure, longest) = (config.logins.failure_delay, config.logins.longest_delay);
    if longest >= LONGEST_OF_POSTFIX || failure >= LONGEST_OF_POSTFIX {
        let delay = longest.max(failure).as_secs();
        warn(
            found,
            format!(
                "a login that is answered after {delay} seconds is given up by Postfix after ten"
            ),
            "choose a longest-delay of eight seconds",
        );
    }
    if failure > longest {
        warn(
            found,
            "failure-delay is longer than longest-delay, so it never is as long as it says",
            "choose a failure-delay of two seconds, and a longest-delay of eight",
        );
    }
}

fn passwords(config: &Config, found: &mut Vec<Warning>) {
    let scheme = config.accounts.password_scheme.scheme;
    let strong = "choose `ARGON2ID`, or see `postcote admin password schemes`";
    if let Some(why) = scheme.weakness() {
        warn(found, format!("password-scheme `{scheme}` is weak: {why}"), strong);
    }
    if scheme.dovecot_24() == Dovecot24::Refuses {
        warn(
            found,
            format!(
                "Dovecot 2.4 lets nobody in by password-scheme `{scheme}`, unless told \
                 `auth_allow_weak_schemes = yes`"
            ),
            strong,
        );
    }
    if scheme == Scheme::DigestMd5 {
        warn(
            found,
            "password-scheme `DIGEST-MD5` binds a hash to its address: logging in by an alias \
             domain or after a rename fails",
            strong,
        );
    }
    if !scheme.is_known_to_dovecot_23() {
        let advice = "choose `ARGON2ID`, which is the same and known to 2.3, too";
        warn(found, format!("Dovecot 2.3 does not know password-scheme `{scheme}`"), advice);
    }
}

fn listener(listen: &Listen, found: &mut Vec<Warning>) {
    match &listen.address {
        Endpoint::Unix(path) => unix(listen, path, found),
        Endpoint::Inet { port, .. } => {
            if listen.host_port().is_some_and(|address| !address.is_loopback()) {
                warn(
                    found,
                    format!(
                        "other machines can ask `{}`, and {} knows no passwords: all addresses can \
                         be found out",
                        listen.address, listen.protocol
                    ),
                    "listen on a unix socket or on 127.0.0.1, or guard the port with a firewall",
                );
            }
            if *port == 0 {
                warn(
                    found,
                    format!("`{}` is another port at each start", listen.address),
                    "choose a port that main.cf can name",
                );
            }
        }
        Endpoint::Systemd(_) => {}
    }
    if matches!(listen.protocol, Protocol::Policy | Protocol::Socketmap)
        && listen.max_connections.get() < CONNECTIONS_OF_POSTFIX
    {
        warn(
            found,
            format!(
                "`{}` serves {} connections, and a busy Postfix opens {CONNECTIONS_OF_POSTFIX} or \
                 more: lookups will wait",
                listen.address, listen.max_connections
            ),
            "leave max-connections out, which means 4096",
        );
    }
    if listen.protocol == Protocol::TcpTable
        && let Some(idle) = listen.idle_timeout.filter(|idle| *idle < COMFORTABLE_IDLE)
    {
        warn(
            found,
            format!(
                "`{}` closes connections after {} idle seconds, and Postfix, which never closes \
                 one, pays a second for each that is gone",
                listen.address,
                idle.as_secs()
            ),
            "leave idle-timeout out, which means never",
        );
    }
}

fn unix(listen: &Listen, path: &Path, found: &mut Vec<Warning>) {
    let mode = listen.mode.0;
    if listen.users.is_some()
        || others_may_connect(mode) && listen.protocol == Protocol::DovecotDict
    {
        // Who comes is looked at. Mail processes are anybody, and are told of themselves.
    } else if others_may_connect(mode) {
        open_to_all(&listen.address, mode, found);
    } else if mode & 0o020 == 0 && listen.group.is_some() {
        warn(
            found,
            format!(
                "the group of `{}` may not connect: mode {} lets only its owner",
                listen.address, listen.mode
            ),
            "write `mode = \"0660\"`",
        );
    } else if listen.owner.is_none()
        && listen.group.is_none()
        // Its clients are root.
        && listen.protocol != Protocol::DovecotMaster
    {
        let hint = match listen.protocol {
            Protocol::DovecotDict => {
                "write `mode = \"0666\"`: mail processes connect as the users whose mail they handle"
            }
            _ => "write `group = \"postfix\"` unless the daemon runs in that group",
        };
        let why =
            format!("only the daemon's own user and group may connect to `{}`", listen.address);
        warn(found, why, hint);
    }
    if path.starts_with("/run/postcote")
        && matches!(listen.protocol, Protocol::DovecotAuth | Protocol::DovecotDict)
    {
        warn(
            found,
            format!("`{}` lies in a directory that only postcote may enter", listen.address),
            "use `systemd:NAME` with conf-examples/systemd/postcote-dovecot-dict.socket and its \
             sisters, or a directory of its own such as /run/postcote-dovecot",
        );
    }
    if path.starts_with("/var/spool/postfix/private") {
        warn(
            found,
            format!("`{}` lies in a directory that only Postfix may enter", listen.address),
            "use `systemd:NAME` with conf-examples/systemd/postcote.socket, or a directory of its \
             own such as /var/spool/postfix/postcote",
        );
    }
}

/// Connecting to a unix socket takes the permission to write to it.
fn others_may_connect(mode: u32) -> bool {
    mode & 0o002 != 0
}

fn open_to_all(address: &Endpoint, mode: u32, found: &mut Vec<Warning>) {
    warn(
        found,
        format!("mode {mode:04o} lets every user of this machine ask `{address}`"),
        "write `mode = \"0660\"`, and as `group` the one of those who may",
    );
}

/// Addresses that two listeners want, where the second one will fail.
fn twice(config: &Config, found: &mut Vec<Warning>) {
    let mut taken: Vec<(String, String)> = vec![place("[control]", &config.control.address)];
    if config.http.enabled {
        let address = &config.http.address;
        taken.push((format!("port {}", address.port), format!("[http] {address}")));
    }
    for listen in &config.listen {
        let (place, by) = place(listen.protocol.as_str(), &listen.address);
        let other = taken.iter().find(|(other, _)| *other == place && place != "port 0");
        if let Some((_, other)) = other {
            warn(
                found,
                format!("{place} is wanted twice: by {other} and by {by}"),
                match listen.protocol {
                    Protocol::CourierAuth
                    | Protocol::DovecotAuth
                    | Protocol::DovecotDict
                    | Protocol::DovecotMaster => "give each protocol an address of its own",
                    Protocol::Policy => "remove one: `policy_context` chooses among rule sets",
                    Protocol::TcpTable => "give each table a port of its own",
                    Protocol::Socketmap => "remove one: a socketmap serves every table",
                },
            );
        }
        taken.push((place, by));
    }
}

/// What an address takes up, and for whom. All hosts are taken to be this one machine.
fn place(by: &str, address: &Endpoint) -> (String, String) {
    let place = match address {
        Endpoint::Unix(path) => format!("`{}`", path.display()),
        Endpoint::Inet { port, .. } => format!("port {port}"),
        Endpoint::Systemd(name) => format!("systemd's socket `{name}`"),
    };
    (place, format!("{by} {address}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file, and a part of each warning that it earns.
    const TABLE: &[(&str, &[&str])] = &[
        ("", &["no listener"]),
        (
            "[[listen]]\nprotocol='socketmap'\naddress='unix:/run/p/s'\ngroup='postfix'\n\
             [[listen]]\nprotocol='tcp-table'\naddress='inet:127.0.0.1:1'\ntable='relay_domains'\n\
             [[listen]]\nprotocol='socketmap'\naddress='systemd:s'\n",
            &[],
        ),
        ("listen=[{protocol='socketmap',address='unix:/a',mode='0777'}]", &["lets every user"]),
        ("listen=[{protocol='socketmap',address='unix:/a',mode='0666'}]", &["lets every user"]),
        ("listen=[{protocol='socketmap',address='unix:/a'}]", &["own user and group"]),
        ("listen=[{protocol='dovecot-dict',address='unix:/a'}]", &["own user and group"]),
        (
            "listen=[{protocol='dovecot-dict',address='unix:/run/postcote/d',mode='0666'}]",
            &["only postcote may enter"],
        ),
        (
            "listen=[{protocol='dovecot-dict',address='unix:/run/postcote-dovecot/d',mode='0666'}]",
            &[],
        ),
        ("listen=[{protocol='socketmap',address='unix:/a',mode='0600',group='g'}]", &["group of"]),
        (
            "listen=[{protocol='socketmap',address='unix:/var/spool/postfix/private/p',group='g'}]",
            &["only Postfix may enter"],
        ),
        ("listen=[{protocol='socketmap',address='inet:0.0.0.0:1'}]", &["other machines"]),
        ("listen=[{protocol='socketmap',address='inet:[::1]:0'}]", &["another port"]),
        (
            "listen=[{protocol='socketmap',address='systemd:s',max-connections=10}]",
            &["serves 10 connections"],
        ),
        (
            "listen=[{protocol='policy',address='systemd:p',max-connections=10}]",
            &["serves 10 connections"],
        ),
        (
            "listen=[{protocol='tcp-table',address='inet:[::1]:1',table='relay_domains',\
             idle-timeout=60}]",
            &["after 60 idle seconds"],
        ),
        (
            "listen=[{protocol='tcp-table',address='inet:[::1]:1',table='relay_domains'},\
             {protocol='tcp-table',address='inet:127.0.0.1:1',table='transport_maps'}]",
            &["port 1 is wanted twice"],
        ),
        (
            "listen=[{protocol='socketmap',address='systemd:s'},\
             {protocol='socketmap',address='systemd:s'}]",
            &["`s` is wanted twice"],
        ),
        (
            "listen=[{protocol='socketmap',address='unix:/run/postcote/control',group='g'}]",
            &["by [control]"],
        ),
        (
            "listen=[{protocol='tcp-table',address='inet:[::1]:9725',table='relay_domains'}]",
            &["by [http]"],
        ),
        (
            "http.enabled=false\n\
             listen=[{protocol='tcp-table',address='inet:[::1]:9725',table='relay_domains'}]",
            &[],
        ),
        ("addresses.recipient-delimiter='+._'", &["john.smith", "john_smith", "no listener"]),
        ("addresses.login-separators='%'", &["lacks `@`", "no listener"]),
        ("addresses.login-separators='@+'", &["two meanings", "no listener"]),
        ("logins.longest-delay='9s'", &["no listener"]),
        ("logins.longest-delay='10s'", &["given up by Postfix", "no listener"]),
        ("logins.failure-delay='9s'", &["longer than longest-delay", "no listener"]),
        ("accounts.password-scheme='sha512-crypt.hex'", &["no listener"]),
        ("accounts.password-scheme='PLAIN'", &["stores the password itself", "no listener"]),
        (
            "accounts.password-scheme='smd5'",
            &["`SMD5` is weak", "auth_allow_weak_schemes", "no listener"],
        ),
        (
            "accounts.password-scheme='DIGEST-MD5'",
            &["`DIGEST-MD5` is weak", "binds a hash", "no listener"],
        ),
        ("accounts.password-scheme='ARGON2'", &["Dovecot 2.3 does not know", "no listener"]),
        ("database.query-timeout='60s'", &["60 seconds", "no listener"]),
        ("cache.entries=10", &["no listener", "10 entries"]),
        ("control.mode='0666'", &["no listener", "/run/postcote/control"]),
    ];

    #[test]
    fn unreasonable_things_are_found_and_reasonable_ones_are_not() {
        for (text, expected) in TABLE {
            let config = Config::parse(text, Path::new("test")).unwrap();
            let found = warnings(&config);
            let fits = found.len() == expected.len()
                && found.iter().zip(*expected).all(|(got, part)| got.text.contains(part));
            assert!(fits, "{text}\nexpected {expected:?}\ngot {found:#?}");
        }
    }
}
