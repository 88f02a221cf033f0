//! Builds the TLS connector for PostgreSQL from the `ssl…` settings, with libpq's meaning of each.
//!
//! # Requests
//! | `sslmode` | TLS | certificate chain | host name |
//! |---|---|---|---|
//! | `disable` | never | | |
//! | `allow`, `prefer`, `require` | second choice, first choice, always | checked if a root file exists | not checked |
//! | `verify-ca` | always | checked | not checked |
//! | `verify-full` | always | checked | checked |
//!
//! The connector offers `tls-server-end-point` channel binding, so SCRAM-SHA-256-PLUS is used.
//!
//! # See also
//! PostgreSQL documentation, "SSL Support" of libpq.

mod verify;
mod version1;

use std::fmt;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion, version};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::conninfo::{ClientFile, RootCertificates, SslMode, TlsSettings, TlsVersion};
use verify::{Check, Verifier};

/// A certificate or key file that cannot be used: always a matter for the administrator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsError {
    message: String,
    hint: &'static str,
}

impl TlsError {
    fn new(message: String, hint: &'static str) -> Self {
        Self { message, hint }
    }

    fn file(kind: &str, file: &Path, why: impl fmt::Display, hint: &'static str) -> Self {
        Self::new(format!("{kind} `{}` {why}", file.display()), hint)
    }

    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        self.hint
    }
}

impl fmt::Display for TlsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for TlsError {}

/// Reads the files the settings name and builds a connector from them.
///
/// Called for each connection, so that renewed certificates need no restart.
pub(super) fn connector(settings: &TlsSettings) -> Result<MakeRustlsConnect, TlsError> {
    // Named, because the process-wide default may not be set and tests must not depend on it.
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier = Arc::new(verifier(settings, &provider)?);
    let versions: Vec<&'static SupportedProtocolVersion> =
        [(TlsVersion::Tls12, &version::TLS12), (TlsVersion::Tls13, &version::TLS13)]
            .into_iter()
            .filter(|(version, _)| (settings.oldest..=settings.newest).contains(version))
            .map(|(_, supported)| supported)
            .collect();
    let builder = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&versions)
        .map_err(|error| TlsError::new(format!("TLS cannot be set up: {error}"), REPORT))?
        .dangerous()
        .with_custom_certificate_verifier(verifier);
    let mut config = match client_certificate(settings)? {
        Some((chain, key, file)) => builder.with_client_auth_cert(chain, key).map_err(|error| {
            TlsError::file(
                "client certificate",
                &file,
                format_args!("cannot be used: {error}"),
                "check that `sslkey` belongs to `sslcert`",
            )
        })?,
        None => builder.with_no_client_auth(),
    };
    config.enable_sni = settings.sni;
    if settings.direct {
        // The server refuses a handshake that does not start with SSLRequest unless ALPN says so.
        config.alpn_protocols = vec![b"postgresql".to_vec()];
    }
    Ok(MakeRustlsConnect::new(config))
}

fn verifier(settings: &TlsSettings, provider: &Arc<CryptoProvider>) -> Result<Verifier, TlsError> {
    let trusted = trusted(settings)?;
    let check = match settings.mode {
        SslMode::VerifyFull => Check::ChainAndName,
        SslMode::VerifyCa => Check::Chain,
        // libpq does the same for `require` "for backward compatibility": where a root file
        // exists, a certificate it does not vouch for is refused.
        _ if !trusted.is_empty() => Check::Chain,
        _ => Check::Nothing,
    };
    let mut anchors = RootCertStore::empty();
    // What cannot be an authority still counts as a trusted certificate of a server itself.
    anchors.add_parsable_certificates(trusted.iter().cloned());
    let revoked = revoked(settings)?;
    let revocation = !revoked.is_empty();
    let chain = if anchors.is_empty() {
        None
    } else {
        let verifier =
            WebPkiServerVerifier::builder_with_provider(Arc::new(anchors), Arc::clone(provider))
                .with_crls(revoked)
                .build()
                .map_err(|error| {
                    TlsError::new(
                        format!("`sslcrl` cannot be used: {error}"),
                        "the list must be of version 2, with `authorityKeyIdentifier` and a number",
                    )
                })?;
        Some(verifier)
    };
    let algorithms = provider.signature_verification_algorithms;
    Ok(Verifier { check, chain, revocation, trusted, algorithms })
}

