//! Certificates as administrators make them: by the commands of PostgreSQL's documentation.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A directory with authorities and server certificates, each `NAME.crt` and `NAME.key`.
pub(super) struct Certificates {
    directory: PathBuf,
}

/// The name all good server certificates are for.
pub(super) const HOST: &str = "db.mail.test";

const SAN: &str = "subjectAltName=DNS:db.mail.test\nbasicConstraints=CA:FALSE\n";

impl Certificates {
    pub(super) fn make(directory: &Path) -> Self {
        fs::create_dir_all(directory).unwrap();
        let all = Self { directory: directory.to_owned() };
        all.authority("ca");
        all.authority("other-ca");
        all.signed("good", "ca", "/CN=anything", &["-sha256"], Some(SAN));
        all.signed("sha384", "ca", "/CN=anything", &["-sha384"], Some(SAN));
        all.signed("sha512", "ca", "/CN=anything", &["-sha512"], Some(SAN));
        all.signed("star", "ca", "/CN=x", &[], Some("subjectAltName=DNS:*.mail.test\n"));
        all.signed("address", "ca", "/CN=x", &[], Some("subjectAltName=IP:127.0.0.1\n"));
        all.signed(
            "common-name",
            "ca",
            "/CN=db.mail.test",
            &[],
            Some("basicConstraints=CA:FALSE\n"),
        );
        // The common name would fit, but an alternative name takes its place.
        all.signed(
            "overruled",
            "ca",
            "/CN=db.mail.test",
            &[],
            Some("subjectAltName=DNS:else.test\n"),
        );
        all.signed("expired", "ca", "/CN=x", &["-days", "-1"], Some(SAN));
        // openssl up to 3.1 makes version 1 of it, later ones version 3 without alternative names.
        all.signed("version-1", "ca", "/CN=db.mail.test", &[], None);
        all.signed("version-1-other", "other-ca", "/CN=db.mail.test", &[], None);
        all.signed("middle", "ca", "/CN=middle", &[], Some("basicConstraints=critical,CA:TRUE\n"));
        all.signed("chained", "middle", "/CN=x", &[], Some(SAN));
        let chain = [all.path("chained.crt"), all.path("middle.crt")]
            .map(|file| fs::read_to_string(file).unwrap())
            .concat();
        fs::write(all.path("chained.crt"), chain).unwrap();
        all.signed("certified", "ca", "/CN=certified", &[], Some("basicConstraints=CA:FALSE\n"));
        all.signed(
            "stranger",
            "other-ca",
            "/CN=certified",
            &[],
            Some("basicConstraints=CA:FALSE\n"),
        );
        // The one-command certificate of the documentation: an authority and server in one, with
        // a common name only.
        all.self_signed("self", &["-subj", "/CN=db.mail.test"]);
        all.self_signed(
            "snakeoil",
            &[
                "-subj",
                "/CN=db.mail.test",
                "-addext",
                "subjectAltName=DNS:db.mail.test",
                "-addext",
                "basicConstraints=critical,CA:FALSE",
            ],
        );
        all.openssl(&[
            "x509",
            "-in",
            "self.crt",
            "-signkey",
            "self.key",
            "-days",
            "-1",
            "-out",
            "self-expired.crt",
        ]);
        fs::copy(all.path("self.key"), all.path("self-expired.key")).unwrap();
        all.revoke("good");
        all
    }

    pub(super) fn path(&self, file: &str) -> PathBuf {
        self.directory.join(file)
    }

    fn authority(&self, name: &str) {
        self.self_signed(name, &["-subj", &format!("/CN={name}")]);
    }

    fn self_signed(&self, name: &str, arguments: &[&str]) {
        let mut command = vec!["req", "-new", "-x509", "-nodes", "-newkey", "rsa:2048"];
        let (certificate, key) = (format!("{name}.crt"), format!("{name}.key"));
        command.extend(["-out", &certificate, "-keyout", &key]);
        command.extend(arguments);
        self.openssl(&command);
        self.protect(&key);
    }

    fn signed(
        &self,
        name: &str,
        by: &str,
        subject: &str,
        arguments: &[&str],
        extensions: Option<&str>,
    ) {
        let [certificate, key, request, extension] =
            ["crt", "key", "csr", "ext"].map(|suffix| format!("{name}.{suffix}"));
        let (by_certificate, by_key) = (format!("{by}.crt"), format!("{by}.key"));
        self.openssl(&[
            "req", "-new", "-nodes", "-newkey", "rsa:2048", "-subj", subject, "-keyout", &key,
            "-out", &request,
        ]);
        let mut command = vec!["x509", "-req", "-in", &request, "-CA", &by_certificate, "-CAkey"];
        command.extend([&*by_key, "-CAcreateserial", "-out", &certificate]);
        if let Some(extensions) = extensions {
            fs::write(self.path(&extension), extensions).unwrap();
            command.extend(["-extfile", &extension]);
        }
        command.extend(arguments);
        self.openssl(&command);
        self.protect(&key);
    }

    /// Makes `ca.crl`, which revokes one certificate, and `empty.crl`, which revokes none.
    fn revoke(&self, name: &str) {
        fs::write(self.path("index.txt"), "").unwrap();
        fs::write(self.path("number"), "01\n").unwrap();
        fs::write(
            self.path("ca.cnf"),
            "[ca]\ndefault_ca=d\n[d]\ndatabase=index.txt\ndefault_md=sha256\ndefault_crl_days=9\n\
             crlnumber=number\ncrl_extensions=e\n[e]\nauthorityKeyIdentifier=keyid:always\n",
        )
        .unwrap();
        let authority =
            ["ca", "-config", "ca.cnf", "-cert", "ca.crt", "-keyfile", "ca.key"].as_slice();
        self.openssl(&[authority, &["-gencrl", "-out", "empty.crl"]].concat());
        self.openssl(&[authority, &["-revoke", &format!("{name}.crt")]].concat());
        self.openssl(&[authority, &["-gencrl", "-out", "ca.crl"]].concat());
    }

    fn protect(&self, key: &str) {
        fs::set_permissions(self.path(key), fs::Permissions::from_mode(0o600)).unwrap();
    }

    fn openssl(&self, arguments: &[&str]) {
        let output = Command::new("openssl")
            .args(arguments)
            .current_dir(&self.directory)
            .output()
            .expect("openssl must be installed");
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "openssl {arguments:?}: {errors}");
    }
}
