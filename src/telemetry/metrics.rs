//! The metrics, each declared once: the doc comment is the help text, labels are closed enums.

use std::sync::OnceLock;

use metrics::{Counter, Gauge, Histogram};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};

use crate::lookup::Table;
use crate::mail::policy::PolicyRule;

/// A label whose values are known in advance, which bounds the number of series.
pub trait Label: Copy + 'static {
    /// Every value, in the order of [`Label::index`].
    const ALL: &'static [Self];
    /// The value in the exposition.
    fn text(self) -> &'static str;
    /// The position in [`Label::ALL`].
    fn index(self) -> usize;
}

macro_rules! label {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name { $($(#[$variant_doc])* $variant),+ }

        impl Label for $name {
            const ALL: &'static [Self] = &[$(Self::$variant),+];
            fn text(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }
            fn index(self) -> usize {
                self as usize
            }
        }
    };
}

label! {
    /// How a lookup ended.
    Outcome {
        /// With a value.
        Found = "found",
        /// With a sure "no".
        NotFound = "not_found",
        /// With "ask later".
        Temporary = "temporary",
        /// With "edit your configuration".
        Misconfigured = "misconfigured",
    }
}

label! {
    /// What is cached.
    Cached {
        /// Domains, by name.
        Domain = "domain",
        /// Entries, by address.
        Entry = "entry",
        /// Alias domains for all sub-domains, by the name above.
        Wildcard = "wildcard",
    }
}

label! {
    /// Who is connected.
    Peer {
        /// Clients of the daemon's own socket.
        Control = "control",
        /// Clients of Courier's authdaemon socket.
        CourierAuth = "courier_auth",
        /// Clients of auth sockets: Postfix's SASL, Dovecot's login processes.
        DovecotAuth = "dovecot_auth",
        /// Clients of dict sockets: Dovecot's auth and mail processes.
        DovecotDict = "dovecot_dict",
        /// Clients of master sockets: LMTP, doveadm, mail processes.
        DovecotMaster = "dovecot_master",
        /// Clients of the policy service: smtpd.
        Policy = "policy",
        /// socketmap clients.
        Socketmap = "socketmap",
        /// `tcp_table` clients.
        TcpTable = "tcp_table",
    }
}

label! {
    /// How a login ended.
    LoginOutcome {
        /// Somebody was let in.
        Ok = "ok",
        /// The account is suspended, has ended or may not send.
        AccountDisabled = "account_disabled",
        /// The account may not use this service.
        ServiceDisabled = "service_disabled",
        /// It could not be known.
        Temporary = "temporary",
        /// It was not tried: too many wrong passwords came before.
        TooMany = "too_many",
        /// Nobody is called so.
        UnknownUser = "unknown_user",
        /// The password was wrong.
        WrongPassword = "wrong_password",
    }
}

label! {
    /// What a rule of the policy service said.
    PolicyVerdict {
        /// Nothing against it.
        Pass = "pass",
        /// No.
        Refused = "refused",
        /// It did not know.
        Unknown = "unknown",
        /// No, but it is only monitored.
        WouldRefuse = "would_refuse",
    }
}

label! {
    /// What the policy service answered.
    PolicyAnswer {
        /// Go on.
        Dunno = "dunno",
        /// Refused for good.
        Refused = "refused",
        /// Refused for now.
        Deferred = "deferred",
    }
}

label! {
    /// What an order asks for.
    OrderWork {
        /// A new home.
        Create = "create",
        /// The end of a home.
        Delete = "delete",
        /// The end of a domain's directory.
        DeleteDomain = "delete-domain",
        /// Another place for a home.
        Move = "move",
    }
}

label! {
    /// How the work on an order ended.
    OrderOutcome {
        /// It is done.
        Done = "done",
        /// It will be tried again.
        Postponed = "postponed",
        /// It waits for somebody to look at it.
        Failed = "failed",
    }
}

impl Label for PolicyRule {
    const ALL: &'static [Self] = &PolicyRule::ALL;
    fn text(self) -> &'static str {
        self.as_str()
    }
    fn index(self) -> usize {
        PolicyRule::ALL.iter().position(|rule| *rule == self).unwrap_or(0)
    }
}

impl Label for Table {
    const ALL: &'static [Self] = &Table::ALL;
    fn text(self) -> &'static str {
        self.as_str()
    }
    fn index(self) -> usize {
        Table::index(self)
    }
}

