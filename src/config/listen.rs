//! A listener: which protocol is spoken where, and who may connect.

use std::num::NonZeroUsize;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::config::caller::Caller;
use crate::config::duration::Limit;
use crate::config::text::{BadValue, Text, Written};
use crate::config::value::{self, FileMode};
use crate::config::{Endpoint, HostPort};
use crate::lookup::Table;

/// Where questions arrive: one `[[listen]]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Raw", into = "Raw")]
pub struct Listen {
    /// What is spoken.
    pub protocol: Protocol,
    /// Where.
    pub address: Endpoint,
    /// The table, where the protocol does not carry its name: always there for `tcp-table`, never
    /// for others.
    pub table: Option<Table>,
    /// The rule set that decides there, unless a `policy_context` names another; with `policy` only.
    pub rule_set: Option<String>,
    /// Permissions of a unix socket; other endpoints have none.
    pub mode: FileMode,
    /// Owner of a unix socket, a name or a number; nothing leaves it to the daemon's user.
    pub owner: Option<String>,
    /// Group of a unix socket, a name or a number; nothing leaves it to the daemon's group.
    pub group: Option<String>,
    /// Who may connect to a unix socket, whatever its permissions; `None` leaves it to those.
    pub users: Option<Vec<Caller>>,
    /// The most connections at a time; further peers wait, they are not refused.
    pub max_connections: NonZeroUsize,
    /// How long a connection may say nothing before it is closed; `None` means for ever.
    pub idle_timeout: Option<Duration>,
}

/// A protocol that a listener may speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Protocol {
    /// Courier's authdaemon protocol: Courier's IMAP, POP3, SMTP and webmail servers.
    CourierAuth,
    /// Dovecot's auth client protocol: Postfix's SASL and Dovecot's login processes.
    DovecotAuth,
    /// Dovecot's dict protocol: passdb, userdb, quota, last logins.
    DovecotDict,
    /// Dovecot's auth master protocol: LMTP, doveadm, mail processes.
    DovecotMaster,
    /// Postfix's SMTPD access policy delegation.
    Policy,
    /// Postfix's `socketmap_table(5)`: any number of tables on one socket.
    Socketmap,
    /// Postfix's `tcp_table(5)`: one table per port.
    TcpTable,
}

/// Postfix's client keeps a connection 100 seconds at most (`dict_sockmap.c`); the daemon must not
/// be the one that closes first.
const SHORTEST_IDLE: Duration = Duration::from_secs(101);
const DEFAULT_IDLE: Duration = Duration::from_mins(5);
/// What Postfix's default of 100 processes per service can open, several times over.
const MAX_CONNECTIONS: NonZeroUsize = NonZeroUsize::MIN.saturating_add(4095);

impl Protocol {
    /// All protocols, alphabetically.
    pub const ALL: [Self; 7] = [
        Self::CourierAuth,
        Self::DovecotAuth,
        Self::DovecotDict,
        Self::DovecotMaster,
        Self::Policy,
        Self::Socketmap,
        Self::TcpTable,
    ];

    /// The name in the configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CourierAuth => "courier-auth",
            Self::DovecotAuth => "dovecot-auth",
            Self::DovecotDict => "dovecot-dict",
            Self::DovecotMaster => "dovecot-master",
            Self::Policy => "policy",
            Self::Socketmap => "socketmap",
            Self::TcpTable => "tcp-table",
        }
    }

    fn idle_timeout(self) -> Option<Duration> {
        match self {
            // Courier's clients ask at once and give up after 30 seconds.
            Self::CourierAuth | Self::Socketmap => Some(DEFAULT_IDLE),
            // Postfix never closes a tcp-table and pays a second for each that is closed. LMTP keeps
            // a connection to Dovecot's auth for a minute without looking at it, and answers 451 if
            // it was closed meanwhile.
            // Dict clients close when they have nothing to ask, or after the time they were told.
            // Postfix itself closes a connection to a policy service after 300 idle seconds.
            Self::DovecotAuth
            | Self::DovecotDict
            | Self::DovecotMaster
            | Self::Policy
            | Self::TcpTable => None,
        }
    }
}

