//! Decides whether a server's certificate is good enough, by libpq's rules where rustls is stricter.
//!
//! rustls accepts less than OpenSSL does for libpq in three set-ups that are common with
//! PostgreSQL, because its documentation and Debian's packages lead there:
//!
//! - A self-signed certificate that is its own root. Whoever names a certificate as trusted trusts
//!   the server that holds its key, so a certificate equal to a trusted one needs no chain.
//! - A certificate with only a common name: libpq falls back to it if no alternative name of the
//!   host's type is present.
//! - A version 1 certificate, see [`version1`].

use std::net::IpAddr;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{WebPkiServerVerifier, verify_server_name};
use rustls::crypto::{
    WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature_with_raw_key,
};
use rustls::pki_types::{CertificateDer, ServerName, SubjectPublicKeyInfoDer, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DigitallySignedStruct, Error, SignatureScheme};
use x509_cert::certificate::Certificate;
use x509_cert::der::asn1::{Ia5StringRef, PrintableStringRef, TeletexStringRef, Utf8StringRef};
use x509_cert::der::oid::db::rfc4519::COMMON_NAME;
use x509_cert::der::{Any, Decode as _, Encode as _};
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;

use super::version1;

/// What is asked of a certificate. That the server holds its key is always checked, since channel
/// binding relies on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Check {
    Nothing,
    Chain,
    ChainAndName,
}

#[derive(Debug)]
pub(super) struct Verifier {
    pub(super) check: Check,
    /// None if no trusted certificate is that of an authority.
    pub(super) chain: Option<Arc<WebPkiServerVerifier>>,
    /// Whether `chain` consults revocation lists.
    pub(super) revocation: bool,
    pub(super) trusted: Vec<CertificateDer<'static>>,
    pub(super) algorithms: WebPkiSupportedAlgorithms,
}

impl Verifier {
    fn verify_chain(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        now: UnixTime,
    ) -> Result<(), Error> {
        if self.trusted.iter().any(|trusted| trusted == certificate) {
            return verify_validity(certificate, now);
        }
        let Some(chain) = &self.chain else {
            return Err(CertificateError::UnknownIssuer.into());
        };
        let parsed = parse(certificate)?;
        if version1::is(&parsed) {
            // Whether it is revoked cannot be told, so with revocation lists it gets no exception.
            if self.revocation {
                return Err(CertificateError::UnknownRevocationStatus.into());
            }
            version1::verify_issuer(&parsed, &self.trusted, &self.algorithms)?;
            return verify_validity(certificate, now);
        }
        match chain.verify_server_cert(certificate, intermediates, name, &[], now) {
            // The name is looked at last, so the chain is good; whether the name matters is ours.
            Ok(_)
            | Err(Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if self.check != Check::Nothing {
            self.verify_chain(certificate, intermediates, name, now)?;
        }
        if self.check == Check::ChainAndName {
            verify_name(certificate, name)?;
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signed, &self.algorithms)
    }

    /// By the bare key, since rustls reads version 3 certificates only.
    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let key = parse(certificate)?
            .tbs_certificate
            .subject_public_key_info
            .to_der()
            .map_err(|_| CertificateError::BadEncoding)?;
        let key = SubjectPublicKeyInfoDer::from(key);
        verify_tls13_signature_with_raw_key(message, &key, signed, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

fn parse(certificate: &CertificateDer<'_>) -> Result<Certificate, Error> {
    Certificate::from_der(certificate).map_err(|_| CertificateError::BadEncoding.into())
}

fn verify_validity(certificate: &CertificateDer<'_>, now: UnixTime) -> Result<(), Error> {
    let validity = parse(certificate)?.tbs_certificate.validity;
    if now.as_secs() < validity.not_before.to_unix_duration().as_secs() {
        return Err(CertificateError::NotValidYet.into());
    }
    if now.as_secs() > validity.not_after.to_unix_duration().as_secs() {
        return Err(CertificateError::Expired.into());
    }
    Ok(())
}

fn verify_name(certificate: &CertificateDer<'_>, name: &ServerName<'_>) -> Result<(), Error> {
    // A version 1 certificate does not parse here, and has no alternative names to match.
    let refusal = match ParsedCertificate::try_from(certificate)
        .and_then(|parsed| verify_server_name(&parsed, name))
    {
        Ok(()) => return Ok(()),
        Err(refusal) => refusal,
    };
    match common_name(&parse(certificate)?, name) {
        Some(pattern) if matches(&pattern, &name.to_str()) => Ok(()),
        Some(pattern) => {
            let (expected, presented) = (name.to_owned(), vec![pattern]);
            Err(CertificateError::NotValidForNameContext { expected, presented }.into())
        }
        None => Err(refusal),
    }
}

/// The common name, unless an alternative name of the same type as `name` takes its place.
fn common_name(certificate: &Certificate, name: &ServerName<'_>) -> Option<String> {
    let certificate = &certificate.tbs_certificate;
    let wants_address = name.to_str().parse::<IpAddr>().is_ok();
    let alternatives = certificate.get::<SubjectAltName>().ok()?.map(|(_, names)| names.0);
    if alternatives.into_iter().flatten().any(|alternative| match alternative {
        GeneralName::DnsName(_) => !wants_address,
        GeneralName::IpAddress(_) => wants_address,
        _ => false,
    }) {
        return None;
    }
    let attribute = certificate
        .subject
        .0
        .iter()
        .flat_map(|relative| relative.0.iter())
        .find(|attribute| attribute.oid == COMMON_NAME)?;
    text(&attribute.value)
}

fn text(value: &Any) -> Option<String> {
    let utf8 = value.decode_as::<Utf8StringRef<'_>>().map(|text| text.as_str().to_owned());
    utf8.or_else(|_| value.decode_as::<PrintableStringRef<'_>>().map(|text| text.to_string()))
        .or_else(|_| value.decode_as::<Ia5StringRef<'_>>().map(|text| text.to_string()))
        .or_else(|_| value.decode_as::<TeletexStringRef<'_>>().map(|text| text.to_string()))
        .ok()
}

/// libpq's comparison: case does not count, a leading `*` stands for exactly one label.
fn matches(pattern: &str, host: &str) -> bool {
    if pattern.eq_ignore_ascii_case(host) {
        return true;
    }
    match (pattern.strip_prefix("*."), host.split_once('.')) {
        (Some(domain), Some((label, rest))) => {
            !domain.is_empty() && !label.is_empty() && domain.eq_ignore_ascii_case(rest)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_one_label() {
        for (pattern, host, expected) in [
            ("db.example.org", "DB.example.org", true),
            ("*.example.org", "db.example.org", true),
            ("*.example.org", "a.db.example.org", false),
            ("*.example.org", "example.org", false),
            ("*.example.org", ".example.org", false),
            ("*", "db", false),
            ("*.", "db.", false),
            ("d*.example.org", "db.example.org", false),
            ("10.0.0.1", "10.0.0.1", true),
            ("*.0.0.1", "10.0.0.2", false),
        ] {
            assert_eq!(matches(pattern, host), expected, "{pattern} {host}");
        }
    }
}
