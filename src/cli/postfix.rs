//! The lines of Postfix's main.cf that make it ask postcote, with the reasons beside them.

mod policy;

use crate::config::{Config, Endpoint, HostPort, Listen, Protocol};
use crate::lookup::Table;

/// Postfix's queue directory as Debian has it. Its chrooted processes see nothing outside, and all
/// of its processes have it as their working directory.
const QUEUE: &str = "/var/spool/postfix/";

const HEADER: &str = "\
# postcote's lines for /etc/postfix/main.cf, as `postcote config postfix` prints them.
# Remove other settings of the same parameters, then: postfix check && postfix reload
";

/// The parameters in the order in which Postfix asks them of a message, with what to know.
const SETTINGS: [(Table, &str); 9] = [
    (
        Table::VirtualMailboxDomains,
        "\
# The domains with mailboxes, alias domains included. None of them may be in mydestination as well.
",
    ),
    (
        Table::VirtualAliasDomains,
        "\
# Empty, not unset: unset means $virtual_alias_maps, and Postfix would look there for bare domains.
# Alias domains share the mailboxes of their primary domain, so they stand above.
",
    ),
    (
        Table::VirtualMailboxMaps,
        "\
# Which addresses have a mailbox; only smtpd asks. virtual(8) refuses socketmap and tcp tables, here
# as in virtual_uid_maps and virtual_gid_maps, and would defer all mail; deliver by LMTP, for example
# to Dovecot: virtual_transport = lmtp:unix:private/dovecot-lmtp
",
    ),
    (
        Table::VirtualAliasMaps,
        "\
# Aliases, forwards and catch-alls. Postfix asks these tables for the whole address only: extensions,
# catch-alls and alias domains are resolved by postcote.
",
    ),
    (
        Table::TransportMaps,
        "\
# Where mail goes; refuses it for disabled accounts and holds it while a mailbox is moved.
",
    ),
    (
        Table::RelocatedMaps,
        "\
# Tells senders the new address of who has moved.
",
    ),
    (
        Table::RelayDomains,
        "\
# Domains whose mail is handed on, and their recipients where they are listed.
",
    ),
    (Table::RelayRecipientMaps, ""),
    (
        Table::SmtpdSenderLoginMaps,
        "\
# Who may send as whom. Takes effect where master.cf has it checked, for example for submission:
#   -o smtpd_sender_restrictions=reject_sender_login_mismatch
",
    ),
];

const RECIPIENT_ACCESS: &str = "
# Says at RCPT TO why an account takes no mail now. Put your own restrictions behind it.
";

/// The lines for main.cf; nothing if no listener is configured.
pub(super) fn main_cf(config: &Config) -> Option<String> {
    let mut text = HEADER.to_owned();
    let socketmap = config
        .listen
        .iter()
        .filter(|listen| listen.protocol == Protocol::Socketmap)
        .min_by_key(|listen| detour(&listen.address));
    let own_access = ports(config).find(|(table, _)| *table == Table::RecipientAccess);
    let access = match socketmap {
        Some(listen) => {
            text.push_str(&everything(config, &listen.address));
            Some(format!("$postcote:{}", Table::RecipientAccess))
        }
        None if config.listen.is_empty() => return None,
        None => {
            if ports(config).next().is_some() {
                text.push_str(&only_tcp(config));
            }
            own_access.map(|(_, address)| tcp(address.as_ref()))
        }
    };
    match (policy::nearest(config), access) {
        (Some(listen), access) => text.push_str(&policy::lines(config, listen, access.as_deref())),
        (None, Some(access)) => {
            text.extend([RECIPIENT_ACCESS, &restriction(&access), "\n"]);
        }
        (None, None) => {}
    }
    if socketmap.is_some() {
        text.push_str(&alternatives(config));
    }
    Some(text)
}

/// How far a socket is from Postfix: the nearest is used.
fn detour(address: &Endpoint) -> u8 {
    match address {
        Endpoint::Unix(path) if path.starts_with(QUEUE) => 0,
        Endpoint::Systemd(_) => 1,
        Endpoint::Unix(_) => 2,
        Endpoint::Inet { .. } => 3,
    }
}

fn everything(config: &Config, address: &Endpoint) -> String {
    let (how, socket) = socket(address);
    let mut parts = vec![format!("\n{how}postcote = {socket}\n\n{}", delimiter(config))];
    for (table, why) in SETTINGS {
        let blank = if why.is_empty() { "" } else { "\n" };
        let value = if table == Table::VirtualAliasDomains {
            String::new()
        } else {
            format!(" $postcote:{table}")
        };
        parts.push(format!("{blank}{why}{table} ={value}\n"));
    }
    parts.concat()
}

fn delimiter(config: &Config) -> String {
    let delimiters = config.addresses.recipient_delimiter.as_str();
    let value = if delimiters.is_empty() { String::new() } else { format!(" {delimiters}") };
    format!(
        "# The same as recipient-delimiter in postcote.toml, for all else that splits addresses.\n\
         recipient_delimiter ={value}\n"
    )
}

fn restriction(table: &str) -> String {
    format!("smtpd_recipient_restrictions = check_recipient_access {table}")
}

