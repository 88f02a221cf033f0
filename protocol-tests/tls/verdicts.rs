//! Which certificate is good enough for which `sslmode`: a table, decided twice.

use super::certificates::{Certificates, HOST};
use super::cluster::Cluster;
use super::{Scratch, postcote, psql};

/// What a row expects of postcote: the TLS version spoken or `plain`, or words of the refusal.
#[derive(Clone, Copy)]
enum Expected {
    Speaks(&'static str),
    Refuses(&'static str),
    /// Refuses where libpq accepts, for the reason in the row's comment.
    RefusesAlone(&'static str),
    /// Speaks where libpq refuses, likewise.
    SpeaksAlone(&'static str),
}

use Expected::{Refuses, RefusesAlone, Speaks, SpeaksAlone};

/// (certificate of the server, settings, expected); `CA` and `OTHER` are the authorities, `DIR` is
/// where the certificates are, host and login are added where missing.
const ROWS: &[(&str, &str, Expected)] = &[
    ("good", "sslmode=verify-full sslrootcert=CA", Speaks("TLSv1.3")),
    ("good", "sslmode=verify-full sslrootcert=CA channel_binding=require", Speaks("TLSv1.3")),
    ("good", "sslmode=verify-full sslrootcert=CA channel_binding=disable", Speaks("TLSv1.3")),
    ("good", "sslmode=verify-full sslrootcert=CA host=wrong.test", Refuses("not for `")),
    ("good", "sslmode=verify-full sslrootcert=CA host=127.0.0.1", Refuses("not for `")),
    ("good", "sslmode=verify-full sslrootcert=OTHER", Refuses("not signed by a trusted")),
    ("good", "sslmode=verify-full", Refuses("does not exist")),
    ("good", "sslmode=verify-full sslrootcert=DIR/none", Refuses("does not exist")),
    ("good", "sslmode=verify-full sslrootcert=DIR/ca.key", Refuses("holds nothing usable")),
    ("good", "sslmode=verify-ca sslrootcert=CA host=wrong.test", Speaks("TLSv1.3")),
    ("good", "sslmode=verify-ca sslrootcert=OTHER", Refuses("not signed by a trusted")),
    ("good", "sslmode=verify-ca sslrootcert=OTHER host=wrong.test", Refuses("not signed")),
    ("good", "sslmode=require", Speaks("TLSv1.3")),
    ("good", "sslmode=require host=wrong.test channel_binding=require", Speaks("TLSv1.3")),
    ("good", "sslmode=require sslrootcert=DIR/none", Speaks("TLSv1.3")),
    ("good", "sslmode=require sslrootcert=OTHER", Refuses("not signed by a trusted")),
    ("good", "sslmode=require sslrootcert=CA host=wrong.test", Speaks("TLSv1.3")),
    ("good", "sslmode=prefer", Speaks("TLSv1.3")),
    ("good", "sslmode=prefer user=plain", Speaks("plain")),
    ("good", "sslmode=prefer user=plain sslrootcert=OTHER", Speaks("plain")),
    ("good", "sslmode=prefer channel_binding=require user=plain", Refuses("pg_hba.conf")),
    ("good", "sslmode=allow", Speaks("TLSv1.3")),
    ("good", "sslmode=allow user=plain", Speaks("plain")),
    ("good", "sslmode=disable", Refuses("no encryption")),
    ("good", "sslmode=disable user=plain", Speaks("plain")),
    ("good", "sslmode=disable user=plain channel_binding=require", Refuses("channel binding")),
    ("good", "sslmode=require user=trusted", Speaks("TLSv1.3")),
    ("good", "sslmode=require user=trusted channel_binding=require", Refuses("channel binding")),
    ("good", "sslmode=require ssl_max_protocol_version=TLSv1.2", Speaks("TLSv1.2")),
    (
        "good",
        "sslmode=verify-full sslrootcert=CA ssl_max_protocol_version=TLSv1.2",
        Speaks("TLSv1.2"),
    ),
    ("good", "sslmode=require ssl_min_protocol_version=TLSv1.3", Speaks("TLSv1.3")),
    ("good", "sslmode=require sslsni=0", Speaks("TLSv1.3")),
    ("good", "sslmode=verify-full sslrootcert=CA sslcrl=DIR/empty.crl", Speaks("TLSv1.3")),
    ("good", "sslmode=verify-full sslrootcert=CA sslcrl=DIR/ca.crl", Refuses("revoked")),
    // libpq goes on without a list that is named and missing; here a named file must be there.
    ("good", "sslmode=verify-full sslrootcert=CA sslcrl=DIR/none", RefusesAlone("cannot be read")),
    ("good", "sslmode=require user=certified", Refuses("certificate")),
    (
        "good",
        "sslmode=require user=certified sslcert=DIR/certified.crt sslkey=DIR/certified.key",
        Speaks("TLSv1.3"),
    ),
    (
        "good",
        "sslmode=require user=certified sslcert=DIR/stranger.crt sslkey=DIR/stranger.key",
        Refuses("alert"),
    ),
    ("good", "sslmode=require sslcert=DIR/certified.crt", Refuses("private key file")),
    ("good", "sslmode=require sslcert=DIR/certified.crt sslkey=DIR/open.key", Refuses("by others")),
    (
        "good",
        "sslmode=require sslcert=DIR/certified.crt sslkey=DIR/good.key",
        Refuses("client certificate"),
    ),
    ("sha384", "sslmode=verify-full sslrootcert=CA channel_binding=require", Speaks("TLSv1.3")),
    ("sha512", "sslmode=verify-full sslrootcert=CA channel_binding=require", Speaks("TLSv1.3")),
    ("star", "sslmode=verify-full sslrootcert=CA", Speaks("TLSv1.3")),
    ("star", "sslmode=verify-full sslrootcert=CA host=a.db.mail.test", Refuses("not for `")),
    ("address", "sslmode=verify-full sslrootcert=CA host=127.0.0.1", Speaks("TLSv1.3")),
    ("address", "sslmode=verify-full sslrootcert=CA", Refuses("not for `")),
    ("common-name", "sslmode=verify-full sslrootcert=CA", Speaks("TLSv1.3")),
    ("common-name", "sslmode=verify-full sslrootcert=CA host=wrong.test", Refuses("not for `")),
    ("overruled", "sslmode=verify-full sslrootcert=CA", Refuses("not for `")),
    ("expired", "sslmode=verify-full sslrootcert=CA", Refuses("expired")),
    ("expired", "sslmode=verify-ca sslrootcert=CA", Refuses("expired")),
    ("expired", "sslmode=require", Speaks("TLSv1.3")),
    ("chained", "sslmode=verify-full sslrootcert=CA", Speaks("TLSv1.3")),
    ("chained", "sslmode=verify-full sslrootcert=OTHER", Refuses("not signed by a trusted")),
    ("self", "sslmode=verify-full sslrootcert=DIR/self.crt", Speaks("TLSv1.3")),
    (
        "self",
        "sslmode=verify-full sslrootcert=DIR/self.crt channel_binding=require",
        Speaks("TLSv1.3"),
    ),
    ("self", "sslmode=verify-full sslrootcert=DIR/self.crt host=wrong.test", Refuses("not for `")),
    ("self", "sslmode=verify-ca sslrootcert=DIR/self.crt host=wrong.test", Speaks("TLSv1.3")),
    ("self", "sslmode=verify-full sslrootcert=CA", Refuses("authority")),
    ("snakeoil", "sslmode=verify-full sslrootcert=DIR/snakeoil.crt", Speaks("TLSv1.3")),
    (
        "snakeoil",
        "sslmode=verify-full sslrootcert=DIR/snakeoil.crt host=wrong.test",
        Refuses("not for `"),
    ),
    ("snakeoil", "sslmode=verify-full sslrootcert=CA", Refuses("not signed by a trusted")),
    ("self-expired", "sslmode=verify-full sslrootcert=DIR/self-expired.crt", Refuses("expired")),
    ("version-1", "sslmode=require channel_binding=require", Speaks("TLSv1.3")),
    ("version-1", "sslmode=verify-full sslrootcert=CA", Speaks("TLSv1.3")),
    ("version-1", "sslmode=verify-full sslrootcert=CA host=wrong.test", Refuses("not for `")),
    ("version-1", "sslmode=verify-full sslrootcert=OTHER", Refuses("not signed by a trusted")),
    // libpq wants the whole chain; here the certificate itself may be named.
    ("version-1", "sslmode=verify-full sslrootcert=DIR/version-1.crt", SpeaksAlone("TLSv1.3")),
    ("version-1-other", "sslmode=verify-full sslrootcert=CA", Refuses("not signed by a trusted")),
    ("version-1-other", "sslmode=verify-full sslrootcert=OTHER", Speaks("TLSv1.3")),
];

#[tokio::test]
async fn each_certificate_is_judged_as_libpq_judges_it() {
    let scratch = Scratch::new();
    let certificates = Certificates::make(&scratch.path("tls"));
    std::fs::copy(certificates.path("certified.key"), certificates.path("open.key")).unwrap();
    open_to_others(&certificates.path("open.key"));
    let cluster = Cluster::start(&scratch.path("pg"));
    let environment = scratch.environment();
    let mut installed = "";
    let mut wrong = Vec::new();
    for (certificate, settings, expected) in ROWS {
        if installed != *certificate {
            installed = certificate;
            let file = certificates.path(&format!("{certificate}.crt"));
            cluster.certificate(&file, &certificates.path("ca.crt"));
        }
        let path = |file| certificates.path(file).display().to_string();
        let settings =
            settings.replace("CA", &path("ca.crt")).replace("OTHER", &path("other-ca.crt"));
        let settings = settings.replace("DIR", &path(""));
        let text = format!(
            "host={HOST} hostaddr=127.0.0.1 port={} user=mail password='s3cret word' \
             dbname=postgres {settings}",
            cluster.port
        );
        let ours = postcote(&text, &environment).await;
        let libpq = psql(&text, &environment);
        let shown = ours.as_ref().map_err(ToString::to_string);
        let agrees = match (expected, &ours) {
            (Speaks(version), Ok(spoken)) => spoken == version && libpq.is_ok(),
            (SpeaksAlone(version), Ok(spoken)) => spoken == version && libpq.is_err(),
            (Refuses(words), Err(error)) => {
                error.to_string().contains(words) && error.is_configuration() && libpq.is_err()
            }
            (RefusesAlone(words), Err(error)) => {
                error.to_string().contains(words) && error.is_configuration() && libpq.is_ok()
            }
            _ => false,
        };
        let hinted = ours.as_ref().err().is_none_or(|error| error.hint().is_some());
        if !agrees || !hinted || format!("{shown:?}").contains("s3cret") {
            wrong.push(format!("{certificate}: {settings}\n  ours: {shown:?}\n  psql: {libpq:?}"));
        }
    }
    assert!(wrong.is_empty(), "{} rows differ:\n{}", wrong.len(), wrong.join("\n"));
}

fn open_to_others(key: &std::path::Path) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(key, std::fs::Permissions::from_mode(0o644)).unwrap();
}