impl std::fmt::Display for Protocol {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Written for Protocol {
    const FORM: &'static str = "a text such as \"socketmap\"";

    fn read(text: &str) -> Result<Self, BadValue> {
        if let Some(protocol) = Self::ALL.into_iter().find(|protocol| protocol.as_str() == text) {
            return Ok(protocol);
        }
        let known = Self::ALL.map(Self::as_str);
        Err(BadValue::unknown("protocol", text, &known))
    }

    fn write(&self) -> String {
        self.to_string()
    }
}

impl Listen {
    /// A listener with every option left to its default.
    pub fn new(protocol: Protocol, address: Endpoint, table: Option<Table>) -> Self {
        Self {
            protocol,
            address,
            table,
            rule_set: None,
            mode: FileMode::default(),
            owner: None,
            group: None,
            users: None,
            max_connections: MAX_CONNECTIONS,
            idle_timeout: protocol.idle_timeout(),
        }
    }

    /// Its host and port, if it has any.
    pub fn host_port(&self) -> Option<HostPort> {
        match &self.address {
            Endpoint::Inet { host, port } => Some(HostPort { host: host.clone(), port: *port }),
            Endpoint::Systemd(_) | Endpoint::Unix(_) => None,
        }
    }
}

/// A listener as it is written, before its options are held against each other.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Raw {
    protocol: Text<Protocol>,
    address: Text<Endpoint>,
    #[serde(skip_serializing_if = "Option::is_none")]
    table: Option<Text<Table>>,
    #[serde(default, deserialize_with = "value::name", skip_serializing_if = "Option::is_none")]
    rule_set: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mode: Option<Text<FileMode>>,
    #[serde(default, deserialize_with = "value::name", skip_serializing_if = "Option::is_none")]
    owner: Option<String>,
    #[serde(default, deserialize_with = "value::name", skip_serializing_if = "Option::is_none")]
    group: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    users: Option<Vec<Text<Caller>>>,
    max_connections: Option<NonZeroUsize>,
    idle_timeout: Option<Limit>,
}

impl From<Listen> for Raw {
    fn from(listen: Listen) -> Self {
        let is_unix = matches!(listen.address, Endpoint::Unix(_));
        Self {
            protocol: Text(listen.protocol),
            address: Text(listen.address),
            table: listen.table.map(Text),
            rule_set: listen.rule_set,
            mode: is_unix.then_some(Text(listen.mode)),
            owner: listen.owner,
            group: listen.group,
            users: listen.users.map(|users| users.into_iter().map(Text).collect()),
            max_connections: Some(listen.max_connections),
            idle_timeout: Some(Limit(listen.idle_timeout)),
        }
    }
}

impl TryFrom<Raw> for Listen {
    type Error = BadValue;

