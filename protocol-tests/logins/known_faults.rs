//! Names that broke others, each with the report of it. All of them are nobody's here, and the next
//! request on the same connection is answered as ever.

use super::*;
use crate::support::lines::{Lines, plain};
use crate::support::scratch::Scratch;
use crate::support::site::Site;

/// A name, and what it did elsewhere.
const NAMES: &[(&[u8], &str)] = &[
    (b"%{sha512:%{sha512:%u}}@shop.example", "CVE-2017-2669: variables expanded twice"),
    (b"%u%d%n@%d", "CVE-2017-2669"),
    (b"%%d@shop.example", "CVE-2017-2669"),
    (b"\"\"@shop.example", "CVE-2020-10967: an empty quoted local part crashed"),
    (b"@shop.example", "CVE-2020-10967"),
    (b"jos\xe9@shop.example", "CVE-2019-10691: octets above ASCII ended the auth process"),
    (b"jos\xc3@shop.example", "CVE-2020-7046: UTF-8 that ends in the middle of a character"),
    (b"\xf0\x9f\x98", "CVE-2020-7046"),
    (b"anna@shop.example%n%s%s%n", "CVE-2005-1127: taken for a format"),
    (b"' OR '1'='1", "CVE-2026-24031: taken for SQL"),
    (b"anna'--@shop.example", "CVE-2026-24031"),
    (b"anna\\'; DROP TABLE postcote.account; --@shop.example", "CVE-2026-24031"),
    (b"$1@shop.example", "CVE-2026-24031"),
    (b"*)(uid=*))(|(uid=*@shop.example", "CVE-2026-27860: taken for an LDAP filter"),
    (b"anna@shop.example\x01ruser=bert", "a field smuggled in by an escape"),
    (b"../../anna@shop.example", "a path"),
];

/// CVE-2025-30189: a cache whose key lacked the user let everybody in as whoever came first.
#[tokio::test]
async fn what_is_remembered_of_one_lets_nobody_else_in() {
    let (facts, logins) = logins(settings());
    // The same text for both, which is true for joe only.
    let stored = hash(Scheme::DigestMd5, "right");
    facts.put("joe", account(Some(stored.clone())));
    facts.put("eve", Account { uid: Uid(70001), ..account(Some(stored)) });
    for (name, expected) in [
        ("joe@example.org", "ok joe@example.org"),
        ("eve@example.org", "fail user=eve@example.org"),
        ("joe@example.com", "ok joe@example.org"),
    ] {
        let outcome = logins.by_password(&from(name, "imap"), b"right").await;
        assert_eq!(seen(&outcome), expected);
    }
}

#[tokio::test]
async fn names_that_broke_others_are_nobodys() {
    let scratch = Scratch::new();
    let (auth, master) = (scratch.join("auth"), scratch.join("master"));
    let listen = [("auth", &auth), ("master", &master)].map(|(name, path)| {
        format!(
            "\n[[listen]]\nprotocol = \"dovecot-{name}\"\naddress = \"unix:{}\"\n",
            path.display()
        )
    });
    let quick =
        "\n[accounts]\npassword-scheme = \"SSHA256\"\n\n[logins]\nfailure-delay = \"1ms\"\n";
    let site = Site::with("shop", |setup| setup.listen = listen.concat() + quick).await;
    let mut auth = Lines::to_auth(&auth);
    let mut master = Lines::connect(&master);
    master.asks("VERSION\t1\t2");
    master.hears();
    for ((name, why), id) in NAMES.iter().zip((1..).step_by(2)) {
        let shown = name.escape_ascii();
        let begin = format!("USER\t{id}\t");
        master.says_raw(&[begin.as_bytes(), name, b"\tservice=lmtp\n"].concat()).unwrap();
        assert_eq!(master.hears(), format!("NOTFOUND\t{id}"), "{shown}: {why}");
        let said = master.asks(&format!("USER\t{}\tanna@shop.example\tservice=lmtp", id + 1));
        assert!(said.contains("\tuid=70000\t"), "after {shown}: {said}");

        let message = [b"\0", *name, b"\0account-password"].concat();
        let message = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, message);
        let said = auth.asks(&format!("AUTH\t{id}\tPLAIN\tservice=imap\tresp={message}"));
        assert!(said.starts_with(&format!("FAIL\t{id}")), "{shown}: {why}: {said}");
        assert!(!said.contains("temp_fail"), "{shown}: {why}: {said}");
        let next = plain("anna@shop.example", b"account-password");
        let said = auth.asks(&format!("AUTH\t{}\tPLAIN\tservice=imap\tresp={next}", id + 1));
        assert_eq!(said, format!("OK\t{}\tuser=anna@shop.example", id + 1), "after {shown}");
    }
    assert_eq!(site.daemon.metric("postcote_connection_panics_total{peer=\"dovecot_auth\"}"), 0);
}
