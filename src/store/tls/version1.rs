//! Checks the chain of an X.509 version 1 certificate, which rustls does not read.
//!
//! `openssl x509 -req` without `-extfile`, the recipe of PostgreSQL's documentation, makes such
//! certificates up to OpenSSL 3.1. They have no extensions, so nothing limits their use, and libpq
//! takes them. Only the simplest chain is accepted: signed by a trusted authority directly.

use rustls::CertificateError;
use rustls::crypto::WebPkiSupportedAlgorithms;
use rustls::pki_types::CertificateDer;
use x509_cert::certificate::{Certificate, Version};
use x509_cert::der::{Decode as _, Encode as _};
use x509_cert::ext::pkix::BasicConstraints;

/// Whether `certificate` is of version 1.
pub(super) fn is(certificate: &Certificate) -> bool {
    certificate.tbs_certificate.version == Version::V1
}

/// Checks that an authority among `trusted` signed `certificate`; not its validity, nor its name.
pub(super) fn verify_issuer(
    certificate: &Certificate,
    trusted: &[CertificateDer<'_>],
    algorithms: &WebPkiSupportedAlgorithms,
) -> Result<(), CertificateError> {
    let mut refusal = CertificateError::UnknownIssuer;
    for authority in trusted {
        let Ok(authority) = Certificate::from_der(authority) else { continue };
        if authority.tbs_certificate.subject == certificate.tbs_certificate.issuer
            && may_sign(&authority)
        {
            if is_signed_by(certificate, &authority, algorithms) == Some(true) {
                return Ok(());
            }
            refusal = CertificateError::BadSignature;
        }
    }
    Err(refusal)
}

/// Whether the constraints of `authority` let it sign others; version 1 knows none.
fn may_sign(authority: &Certificate) -> bool {
    is(authority)
        || authority
            .tbs_certificate
            .get::<BasicConstraints>()
            .is_ok_and(|found| found.is_some_and(|(_, constraints)| constraints.ca))
}

/// `None` if a part cannot be read.
fn is_signed_by(
    certificate: &Certificate,
    authority: &Certificate,
    algorithms: &WebPkiSupportedAlgorithms,
) -> Option<bool> {
    // The outer algorithm is not signed, so it counts only if the inner one agrees.
    if certificate.signature_algorithm != certificate.tbs_certificate.signature {
        return None;
    }
    let message = certificate.tbs_certificate.to_der().ok()?;
    let signature = certificate.signature.as_bytes()?;
    let signed_with = inner(&certificate.signature_algorithm.to_der().ok()?)?;
    let key = &authority.tbs_certificate.subject_public_key_info;
    let key_kind = inner(&key.algorithm.to_der().ok()?)?;
    let key = key.subject_public_key.as_bytes()?;
    Some(algorithms.all.iter().any(|algorithm| {
        algorithm.signature_alg_id().as_ref() == signed_with
            && algorithm.public_key_alg_id().as_ref() == key_kind
            && algorithm.verify_signature(key, &message, signature).is_ok()
    }))
}

/// The content of an algorithm's `SEQUENCE`, which is how rustls identifies algorithms; it is
/// always shorter than 128 bytes, so its length takes one.
fn inner(sequence: &[u8]) -> Option<Vec<u8>> {
    let [0x30, length, content @ ..] = sequence else { return None };
    (usize::from(*length) == content.len()).then(|| content.to_vec())
}
