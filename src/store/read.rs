//! Rows of the views become the types of [`mail`](crate::mail), or an error for that row alone.

use std::collections::HashMap;
use std::fmt::Display;
use std::sync::Arc;

use tokio_postgres::{Client, Error, Row, Statement};

use crate::directory::{DirectoryError, EntryKey};
use crate::mail::policy::{AllowedSender, SendingLimits};
use crate::mail::{
    Account, Alias, AppPassword, Destination, DestinationTemplate, Domain, DomainKind, DomainName,
    DomainPattern, DomainSending, Entry, Forwards, Gid, Localpart, MailLocation, MailboxFormat,
    PasswordHash, QuotaLimit, Service, ServiceSet, Switches, Timestamp, Transport, Uid,
};
use crate::store::sending;
use crate::telemetry::log;

/// What a batch brought: by key, what stands there or why it cannot be understood.
pub(super) type Rows<K, T> = HashMap<K, Result<Arc<T>, DirectoryError>>;

/// Loads the domains that are known as these.
pub(super) async fn domains(
    client: &Client,
    statement: &Statement,
    names: &[DomainPattern],
) -> Result<Rows<DomainPattern, Domain>, Error> {
    if names.is_empty() {
        return Ok(HashMap::new());
    }
    let rows = client.query(statement, &[&names]).await?;
    let mut loaded = HashMap::with_capacity(rows.len());
    for row in &rows {
        let text: &str = row.try_get("name")?;
        // The name was asked for, so it is one.
        if let Ok(name) = DomainPattern::parse(text) {
            let domain = domain(row, name.clone());
            loaded.insert(name, readable(&format!("domain {text}"), domain));
        }
    }
    Ok(loaded)
}

/// Loads the entries under these keys.
pub(super) async fn entries(
    client: &Client,
    statement: &Statement,
    keys: &[EntryKey],
) -> Result<Rows<EntryKey, Entry>, Error> {
    if keys.is_empty() {
        return Ok(HashMap::new());
    }
    let gids: Vec<i64> = keys.iter().map(|key| i64::from(key.gid.0)).collect();
    let localparts: Vec<&str> = keys.iter().map(|key| key.localpart.as_str()).collect();
    let rows = client.query(statement, &[&gids, &localparts]).await?;
    let mut loaded = HashMap::with_capacity(rows.len());
    for row in &rows {
        let (gid, text): (i64, &str) = (row.try_get("gid")?, row.try_get("localpart")?);
        if let (Ok(gid), Ok(localpart)) = (u32::try_from(gid), Localpart::from_internal(text)) {
            let what = format!("entry of domain {gid}");
            let key = EntryKey { gid: Gid(gid), localpart };
            loaded.insert(key, readable(&what, entry(row)));
        }
    }
    Ok(loaded)
}

fn readable<T>(what: &str, read: Result<T, Unreadable>) -> Result<Arc<T>, DirectoryError> {
    read.map(Arc::new).map_err(|Unreadable(reason)| {
        log::unreadable_row(what, &reason);
        DirectoryError::new(format!("{what} in the database cannot be understood: {reason}"))
    })
}

/// Why a row cannot be understood. The database refuses such rows, so somebody changed its rules.
struct Unreadable(String);

impl<E: Display> From<E> for Unreadable {
    fn from(error: E) -> Self {
        Self(error.to_string())
    }
}

fn domain(row: &Row, name: DomainPattern) -> Result<Domain, Unreadable> {
    let kind = match row.try_get("kind")? {
        "mailbox" => DomainKind::Mailbox {
            catchall: templates(row, "catchall")?.unwrap_or_default(),
            services: services(row)?.unwrap_or(ServiceSet::ALL),
            quota: quota(row)?.unwrap_or_default(),
        },
        "relay" => DomainKind::Relay { has_recipient_list: row.try_get("has_recipient_list")? },
        other => return Err(Unreadable(format!("unknown kind `{other}`"))),
    };
    Ok(Domain {
        name,
        primary: DomainName::parse(row.try_get("primary_name")?)?,
        gid: Gid(u32::try_from(row.try_get::<_, i64>("gid")?)?),
        enabled: row.try_get("enabled")?,
        transport: transport(row)?,
        kind,
        sending: DomainSending {
            whole: sending_limits(row, "sending_limits")?,
            accounts: sending_limits(row, "account_sending_limits")?,
            grants: match row.try_get::<_, Option<&str>>("sender_grants")? {
                Some(text) => sending::grants(text)?,
                None => [].into(),
            },
        },
    })
}

fn entry(row: &Row) -> Result<Entry, Unreadable> {
    match row.try_get("kind")? {
        "account" => Ok(Entry::Account(Arc::new(account(row)?))),
        "alias" => Ok(Entry::Alias(Alias {
            destinations: templates(row, "destinations")?.unwrap_or_default(),
            enabled: row.try_get("enabled")?,
            expires: time(row, "expires_at")?,
            senders: senders(row)?,
        })),
        "relocated" => Ok(Entry::Relocated(Destination::parse(row.try_get("new_address")?)?)),
        "relay_recipient" => Ok(Entry::RelayRecipient),
        other => Err(Unreadable(format!("unknown kind `{other}`"))),
    }
}