    fn try_from(raw: Raw) -> Result<Self, BadValue> {
        let (Text(protocol), Text(address)) = (raw.protocol, raw.address);
        let table = raw.table.map(|Text(table)| table);
        fits(protocol, table, &address)?;
        if let (Some(set), false) = (&raw.rule_set, protocol == Protocol::Policy) {
            let why = format!("`{address}` speaks {protocol}, which has no rules");
            let hint = format!("remove `rule-set = \"{set}\"`");
            return Err(BadValue::new(why).key("rule-set").hint(hint));
        }
        if protocol == Protocol::TcpTable && matches!(address, Endpoint::Unix(_)) {
            let why = format!("`{address}` cannot speak tcp-table: Postfix asks it over TCP only");
            return Err(BadValue::new(why).key("address").hint("write `inet:127.0.0.1:PORT`"));
        }
        let unix_clients = match protocol {
            Protocol::CourierAuth => Some(("Courier", "/run/courier/authdaemon/socket")),
            Protocol::DovecotDict => Some(("Dovecot", "/run/postcote-dovecot/dict")),
            Protocol::DovecotMaster => Some(("Dovecot", "/run/postcote-dovecot/auth-master")),
            Protocol::DovecotAuth | Protocol::Policy | Protocol::Socketmap | Protocol::TcpTable => {
                None
            }
        };
        if let (Some((client, path)), Endpoint::Inet { .. }) = (unix_clients, &address) {
            let why =
                format!("`{address}` cannot speak {protocol}: {client} asks it over a unix socket");
            let hint = format!("write `unix:{path}`");
            return Err(BadValue::new(why).key("address").hint(hint));
        }
        let unix_only = [
            ("mode", raw.mode.is_some()),
            ("owner", raw.owner.is_some()),
            ("group", raw.group.is_some()),
        ];
        if !matches!(address, Endpoint::Unix(_))
            && let Some((key, _)) = unix_only.into_iter().find(|(_, set)| *set)
        {
            let why = format!("`{address}` has no `{key}`: only a unix socket made here has one");
            return Err(BadValue::new(why).key(key).hint(match address {
                Endpoint::Systemd(_) => "set SocketMode=, SocketUser= and SocketGroup= instead",
                _ => "remove it; guard the port with a firewall",
            }));
        }
        let idle_timeout = raw.idle_timeout.map_or(protocol.idle_timeout(), |Limit(limit)| limit);
        if protocol == Protocol::Socketmap && idle_timeout.is_some_and(|t| t < SHORTEST_IDLE) {
            let why = "an idle-timeout below 101 seconds closes connections that Postfix still uses: \
                       it keeps them for 100 seconds";
            return Err(BadValue::new(why)
                .key("idle-timeout")
                .hint("leave it out, which means 300 seconds, or write `\"none\"`"));
        }
        Ok(Self {
            rule_set: raw.rule_set,
            mode: raw.mode.map(|Text(mode)| mode).unwrap_or_default(),
            owner: raw.owner,
            group: raw.group,
            users: callers(raw.users, &address)?,
            max_connections: raw.max_connections.unwrap_or(MAX_CONNECTIONS),
            idle_timeout,
            ..Self::new(protocol, address, table)
        })
    }
}

/// Holds a protocol against the table it is to serve.
fn fits(protocol: Protocol, table: Option<Table>, address: &Endpoint) -> Result<(), BadValue> {
    match (protocol, table) {
        (Protocol::TcpTable, None) => {
            let why = format!("`{address}` speaks tcp-table, which names no table");
            Err(BadValue::new(why).hint("add `table = \"virtual_mailbox_domains\"`"))
        }
        (Protocol::Socketmap, Some(table)) => {
            let why = format!("`{address}` speaks socketmap, which serves every table");
            let hint = format!("remove `table = \"{table}\"`");
            Err(BadValue::new(why).key("table").hint(hint))
        }
        (
            Protocol::CourierAuth
            | Protocol::DovecotAuth
            | Protocol::DovecotDict
            | Protocol::DovecotMaster
            | Protocol::Policy,
            Some(table),
        ) => {
            let why = format!("`{address}` speaks {protocol}, which serves no table");
            let hint = format!("remove `table = \"{table}\"`");
            Err(BadValue::new(why).key("table").hint(hint))
        }
        (Protocol::TcpTable, Some(_)) | (_, None) => Ok(()),
    }
}

/// Who may connect, if that is told; over a network nobody knows who does.
fn callers(
    users: Option<Vec<Text<Caller>>>,
    address: &Endpoint,
) -> Result<Option<Vec<Caller>>, BadValue> {
    let bad = |why, hint| Err(BadValue::new(why).key("users").hint(hint));
    match users {
        None => Ok(None),
        Some(_) if matches!(address, Endpoint::Inet { .. }) => bad(
            format!("`{address}` has no `users`: who is at the other end is not known"),
            "remove it; guard the port with a firewall",
        ),
        Some(users) if users.is_empty() => bad(
            format!("`{address}` would let nobody in"),
            "name those who may ask, such as `users = [\"root\", \"postfix\"]`, or leave it out",
        ),
        Some(users) => Ok(Some(users.into_iter().map(|Text(user)| user).collect())),
    }
}
