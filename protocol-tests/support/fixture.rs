//! Facts for tests from one file, `fixtures/NAME.toml`: as a directory in memory, and as rows in
//! PostgreSQL. What one of them answers, the other must answer, too.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;

use postcote::directory::{Directory, DirectoryError, EntryKey};
use postcote::mail::policy::{
    AllowedSender, Limit, LocalpartPattern, SenderGrant, SendingKey, SendingLimits,
};
use postcote::mail::{
    Account, Address, Alias, Destination, DestinationTemplate, Domain, DomainKind, DomainName,
    DomainPattern, DomainSending, Entry, Forwards, Gid, Localpart, MailLocation, MailboxFormat,
    PasswordHash, QuotaLimit, ServiceSet, Switches, Timestamp, Transport, Uid,
};
use serde::Deserialize;
use tokio_postgres::Client;

/// What a fixture file says.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Fixture {
    #[serde(default = "plus")]
    pub(crate) recipient_delimiter: String,
    /// Aliases that every mailbox domain has unless it has an entry of its own.
    #[serde(default)]
    default_aliases: BTreeMap<String, AliasFacts>,
    #[serde(rename = "domain")]
    domains: Vec<DomainFacts>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct DomainFacts {
    name: String,
    gid: u32,
    #[serde(default)]
    alias_domains: Vec<String>,
    #[serde(default = "yes")]
    enabled: bool,
    transport: Option<String>,
    #[serde(default)]
    catchall: Vec<String>,
    #[serde(default)]
    accounts: BTreeMap<String, AccountFacts>,
    #[serde(default)]
    aliases: BTreeMap<String, AliasFacts>,
    #[serde(default)]
    relocated: BTreeMap<String, String>,
    /// Aliases in a circle: `NAME1` leads to `NAME2`, and so on, and the last to the first.
    #[serde(default)]
    ring: Vec<Ring>,
    /// Aliases whose answer has an exact length.
    #[serde(default)]
    sized: Vec<Sized>,
    /// A relay domain, which has recipients or takes all.
    #[serde(default)]
    relay: bool,
    #[serde(default)]
    recipients: Vec<String>,
    /// Who may use which addresses of it as the sender, by the whole login.
    #[serde(default)]
    grants: BTreeMap<String, Vec<String>>,
    /// How much all its accounts may send together.
    sending_limits: Option<Limits>,
    /// How much each of its accounts may send.
    account_sending_limits: Option<Limits>,
}