/// The certificates to trust; none where libpq would not verify either.
fn trusted(settings: &TlsSettings) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let hint = "name the file that holds the certificate of the server's authority with \
                `sslrootcert`, or use `sslrootcert=system`, or an `sslmode` that does not verify";
    match &settings.roots {
        RootCertificates::File(file) if exists(file) => read("root certificate file", file),
        RootCertificates::File(file) if settings.mode >= SslMode::VerifyCa => {
            Err(TlsError::file("root certificate file", file, "does not exist", hint))
        }
        RootCertificates::Nowhere if settings.mode >= SslMode::VerifyCa => Err(TlsError::new(
            "`sslrootcert` is not set, and without a home directory there is no default".into(),
            hint,
        )),
        RootCertificates::File(_) | RootCertificates::Nowhere => Ok(Vec::new()),
        RootCertificates::System => {
            let found = rustls_native_certs::load_native_certs();
            if found.certs.is_empty() {
                let why = found.errors.first().map(|error| format!(": {error}"));
                return Err(TlsError::new(
                    format!("the system has no trusted certificates{}", why.unwrap_or_default()),
                    "install the package `ca-certificates`, or set `SSL_CERT_FILE`",
                ));
            }
            Ok(found.certs)
        }
    }
}

fn revoked(settings: &TlsSettings) -> Result<Vec<CertificateRevocationListDer<'static>>, TlsError> {
    match given(settings.revoked.as_ref()) {
        Some(file) => read("certificate revocation list", file),
        None => Ok(Vec::new()),
    }
}

type ClientCertificate = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>, PathBuf);

fn client_certificate(settings: &TlsSettings) -> Result<Option<ClientCertificate>, TlsError> {
    let Some(file) = given(settings.certificate.as_ref()) else { return Ok(None) };
    let chain = read("client certificate", file)?;
    let Some(ClientFile::Named(key_file) | ClientFile::Default(key_file)) = &settings.key else {
        return Err(TlsError::file(
            "client certificate",
            file,
            "has no private key",
            "name its file with `sslkey`",
        ));
    };
    refuse_readable_by_others(key_file)?;
    let key = PrivateKeyDer::from_pem_file(key_file)
        .map_err(|error| unreadable("private key file", key_file, &error))?;
    Ok(Some((chain, key, file.to_owned())))
}

/// A file that is named, or lies at its default place.
fn given(file: Option<&ClientFile>) -> Option<&Path> {
    match file? {
        ClientFile::Named(file) => Some(file),
        ClientFile::Default(file) => exists(file).then_some(file),
    }
}

/// A file that cannot be looked at counts as existing, so that reading it tells the reason.
fn exists(file: &Path) -> bool {
    file.try_exists().unwrap_or(true)
}

fn read<T: PemObject>(kind: &str, file: &Path) -> Result<Vec<T>, TlsError> {
    let items = T::pem_file_iter(file)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| unreadable(kind, file, &error))?;
    if items.is_empty() {
        return Err(unreadable(kind, file, &pem::Error::NoItemsFound));
    }
    Ok(items)
}

fn unreadable(kind: &str, file: &Path, error: &pem::Error) -> TlsError {
    match error {
        pem::Error::Io(error) => TlsError::file(
            kind,
            file,
            format_args!("cannot be read: {error}"),
            "it must exist and be readable for the user postcote runs as",
        ),
        pem::Error::NoItemsFound => TlsError::file(
            kind,
            file,
            "holds nothing usable",
            "it must be in PEM format and, if a private key, not encrypted",
        ),
        other => TlsError::file(
            kind,
            file,
            format_args!("is damaged: {other:?}"),
            "it must be in PEM format",
        ),
    }
}

/// libpq's rule: root's key may be readable by a group, any other one only by its owner.
fn refuse_readable_by_others(file: &Path) -> Result<(), TlsError> {
    let metadata = file
        .metadata()
        .map_err(|error| unreadable("private key file", file, &pem::Error::Io(error)))?;
    let forbidden = if metadata.uid() == 0 { 0o037 } else { 0o077 };
    if metadata.mode() & forbidden == 0 {
        return Ok(());
    }
    Err(TlsError::file(
        "private key file",
        file,
        "can be read by others",
        "`chmod 0600` it, or give it to root with mode 0640",
    ))
}

const REPORT: &str = "this should not happen; please report it";