/// The table type and socket, and the reason for its form.
fn socket(address: &Endpoint) -> (String, String) {
    match address {
        Endpoint::Unix(path) => {
            let path = path.display().to_string();
            match path.strip_prefix(QUEUE) {
                Some(relative) => (near(&path), format!("socketmap:unix:{relative}")),
                None => (far(), format!("proxy:socketmap:unix:{path}")),
            }
        }
        Endpoint::Systemd(name) => {
            let how = format!(
                "\
# systemd makes the socket `{name}`; this is the path in conf-examples/systemd/postcote.socket.
{}",
                near(&format!("{QUEUE}postcote/{name}"))
            );
            (how, format!("socketmap:unix:postcote/{name}"))
        }
        Endpoint::Inet { host, port } => {
            let how = "# One socket serves all tables.\n".to_owned();
            (how, format!("socketmap:inet:{}", reachable(host, *port)))
        }
    }
}

fn near(path: &str) -> String {
    format!(
        "\
# One socket serves all tables. The path is relative to the queue directory, so that it is the same
# inside the chroot, where Debian runs smtpd, cleanup and trivial-rewrite, and outside. For people:
#   postmap -q info@example.org socketmap:unix:{path}:virtual_alias_maps
"
    )
}

fn far() -> String {
    "\
# One socket serves all tables. proxy: is needed because Debian runs smtpd, cleanup and
# trivial-rewrite in a chroot, where the path does not exist. A socket below /var/spool/postfix does
# without this detour: see conf-examples/systemd/postcote.socket.
"
    .to_owned()
}

/// A listener on all addresses is asked on this machine's own.
fn reachable(host: &str, port: u16) -> HostPort {
    let host = match host {
        "0.0.0.0" => "127.0.0.1",
        "::" => "::1",
        host => host,
    };
    HostPort { host: host.to_owned(), port }
}

/// The tables that have a port of their own, in the order of the configuration.
fn ports(config: &Config) -> impl Iterator<Item = (Table, Option<HostPort>)> {
    let address = |listen: &Listen| match &listen.address {
        Endpoint::Inet { host, port } => Some(reachable(host, *port)),
        Endpoint::Systemd(_) | Endpoint::Unix(_) => None,
    };
    config.listen.iter().filter_map(move |listen| Some((listen.table?, address(listen))))
}

fn tcp(address: Option<&HostPort>) -> String {
    match address {
        Some(address) => format!("tcp:{address}"),
        // The port stands in the socket unit, which only systemd reads.
        None => "tcp:127.0.0.1:PORT".to_owned(),
    }
}

fn tcp_line(table: Table, address: Option<&HostPort>) -> String {
    let source = tcp(address);
    if table == Table::RecipientAccess {
        restriction(&source)
    } else {
        format!("{table} = {source}")
    }
}

fn only_tcp(config: &Config) -> String {
    let stands_apart = [Table::RecipientAccess, Table::VirtualAliasDomains];
    let lines: Vec<_> = ports(config)
        .filter(|(table, _)| !stands_apart.contains(table))
        .map(|(table, address)| tcp_line(table, address.as_ref()))
        .collect();
    format!(
        "\n\
         # One port a table. A socketmap listener would serve all tables on one socket.\n\
         {}\n\
         # Empty, not unset: unset means $virtual_alias_maps.\n\
         virtual_alias_domains =\n\
         {}\n",
        delimiter(config),
        lines.join("\n")
    )
}

fn alternatives(config: &Config) -> String {
    let line = |(table, address): (Table, Option<HostPort>)| tcp_line(table, address.as_ref());
    let lines: Vec<_> = ports(config).map(line).collect();
    if lines.is_empty() {
        return String::new();
    }
    let lines = lines.join("\n#");
    format!("\n# Also served on ports of their own, for what cannot speak socketmap:\n#{lines}\n")
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn the_nearest_socket_is_used_in_a_form_that_a_chroot_understands() {
        let table = [
            (
                "listen=[{protocol='socketmap',address='unix:/var/spool/postfix/pc/s'}]",
                &["postcote = socketmap:unix:pc/s\n", "unix:/var/spool/postfix/pc/s:virtual_al"][..],
            ),
            (
                "listen=[{protocol='socketmap',address='unix:/run/postcote/socketmap'}]",
                &["postcote = proxy:socketmap:unix:/run/postcote/socketmap\n"],
            ),
            (
                "listen=[{protocol='socketmap',address='inet:0.0.0.0:10026'}]",
                &["postcote = socketmap:inet:127.0.0.1:10026\n"],
            ),
            (
                "listen=[{protocol='socketmap',address='systemd:socketmap'}]",
                &["postcote = socketmap:unix:postcote/socketmap\n"],
            ),
            (
                "listen=[{protocol='socketmap',address='inet:127.0.0.1:1'},\
                 {protocol='socketmap',address='unix:/run/s'},\
                 {protocol='tcp-table',address='inet:[::]:2',table='relay_domains'}]",
                &["postcote = proxy:socketmap:unix:/run/s\n", "\n#relay_domains = tcp:[::1]:2\n"],
            ),
            (
                "addresses.recipient-delimiter=''\n\
                 listen=[{protocol='tcp-table',address='inet:[::1]:2',table='recipient_access'},\
                 {protocol='tcp-table',address='inet:[::1]:3',table='relay_domains'}]",
                &[
                    "recipient_delimiter =\n",
                    "check_recipient_access tcp:[::1]:2\n",
                    "\nrelay_domains = tcp:[::1]:3\n",
                ],
            ),
        ];
        for (text, expected) in table {
            let config = Config::parse(text, Path::new("test")).unwrap();
            let lines = main_cf(&config).unwrap();
            for part in expected {
                assert!(lines.contains(part), "{text}\nlacks {part:?}:\n{lines}");
            }
        }
        assert_eq!(main_cf(&Config::default()), None);
    }
}