/// Limits of sending by their names; less than nothing is no limit.
type Limits = BTreeMap<String, i64>;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[expect(clippy::struct_excessive_bools, reason = "a file is written more easily so")]
struct AccountFacts {
    uid: u32,
    #[serde(default = "account_password")]
    password: String,
    /// Its own services; without, those of its domain, which are all.
    services: Option<Vec<String>>,
    transport: Option<String>,
    #[serde(default = "yes")]
    login: bool,
    #[serde(default = "yes")]
    receive: bool,
    #[serde(default = "yes")]
    send: bool,
    reason: Option<String>,
    suspended_until: Option<When>,
    expires: Option<When>,
    moving_until: Option<When>,
    #[serde(default)]
    forwards: Vec<String>,
    #[serde(default = "yes")]
    keep_copy: bool,
    sending_limits: Option<Limits>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum AliasFacts {
    Active(Vec<String>),
    Stated {
        to: Vec<String>,
        enabled: Option<bool>,
        expires: Option<When>,
        senders: Option<Vec<String>>,
    },
}

#[derive(Debug, Deserialize)]
struct Ring {
    name: String,
    length: usize,
    /// A further destination of the last alias.
    exit: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Sized {
    name: String,
    octets: usize,
}

/// A moment that stays on its side of now for as long as this program is used.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum When {
    Past,
    Future,
}

fn plus() -> String {
    "+".to_owned()
}

fn yes() -> bool {
    true
}

impl When {
    fn timestamp(self) -> Timestamp {
        match self {
            Self::Past => Timestamp(978_307_200),
            Self::Future => Timestamp(32_503_680_000),
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "both are far below 2^52")]
    fn sql(self) -> f64 {
        self.timestamp().0 as f64
    }
}

impl Fixture {
    /// Reads `fixtures/NAME.toml`.
    pub(crate) fn read(name: &str) -> Self {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("protocol-tests/fixtures");
        let path = directory.join(format!("{name}.toml"));
        let text = std::fs::read_to_string(&path)
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    /// The facts in memory.
    pub(crate) fn directory(&self) -> FixtureDirectory {
        let mut directory = FixtureDirectory::default();
        for facts in &self.domains {
            let primary = DomainName::parse(&facts.name).unwrap();
            for name in facts.names() {
                let domain = Arc::new(facts.domain(name.clone(), primary.clone()));
                directory.domains.insert(name, domain);
            }
            for (localpart, entry) in facts.entries() {
                directory.insert(Gid(facts.gid), &localpart, entry);
            }
        }
        for (localpart, alias) in &self.default_aliases {
            directory.insert(Gid::DEFAULTS, localpart, Entry::Alias(alias.alias()));
        }
        directory
    }

    /// Writes the facts into a migrated, empty database.
    pub(crate) async fn load(&self, client: &Client) {
        client.batch_execute("BEGIN").await.unwrap();
        for facts in &self.domains {
            facts.load(client).await;
        }
        for (localpart, alias) in &self.default_aliases {
            alias.load_default(client, localpart).await;
        }
        // Grants may go to accounts of any domain.
        for facts in &self.domains {
            facts.load_grants(client).await;
        }
        client.batch_execute("COMMIT").await.unwrap();
    }
}

impl DomainFacts {
    /// The primary name and the others.
    fn names(&self) -> Vec<DomainPattern> {
        let names = [&self.name].into_iter().chain(&self.alias_domains);
        names.map(|name| DomainPattern::parse(name).unwrap()).collect()
    }

    fn domain(&self, name: DomainPattern, primary: DomainName) -> Domain {
        let kind = if self.relay {
            DomainKind::Relay { has_recipient_list: !self.recipients.is_empty() }
        } else {
            DomainKind::Mailbox {
                catchall: templates(&self.catchall),
                services: ServiceSet::ALL,
                quota: QuotaLimit::default(),
            }
        };
        let transport = self.transport.as_deref().map(|text| Transport::parse(text).unwrap());
        let sending = DomainSending {
            whole: self.sending_limits.as_ref().map(limits).map(Box::new),
            accounts: self.account_sending_limits.as_ref().map(limits).map(Box::new),
            grants: self.grants().collect(),
        };
        let (gid, enabled) = (Gid(self.gid), self.enabled);
        Domain { name, primary, gid, enabled, transport, kind, sending }
    }

    fn entries(&self) -> Vec<(String, Entry)> {
        let mut entries = Vec::new();
        for (localpart, account) in &self.accounts {
            let account = Entry::Account(Arc::new(account.account(&self.directory())));
            entries.push((localpart.clone(), account));
        }
        for (localpart, alias) in self.all_aliases() {
            entries.push((localpart, Entry::Alias(alias.alias())));
        }
        for (localpart, to) in &self.relocated {
            entries.push((localpart.clone(), Entry::Relocated(Destination::parse(to).unwrap())));
        }
        for localpart in &self.recipients {
            entries.push((localpart.clone(), Entry::RelayRecipient));
        }
        entries
    }

    /// By local part, as the database has them.
    fn grants(&self) -> impl Iterator<Item = SenderGrant> {
        let all = self.grants.iter().flat_map(|(login, localparts)| {
            localparts.iter().map(|localpart| SenderGrant {
                localpart: LocalpartPattern::parse(localpart).unwrap(),
                login: Address::parse(login).unwrap(),
            })
        });
        let mut all: Vec<_> = all.collect();
        all.sort_by(|one, other| one.localpart.cmp(&other.localpart));
        all.into_iter()
    }