/// Declares the metrics. Each becomes a function that returns the handle for its labels; handles
/// are made once, because finding one by name costs more than a lookup.
macro_rules! metrics {
    ($($(#[doc = $help:literal])+ $kind:ident $name:ident { $($label:ident: $type:ty),* };)+) => {
        /// The name, the kind and the help text of every metric, in the order of declaration.
        pub const ALL: &[(&str, &str, &str)] =
            &[$((concat!("postcote_", stringify!($name)), stringify!($kind), concat!($($help),+))),+];

        fn describe() {
            $(metrics!(@describe $kind)(
                concat!("postcote_", stringify!($name)),
                concat!($($help),+).trim(),
            );)+
        }

        $(
            $(#[doc = $help])+
            pub fn $name($($label: $type),*) -> &'static metrics!(@handle $kind) {
                static HANDLES: OnceLock<Vec<metrics!(@handle $kind)>> = OnceLock::new();
                let handles = HANDLES.get_or_init(|| {
                    #[allow(unused_mut, reason = "a metric without labels has one series")]
                    let mut series: Vec<Vec<metrics::Label>> = vec![Vec::new()];
                    $(series = with_label::<$type>(series, stringify!($label));)*
                    let name = concat!("postcote_", stringify!($name));
                    series.into_iter().map(|labels| metrics!(@make $kind)(name, labels)).collect()
                });
                let index = 0;
                $(let index = index * <$type as Label>::ALL.len() + $label.index();)*
                at(handles, index)
            }
        )+
    };
    (@handle counter) => { Counter };
    (@handle gauge) => { Gauge };
    (@handle histogram) => { Histogram };
    (@make counter) => { |name: &'static str, labels: Vec<metrics::Label>| metrics::counter!(name, labels) };
    (@make gauge) => { |name: &'static str, labels: Vec<metrics::Label>| metrics::gauge!(name, labels) };
    (@make histogram) => { |name: &'static str, labels: Vec<metrics::Label>| metrics::histogram!(name, labels) };
    (@describe counter) => { |name: &'static str, help: &'static str| metrics::describe_counter!(name, help) };
    (@describe gauge) => { |name: &'static str, help: &'static str| metrics::describe_gauge!(name, help) };
    (@describe histogram) => { |name: &'static str, help: &'static str| metrics::describe_histogram!(name, help) };
}

metrics! {
    /// Lookups answered, by table and outcome.
    counter lookups_total { table: Table, outcome: Outcome };
    /// Time from a lookup's arrival to its answer, in seconds.
    histogram lookup_duration_seconds {};
    /// Questions to the directory that were answered from memory.
    counter cache_hits_total { cached: Cached };
    /// Questions to the directory that had to be loaded.
    counter cache_misses_total { cached: Cached };
    /// Unverified answers that were served because the database could not be asked.
    counter stale_answers_total { cached: Cached };
    /// Things remembered that exist.
    gauge cache_entries { cached: Cached };
    /// Keys remembered that do not exist.
    gauge cache_unknown { cached: Cached };
    /// Connections open now.
    gauge connections_open { peer: Peer };
    /// Connections accepted.
    counter connections_total { peer: Peer };
    /// Connections closed at once, because their users may not ask there.
    counter connections_refused_total { peer: Peer };
    /// Bytes that are no request; where one such request cannot fail alone the connection is closed.
    counter malformed_requests_total { peer: Peer };
    /// Connections that ended in a panic, which is a bug: please report it.
    counter connection_panics_total { peer: Peer };
    /// Answers longer than the protocol can carry, sent as "ask later".
    counter oversized_answers_total { table: Table };
    /// Logins, by how they ended.
    counter logins_total { outcome: LoginOutcome };
    /// Questions to the policy service, by what was answered.
    counter policy_requests_total { answer: PolicyAnswer };
    /// What the rules of the policy service said.
    counter policy_verdicts_total { rule: PolicyRule, verdict: PolicyVerdict };
    /// Time from a question to the policy service to its answer, in seconds.
    histogram policy_duration_seconds {};
    /// Times that somebody came near a limit of sending.
    counter sending_limits_near_total {};
    /// Times that somebody reached a limit of sending, once an hour for each.
    counter sending_limits_reached_total {};
    /// Whether the database answers: 1 or 0.
    gauge database_up {};
    /// Seconds since the database last answered.
    gauge database_last_contact_seconds {};
    /// Connections to the database that were lost.
    counter database_lost_total {};
    /// Changes that the database announced.
    counter changes_total {};
    /// Times that every cached answer became unverified because changes may have been missed.
    counter distrusted_total {};
    /// Orders for the file system that were carried out or tried here, by kind and outcome.
    counter orders_total { kind: OrderWork, outcome: OrderOutcome };
    /// Orders for the file system that wait to be carried out, as seen by a daemon that does it.
    gauge orders_pending {};
    /// Orders for the file system that were given up, as seen by a daemon that carries them out.
    gauge orders_failed {};
}

/// Every combination of what there is with the values of one more label.
fn with_label<L: Label>(
    series: Vec<Vec<metrics::Label>>,
    name: &'static str,
) -> Vec<Vec<metrics::Label>> {
    let mut all = Vec::with_capacity(series.len() * L::ALL.len());
    for labels in series {
        for value in L::ALL {
            let mut labels = labels.clone();
            labels.push(metrics::Label::from_static_parts(name, value.text()));
            all.push(labels);
        }
    }
    all
}

/// The handle at an index that is below the product of the labels' sizes by construction.
#[expect(clippy::indexing_slicing, reason = "each label's index is below its own size")]
fn at<T>(handles: &'static [T], index: usize) -> &'static T {
    &handles[index]
}

/// Starts recording; must come before the first use of a handle. The text for Prometheus comes
/// from the returned handle, whose upkeep must run every few seconds.
///
/// # Errors
/// A recorder is installed already.
pub fn install() -> Result<PrometheusHandle, BuildError> {
    let duration = |name: &str| Matcher::Full(format!("postcote_{name}_duration_seconds"));
    let buckets = [
        0.000_005, 0.000_01, 0.000_025, 0.000_05, 0.000_1, 0.000_25, 0.001, 0.005, 0.025, 0.1, 1.0,
        5.0,
    ];
    let handle = PrometheusBuilder::new()
        .set_buckets_for_metric(duration("lookup"), &buckets)?
        .set_buckets_for_metric(duration("policy"), &buckets)?
        .install_recorder()?;
    describe();
    metrics::describe_gauge!("postcote_build_info", "The running version, as a label; always 1.");
    metrics::gauge!("postcote_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1);
    // Series that exist from the start can be alerted on before the first event.
    for table in Table::ALL {
        lookups_total(table, Outcome::Found);
        oversized_answers_total(table);
    }
    for cached in Cached::ALL {
        cache_hits_total(*cached);
        cache_misses_total(*cached);
        stale_answers_total(*cached);
    }
    for peer in Peer::ALL {
        connections_open(*peer);
        connections_total(*peer);
        connections_refused_total(*peer);
        malformed_requests_total(*peer);
        connection_panics_total(*peer);
    }
    for outcome in LoginOutcome::ALL {
        logins_total(*outcome);
    }
    for answer in PolicyAnswer::ALL {
        policy_requests_total(*answer);
    }
    for rule in PolicyRule::ALL {
        policy_verdicts_total(rule, PolicyVerdict::Pass);
    }
    sending_limits_near_total();
    sending_limits_reached_total();
    orders_total(OrderWork::Create, OrderOutcome::Done);
    database_lost_total();
    changes_total();
    distrusted_total();
    Ok(handle)
}
