//! The words of the schema: which texts are domain names, local parts, addresses, templates.

use std::collections::BTreeSet;

use icu_casemap::CaseMapper;
use icu_normalizer::ComposingNormalizer;

use crate::support::pg;

/// (function, text, verdict, why).
const ROWS: &[(&str, &str, bool, &str)] = &[
    ("is_domain_name", "shop.example", true, "two labels"),
    ("is_domain_name", "localhost", true, "one label"),
    ("is_domain_name", "xn--mlaut-jva.example", true, "an A-label"),
    (
        "is_domain_name",
        "xn--vermgensberatung-pwb",
        true,
        "an A-label with a hyphen at the end of names",
    ),
    ("is_domain_name", "1.2.3.example", true, "digits"),
    ("is_domain_name", "1.2.3.4", false, "an IPv4 address"),
    ("is_domain_name", "a.123", false, "a numeric last label reads as an address"),
    ("is_domain_name", "a.1b", true, "not only digits"),
    ("is_domain_name", "", false, "empty"),
    ("is_domain_name", ".", false, "the root"),
    ("is_domain_name", "shop.example.", false, "a trailing dot"),
    ("is_domain_name", ".example", false, "an empty label"),
    ("is_domain_name", "a..b", false, "an empty label"),
    ("is_domain_name", "-a.example", false, "starts with a hyphen"),
    ("is_domain_name", "a-.example", false, "ends with a hyphen"),
    ("is_domain_name", "a.example-", false, "ends with a hyphen"),
    ("is_domain_name", "a_b.example", false, "an underscore"),
    ("is_domain_name", "Shop.example", false, "a capital"),
    ("is_domain_name", "ümlaut.example", false, "a U-label"),
    ("is_domain_name", "a.example\n", false, "a line end after the last label"),
    ("is_domain_name", "a b.example", false, "a space"),
    ("is_localpart", "anna", true, "plain"),
    ("is_localpart", "a b", true, "a space, written quoted"),
    ("is_localpart", "a\"@\\b", true, "specials, written quoted"),
    ("is_localpart", ".a..b.", true, "dots anywhere"),
    ("is_localpart", "用户", true, "Unicode"),
    ("is_localpart", "jürgen", true, "NFC"),
    ("is_localpart", "ju\u{308}rgen", false, "not NFC"),
    ("is_localpart", "Anna", false, "a capital"),
    ("is_localpart", "straße", false, "folds to strasse"),
    ("is_localpart", "οδος", false, "final sigma folds to sigma"),
    ("is_localpart", "οδοσ", true, "folded"),
    ("is_localpart", "\u{13A0}", true, "Cherokee folds to capitals"),
    ("is_localpart", "\u{AB70}", false, "Cherokee folds to capitals"),
    ("is_localpart", "\u{13A0}A", false, "the other capital counts"),
    ("is_localpart", "ǰ", true, "folds to j and a caron, which composes to itself"),
    ("is_localpart", "", false, "empty"),
    ("is_localpart", "a\tb", false, "a control character"),
    ("is_localpart", "a\u{85}b", false, "a control character of Latin-1"),
    ("is_address", "new@elsewhere.example", true, "plain"),
    ("is_address", "New.Name+x@elsewhere.example", true, "keeps its case"),
    ("is_address", "\"a b\"@elsewhere.example", true, "quoted"),
    ("is_address", "\"a\\\"@b\"@elsewhere.example", true, "quoted specials"),
    ("is_address", "用户@xn--fiqs8s", true, "Unicode"),
    ("is_address", "a b@elsewhere.example", false, "a bare space"),
    ("is_address", "a@b@c", false, "two @"),
    ("is_address", "a,b@c", false, "a comma separates results"),
    ("is_address", "\"\"@elsewhere.example", false, "an empty quoted string"),
    ("is_address", "\"a\"b\"@c", false, "a bare quote inside"),
    ("is_address", "@elsewhere.example", false, "no local part"),
    ("is_address", "new@", false, "no domain"),
    ("is_address", "new", false, "no domain"),
    ("is_address", "new@Elsewhere.example", false, "a capital in the domain"),
    ("is_address", "new@[127.0.0.1]", false, "an address literal"),
    ("is_address", "a\n@b", false, "a line end"),
    ("is_destination", "anna@shop.example", true, "plain"),
    ("is_destination", "postmaster+%d@admin.example", true, "%d in the local part"),
    ("is_destination", "%n@%d", true, "both"),
    ("is_destination", "%=@x.example", true, "%="),
    ("is_destination", "%n@%d.example", true, "a label"),
    ("is_destination", "%n@a-%n-b.example", true, "inside a label"),
    ("is_destination", "100%%@x.example", true, "%% in the local part"),
    ("is_destination", "100%x@x.example", true, "any other % in the local part"),
    ("is_destination", "a@100%%.example", false, "% in the domain"),
    ("is_destination", "a@%x.example", false, "an unknown placeholder in the domain"),
    ("is_destination", "a@%D", false, "placeholders are lower case"),
    ("is_destination", "a@%=", false, "no domain name holds an equals sign"),
    ("is_destination", "root@localhost", true, "one label"),
    ("is_destination", "\"%n x\"@x.example", true, "in a quoted string"),
    ("is_destination", "anna", false, "no domain"),
    ("is_destination", "|/bin/sh", false, "a command is no address"),
    ("is_destination", "/dev/null", false, "a file is no address"),
    ("is_destination", ":include:/etc/passwd", false, "a list is no address"),
    ("is_destination", "a b@c", false, "a space"),
    ("is_destination", "a@b, c@d", false, "two of them"),
    ("is_transport", "lmtp:unix:private/dovecot-lmtp", true, "with a next hop"),
    ("is_transport", "smtp:[Relay.Example]:587", true, "keeps its case"),
    ("is_transport", "error:5.2.1 mailbox is closed", true, "with a text"),
    ("is_transport", "lmtp:", true, "default next hop"),
    ("is_transport", ":", true, "default transport"),
    ("is_transport", ":[relay.example]", true, "default transport, other next hop"),
    ("is_transport", "lmtp", false, "no colon"),
    ("is_transport", "a b:c", false, "a space in the name"),
    ("is_transport", "", false, "empty"),
];