    fn directory(&self) -> String {
        format!("/srv/mail/0/{}", self.gid)
    }

    /// The aliases that are written out, and those that are made by rings and sizes.
    fn all_aliases(&self) -> Vec<(String, AliasFacts)> {
        let written = self.aliases.iter().map(|(name, alias)| (name.clone(), alias.clone()));
        let rings = self.ring.iter().flat_map(|ring| ring.aliases(&self.name));
        let sized = self.sized.iter().map(|one| (one.name.clone(), one.alias()));
        written.chain(rings).chain(sized).collect()
    }

    async fn load(&self, client: &Client) {
        let gid = i64::from(self.gid);
        let kind = if self.relay { "relay" } else { "mailbox" };
        let sql = "INSERT INTO postcote.domain (gid, kind, enabled, transport, directory,
                       sending_limits, account_sending_limits)
                   VALUES ($1, $2, $3, $4, $5, $6::text::jsonb, $7::text::jsonb)";
        let directory = self.directory();
        client
            .execute(
                sql,
                &[
                    &gid,
                    &kind,
                    &self.enabled,
                    &self.transport,
                    &directory,
                    &json(self.sending_limits.as_ref()),
                    &json(self.account_sending_limits.as_ref()),
                ],
            )
            .await
            .unwrap();
        let names = self.names();
        for (index, name) in names.iter().enumerate() {
            let sql =
                "INSERT INTO postcote.domain_name (gid, name, is_primary) VALUES ($1, $2, $3)";
            client.execute(sql, &[&gid, &name.to_string(), &(index == 0)]).await.unwrap();
        }
        if !self.catchall.is_empty() {
            let sql = "INSERT INTO postcote.catchall (gid, destinations) VALUES ($1, $2)";
            client.execute(sql, &[&gid, &self.catchall]).await.unwrap();
        }
        for (localpart, account) in &self.accounts {
            account.load(client, gid, localpart, &format!("{localpart}@{}", names[0])).await;
        }
        for (localpart, alias) in self.all_aliases() {
            alias.load(client, gid, &localpart).await;
        }
        for (localpart, to) in &self.relocated {
            let sql = "INSERT INTO postcote.relocated (gid, localpart, new_address)
                       VALUES ($1, $2, $3)";
            client.execute(sql, &[&gid, localpart, to]).await.unwrap();
        }
        for localpart in &self.recipients {
            let sql = "INSERT INTO postcote.relay_recipient (gid, localpart) VALUES ($1, $2)";
            client.execute(sql, &[&gid, localpart]).await.unwrap();
        }
    }
}

impl DomainFacts {
    async fn load_grants(&self, client: &Client) {
        let sql = "INSERT INTO postcote.sender_grant (uid, gid, localpart)
                   SELECT a.uid, $1, $2 FROM postcote.account a
                   JOIN postcote.domain_name n ON n.gid = a.gid AND n.is_primary
                   WHERE a.localpart = $3 AND n.name = $4";
        for SenderGrant { localpart, login } in self.grants() {
            let gid = i64::from(self.gid);
            let (local, domain) = (login.localpart.as_str(), login.domain.as_str());
            let written =
                client.execute(sql, &[&gid, &localpart.as_str(), &local, &domain]).await.unwrap();
            assert_eq!(written, 1, "no account `{login}`");
        }
    }
}

fn limits(said: &Limits) -> SendingLimits {
    let mut limits = SendingLimits::default();
    for (name, amount) in said {
        let amount = u64::try_from(*amount).map_or(Limit::Unlimited, Limit::AtMost);
        limits.set(SendingKey::parse(name).unwrap(), Some(amount));
    }
    limits
}

fn json(said: Option<&Limits>) -> Option<String> {
    let values = said?.iter().map(|(name, amount)| (name.clone(), u64::try_from(*amount).ok()));
    Some(serde_json::to_string(&values.collect::<BTreeMap<_, _>>()).unwrap())
}

impl AccountFacts {
    fn account(&self, directory: &str) -> Account {
        let home = format!("{directory}/{}", self.uid).into_boxed_str();
        Account {
            uid: Uid(self.uid),
            location: MailLocation { home, format: MailboxFormat::Maildir, root: "Maildir".into() },
            transport: self.transport.as_deref().map(|text| Transport::parse(text).unwrap()),
            password: PasswordHash::parse(&self.password).ok(),
            app_passwords: [].into(),
            services: self
                .services
                .as_ref()
                .map(|names| ServiceSet::parse(&names.join(",")).unwrap()),
            quota: None,
            switches: Switches {
                login: self.login,
                receive: self.receive,
                send: self.send,
                reason: self.reason.as_deref().map(Into::into),
                until: self.suspended_until.map(When::timestamp),
            },
            expires: self.expires.map(When::timestamp),
            moving_until: self.moving_until.map(When::timestamp),
            forwards: self.forwards.first().map(|_| Forwards {
                destinations: templates(&self.forwards),
                keep_copy: self.keep_copy,
            }),
            sending: self.sending_limits.as_ref().map(limits).map(Box::new),
        }
    }