fn account(row: &Row) -> Result<Account, Unreadable> {
    let forwards = templates(row, "forwards")?;
    let keep_copy = row.try_get("keep_copy")?;
    Ok(Account {
        uid: Uid(u32::try_from(row.try_get::<_, i64>("uid")?)?),
        location: MailLocation {
            home: row.try_get::<_, &str>("home")?.into(),
            format: MailboxFormat::parse(row.try_get("mailbox_format")?)?,
            root: row.try_get::<_, &str>("mailbox_root")?.into(),
        },
        password: PasswordHash::parse(row.try_get("password")?).ok(),
        app_passwords: app_passwords(row)?,
        transport: transport(row)?,
        services: services(row)?,
        quota: quota(row)?,
        switches: Switches {
            login: row.try_get("may_login")?,
            receive: row.try_get("may_receive")?,
            send: row.try_get("may_send")?,
            reason: row.try_get::<_, Option<&str>>("suspend_reason")?.and_then(reason),
            until: time(row, "suspended_until")?,
        },
        expires: time(row, "expires_at")?,
        moving_until: time(row, "moving_until")?,
        forwards: forwards.map(|destinations| Forwards { destinations, keep_copy }),
        sending: sending_limits(row, "sending_limits")?,
    })
}

/// One app password as the view shows it.
#[derive(serde::Deserialize)]
struct StoredAppPassword {
    id: i64,
    password: String,
    services: Option<Vec<String>>,
    expires: Option<i64>,
    sending: Option<serde_json::Value>,
}

/// Those that can be understood: one that cannot lets nobody in, and the others still do.
fn app_passwords(row: &Row) -> Result<Box<[AppPassword]>, Unreadable> {
    let Some(text) = row.try_get::<_, Option<&str>>("app_passwords")? else {
        return Ok([].into());
    };
    let stored: Vec<StoredAppPassword> = serde_json::from_str(text)?;
    let read = stored.into_iter().filter_map(|stored| {
        let services: Option<Result<ServiceSet, _>> =
            stored.services.map(|names| names.iter().map(|name| Service::parse(name)).collect());
        Some(AppPassword {
            id: stored.id,
            hash: PasswordHash::parse(&stored.password).ok()?,
            services: services.transpose().ok()?,
            expires: stored.expires.map(Timestamp),
            sending: match stored.sending {
                Some(stored) => sending::limits_of(stored).ok()?,
                None => None,
            },
        })
    });
    Ok(read.collect())
}

fn sending_limits(row: &Row, column: &str) -> Result<Option<Box<SendingLimits>>, Unreadable> {
    let Some(text) = row.try_get::<_, Option<&str>>(column)? else { return Ok(None) };
    Ok(sending::limits(text)?)
}

fn senders(row: &Row) -> Result<Option<Box<[AllowedSender]>>, Unreadable> {
    let Some(texts) = row.try_get::<_, Option<Vec<&str>>>("senders")? else { return Ok(None) };
    Ok(Some(texts.into_iter().map(AllowedSender::parse).collect::<Result<_, _>>()?))
}

fn templates(row: &Row, column: &str) -> Result<Option<Vec<DestinationTemplate>>, Unreadable> {
    let Some(texts) = row.try_get::<_, Option<Vec<&str>>>(column)? else { return Ok(None) };
    let parsed: Result<_, _> = texts.into_iter().map(DestinationTemplate::parse).collect();
    Ok(Some(parsed?))
}

fn services(row: &Row) -> Result<Option<ServiceSet>, Unreadable> {
    let Some(names) = row.try_get::<_, Option<Vec<&str>>>("services")? else { return Ok(None) };
    Ok(Some(names.into_iter().map(Service::parse).collect::<Result<_, _>>()?))
}

fn quota(row: &Row) -> Result<Option<QuotaLimit>, Unreadable> {
    let bytes = row.try_get::<_, Option<i64>>("quota_bytes")?;
    let messages = row.try_get::<_, Option<i64>>("quota_messages")?;
    let (Some(bytes), Some(messages)) = (bytes, messages) else { return Ok(None) };
    Ok(Some(QuotaLimit { bytes: u64::try_from(bytes)?, messages: u64::try_from(messages)? }))
}

fn transport(row: &Row) -> Result<Option<Transport>, Unreadable> {
    let text = row.try_get::<_, Option<&str>>("transport")?;
    Ok(text.map(Transport::parse).transpose()?)
}

fn time(row: &Row, column: &str) -> Result<Option<Timestamp>, Unreadable> {
    Ok(row.try_get::<_, Option<i64>>(column)?.map(Timestamp))
}

/// A reason goes into an SMTP reply: one line of at most 200 characters.
fn reason(text: &str) -> Option<Box<str>> {
    let line: String =
        text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(200).collect();
    let line = line.trim();
    (!line.is_empty()).then(|| line.into())
}
