//! The settings libpq knows, the environment variable behind each, and what becomes of them here.
//!
//! # See also
//! PostgreSQL documentation, "Parameter Key Words" and "Environment Variables" of libpq.

/// What postcote does with a setting of libpq.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Support {
    /// Its value is used.
    Used,
    /// It changes nothing here, whatever its value.
    Ignored,
    /// These values change nothing here; any other one is refused, for the reason given.
    Only(&'static [&'static str], &'static str),
    /// Ignoring it would be less than what the administrator asked for, so it is an error.
    Refused(&'static str),
}

/// One setting of libpq.
#[derive(Debug)]
pub(super) struct Keyword {
    pub(super) name: &'static str,
    /// The environment variable that gives its default.
    pub(super) variable: Option<&'static str>,
    pub(super) support: Support,
}

impl Keyword {
    /// Finds a setting by its name; libpq's names are case-sensitive.
    pub(super) fn find(name: &str) -> Option<&'static Self> {
        KEYWORDS.iter().find(|keyword| keyword.name == name)
    }

    /// Whether the value must never be shown.
    pub(super) fn is_secret(name: &str) -> bool {
        matches!(
            name,
            "password"
                | "sslpassword"
                | "scram_client_key"
                | "scram_server_key"
                | "oauth_client_secret"
        )
    }
}

/// In the order of libpq's documentation.
pub(super) static KEYWORDS: &[Keyword] = &[
    used("host", "PGHOST"),
    used("hostaddr", "PGHOSTADDR"),
    used("port", "PGPORT"),
    used("dbname", "PGDATABASE"),
    used("user", "PGUSER"),
    used("password", "PGPASSWORD"),
    used("passfile", "PGPASSFILE"),
    row("require_auth", Some("PGREQUIREAUTH"), Support::Refused(NO_REQUIRE_AUTH)),
    used("channel_binding", "PGCHANNELBINDING"),
    used("connect_timeout", "PGCONNECT_TIMEOUT"),
    row(
        "client_encoding",
        None,
        Support::Only(
            &["utf8", "UTF8", "utf-8", "UTF-8", "auto"],
            "postcote always speaks UTF-8 with the server",
        ),
    ),
    used("options", "PGOPTIONS"),
    used("application_name", "PGAPPNAME"),
    row("fallback_application_name", None, Support::Used),
    row("keepalives", None, Support::Used),
    row("keepalives_idle", None, Support::Used),
    row("keepalives_interval", None, Support::Used),
    row("keepalives_count", None, Support::Used),
    row("tcp_user_timeout", None, Support::Used),
    row(
        "replication",
        None,
        Support::Only(
            &["false", "off", "no", "0"],
            "postcote asks SQL, which a replication connection does not take",
        ),
    ),
    row(
        "gssencmode",
        Some("PGGSSENCMODE"),
        Support::Only(&["disable", "prefer"], "GSSAPI is not supported"),
    ),
    used("sslmode", "PGSSLMODE"),
    used("sslnegotiation", "PGSSLNEGOTIATION"),
    row("sslcompression", Some("PGSSLCOMPRESSION"), Support::Ignored),
    used("sslcert", "PGSSLCERT"),
    used("sslkey", "PGSSLKEY"),
    row("sslkeylogfile", None, Support::Refused("session keys are never written to a file")),
    row("sslpassword", None, Support::Refused("encrypted private keys are not supported")),
    row("sslcertmode", Some("PGSSLCERTMODE"), Support::Only(&["allow"], NO_CERT_MODE)),
    used("sslrootcert", "PGSSLROOTCERT"),
    used("sslcrl", "PGSSLCRL"),
    row("sslcrldir", Some("PGSSLCRLDIR"), Support::Refused("only a file of lists can be read")),
    used("sslsni", "PGSSLSNI"),
    row("requirepeer", Some("PGREQUIREPEER"), Support::Refused(NO_REQUIRE_PEER)),
    used("ssl_min_protocol_version", "PGSSLMINPROTOCOLVERSION"),
    used("ssl_max_protocol_version", "PGSSLMAXPROTOCOLVERSION"),
    row("min_protocol_version", Some("PGMINPROTOCOLVERSION"), Support::Only(&["3.0"], NO_3_2)),
    row("max_protocol_version", Some("PGMAXPROTOCOLVERSION"), Support::Ignored),
    row("krbsrvname", Some("PGKRBSRVNAME"), Support::Ignored),
    row("gsslib", Some("PGGSSLIB"), Support::Ignored),
    row("gssdelegation", Some("PGGSSDELEGATION"), Support::Ignored),
    row("scram_client_key", None, Support::Refused("give the password instead")),
    row("scram_server_key", None, Support::Refused("give the password instead")),
    used("service", "PGSERVICE"),
    used("servicefile", "PGSERVICEFILE"),
    used("target_session_attrs", "PGTARGETSESSIONATTRS"),
    used("load_balance_hosts", "PGLOADBALANCEHOSTS"),
    row("oauth_issuer", None, Support::Refused("OAuth is not supported")),
    row("oauth_client_id", None, Support::Refused("OAuth is not supported")),
    row("oauth_client_secret", None, Support::Refused("OAuth is not supported")),
    row("oauth_scope", None, Support::Refused("OAuth is not supported")),
];

const NO_REQUIRE_AUTH: &str =
    "authentication methods cannot be restricted; `channel_binding=require` is stronger";
const NO_REQUIRE_PEER: &str =
    "the owner of a unix socket is not checked; protect the socket's directory instead";
const NO_CERT_MODE: &str =
    "a client certificate is sent when one is configured and the server asks for it";
const NO_3_2: &str = "protocol 3.0 is spoken";

const fn used(name: &'static str, variable: &'static str) -> Keyword {
    Keyword { name, variable: Some(variable), support: Support::Used }
}

const fn row(name: &'static str, variable: Option<&'static str>, support: Support) -> Keyword {
    Keyword { name, variable, support }
}