    async fn load(&self, client: &Client, gid: i64, localpart: &str, address: &str) {
        let sql = "INSERT INTO postcote.account (gid, localpart, uid, transport, may_login,
                       may_receive, may_send, suspend_reason, suspended_until, expires_at, forwards,
                       keep_copy, password, services, sending_limits)
                   VALUES ($1, $2, $3, $4, $5, $6, $7, $8,
                       to_timestamp($9), to_timestamp($10), $11, $12, $13, $14, $15::text::jsonb)";
        let forwards = self.forwards.first().map(|_| &self.forwards);
        let (until, expires) = (self.suspended_until.map(When::sql), self.expires.map(When::sql));
        client
            .execute(
                sql,
                &[
                    &gid,
                    &localpart,
                    &i64::from(self.uid),
                    &self.transport,
                    &self.login,
                    &self.receive,
                    &self.send,
                    &self.reason,
                    &until,
                    &expires,
                    &forwards,
                    &self.keep_copy,
                    &self.password,
                    &self.services,
                    &json(self.sending_limits.as_ref()),
                ],
            )
            .await
            .unwrap();
        if let Some(until) = self.moving_until.map(When::sql) {
            let sql = "INSERT INTO postcote.mailbox_order
                           (kind, uid, gid, address, home, new_home, created_at)
                       VALUES ('move', $1, $2, $3, '/srv/mail/old', '/srv/mail/new',
                           to_timestamp($4) - interval '1 day')";
            client.execute(sql, &[&i64::from(self.uid), &gid, &address, &until]).await.unwrap();
        }
    }
}

fn account_password() -> String {
    "{PLAIN}account-password".to_owned()
}

impl AliasFacts {
    fn alias(&self) -> Alias {
        let (to, enabled, expires) = self.parts();
        let (destinations, expires) = (templates(to), expires.map(When::timestamp));
        let senders = self
            .senders()
            .map(|list| list.iter().map(|one| AllowedSender::parse(one).unwrap()).collect());
        Alias { destinations, enabled, expires, senders }
    }

    fn parts(&self) -> (&[String], bool, Option<When>) {
        match self {
            Self::Active(to) => (to, true, None),
            Self::Stated { to, enabled, expires, .. } => (to, enabled.unwrap_or(true), *expires),
        }
    }

    fn senders(&self) -> Option<&[String]> {
        match self {
            Self::Active(_) => None,
            Self::Stated { senders, .. } => senders.as_deref(),
        }
    }