#[tokio::test]
async fn the_words_of_the_schema_are_these() {
    let database = pg::database();
    let client = database.connect().await;
    for (function, text, expected, why) in ROWS {
        let sql = format!("SELECT postcote.{function}($1)");
        let got: bool = client.query_one(&sql, &[text]).await.unwrap().get(0);
        assert_eq!(got, *expected, "{function}({text:?}): {why}");
    }
}

#[tokio::test]
async fn sizes_are_counted_in_octets() {
    let label = "a".repeat(63);
    let rows = [
        ("is_domain_name", format!("{label}.{label}.{label}.{}", "a".repeat(63)), true),
        ("is_domain_name", format!("{label}.{label}.{label}.{label}.a"), false),
        ("is_domain_name", format!("{label}a"), false),
        ("is_localpart", "a".repeat(64), true),
        ("is_localpart", "a".repeat(65), false),
        ("is_localpart", "ü".repeat(32), true),
        ("is_localpart", "ü".repeat(33), false),
        ("is_address", format!("{}@{label}.{label}.{label}.example", "a".repeat(64)), true),
        ("is_address", format!("{}@x.example", "a".repeat(131)), false),
        ("is_destination", format!("{}@x", "a".repeat(318)), true),
        ("is_destination", format!("{}@x", "a".repeat(319)), false),
    ];
    let database = pg::database();
    let client = database.connect().await;
    for (function, text, expected) in rows {
        let sql = format!("SELECT postcote.{function}($1)");
        let got: bool = client.query_one(&sql, &[&text]).await.unwrap().get(0);
        assert_eq!(got, expected, "{function}({text:?}), {} octets", text.len());
    }
}

/// Folds as the mail types do: NFC, full case folding, NFC.
fn folded(text: &str) -> String {
    let nfc = ComposingNormalizer::new_nfc();
    let text = CaseMapper::new().fold_string(&nfc.normalize(text)).into_owned();
    nfc.normalize(&text).into_owned()
}

#[tokio::test]
async fn sql_and_rust_agree_on_every_character() {
    // Behind plane 2 are ideographs, tags and private use: nothing that folds or composes.
    let expected: BTreeSet<u32> = ('\u{1}'..='\u{2FFFF}')
        .filter(|one| !one.is_control() && folded(&one.to_string()) == one.to_string())
        .map(u32::from)
        .collect();
    let database = pg::database();
    let client = database.connect().await;
    let sql = "SELECT i FROM generate_series(1, 196607) i
               WHERE i NOT BETWEEN 55296 AND 57343 AND postcote.is_localpart(chr(i))";
    let rows = client.query(sql, &[]).await.unwrap();
    let got: BTreeSet<u32> =
        rows.iter().map(|row| u32::try_from(row.get::<_, i32>(0)).unwrap()).collect();
    let differ: Vec<_> =
        got.symmetric_difference(&expected).map(|one| format!("U+{one:04X}")).collect();
    assert!(differ.is_empty(), "SQL and Rust differ on {differ:?}");
}

#[tokio::test]
async fn sql_and_rust_agree_on_texts() {
    // Characters whose folding or composition depends on their neighbours, in all combinations.
    let pool = [
        "a", "j", "ǰ", "\u{30C}", "\u{323}", "\u{345}", "\u{308}", "ι", "α", "ά", "ΐ", "σ", "ς",
        "Σ", "i", "İ", "ı", "\u{307}", "ſ", "ᄀ", "ᅡ", "가", "\u{13A0}", "\u{AB70}", "ẖ",
        "h\u{331}",
    ];
    let mut texts = Vec::new();
    for one in pool {
        for two in pool {
            texts.extend(pool.iter().map(|three| format!("{one}{two}{three}")));
        }
    }
    let database = pg::database();
    let client = database.connect().await;
    let sql = "SELECT t, postcote.is_localpart(t) FROM unnest($1::text[]) t";
    let mut accepted = 0;
    for row in client.query(sql, &[&texts]).await.unwrap() {
        let (text, got): (String, bool) = (row.get(0), row.get(1));
        assert_eq!(got, folded(&text) == text, "{:?}", text.escape_unicode().to_string());
        accepted += u32::from(got);
    }
    assert!(accepted > 1000, "only {accepted} were accepted, so nothing was compared");
}