    async fn load(&self, client: &Client, gid: i64, localpart: &str) {
        let (to, enabled, expires) = self.parts();
        let sql = "INSERT INTO postcote.alias
                       (gid, localpart, destinations, enabled, expires_at, senders)
                   VALUES ($1, $2, $3, $4, to_timestamp($5), $6)";
        let expires = expires.map(When::sql);
        let senders = self.senders();
        client.execute(sql, &[&gid, &localpart, &to, &enabled, &expires, &senders]).await.unwrap();
    }

    async fn load_default(&self, client: &Client, localpart: &str) {
        let (to, enabled, expires) = self.parts();
        let sql = "INSERT INTO postcote.default_alias
                       (localpart, destinations, enabled, expires_at, senders)
                   VALUES ($1, $2, $3, to_timestamp($4), $5)";
        let expires = expires.map(When::sql);
        let senders = self.senders();
        client.execute(sql, &[&localpart, &to, &enabled, &expires, &senders]).await.unwrap();
    }
}

impl Clone for AliasFacts {
    fn clone(&self) -> Self {
        let (to, enabled, expires) = self.parts();
        let senders = self.senders().map(<[String]>::to_vec);
        Self::Stated { to: to.to_vec(), enabled: Some(enabled), expires, senders }
    }
}

impl Ring {
    fn aliases(&self, domain: &str) -> Vec<(String, AliasFacts)> {
        let name = |number: usize| format!("{}{}", self.name, number % self.length + 1);
        let aliases = (0..self.length).map(|number| {
            let exit = self.exit.iter().filter(|_| number + 1 == self.length).cloned();
            let to = [format!("{}@{domain}", name(number + 1))].into_iter().chain(exit);
            (name(number), AliasFacts::Active(to.collect()))
        });
        aliases.collect()
    }
}

impl Sized {
    /// Destinations elsewhere that make an answer of exactly so many octets, commas included.
    fn alias(&self) -> AliasFacts {
        const USUAL: usize = 200;
        let mut to = Vec::new();
        let mut left = self.octets;
        while left > 0 {
            // The last one takes what is left, which must be enough for an address.
            let length = if left < 2 * USUAL - 100 { left } else { USUAL };
            let start = format!("{}-", to.len());
            let padding = "x".repeat(length - start.len() - "@far.example".len());
            to.push(format!("{start}{padding}@far.example"));
            left = left.saturating_sub(length + 1);
        }
        AliasFacts::Active(to)
    }
}

fn templates(texts: &[String]) -> Vec<DestinationTemplate> {
    texts.iter().map(|text| DestinationTemplate::parse(text).unwrap()).collect()
}

/// A directory that always answers.
#[derive(Debug, Default)]
pub(crate) struct FixtureDirectory {
    domains: HashMap<DomainPattern, Arc<Domain>>,
    entries: HashMap<EntryKey, Arc<Entry>>,
}

impl FixtureDirectory {
    fn insert(&mut self, gid: Gid, text: &str, entry: Entry) {
        let localpart = Localpart::from_internal(text).unwrap();
        assert_eq!(localpart.as_str(), text, "the database takes the canonical form only");
        let key = EntryKey { gid, localpart };
        assert!(self.entries.insert(key, Arc::new(entry)).is_none());
    }
}

impl Directory for FixtureDirectory {
    async fn domain(&self, name: &DomainName) -> Result<Option<Arc<Domain>>, DirectoryError> {
        Ok(self.domains.get(&DomainPattern::Exact(name.clone())).cloned())
    }

    async fn wildcard(&self, parent: &DomainName) -> Result<Option<Arc<Domain>>, DirectoryError> {
        Ok(self.domains.get(&DomainPattern::Below(parent.clone())).cloned())
    }

    async fn entry(&self, key: &EntryKey) -> Result<Option<Arc<Entry>>, DirectoryError> {
        Ok(self.entries.get(key).cloned())
    }
}
