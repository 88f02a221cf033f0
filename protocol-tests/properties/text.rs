//! Texts that come close to being addresses, and some that do not.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

/// What addresses are made of, well and badly.
const PIECES: &[&str] = &[
    "anna",
    "info",
    "known",
    "A",
    "Z",
    "ß",
    "ẞ",
    "ü",
    "u\u{308}",
    "Ü",
    "ς",
    "İ",
    "ı",
    "ﬁ",
    "用户",
    "Ꭰ",
    "\u{200d}",
    "\u{ad}",
    "\u{0}",
    "\n",
    "\u{7f}",
    "\u{85}",
    "+",
    "+",
    "-",
    ".",
    ".",
    "..",
    "@",
    "@",
    " ",
    "\"",
    "\\",
    ",",
    ";",
    "<",
    ">",
    "(",
    ")",
    "[",
    "]",
    "%",
    "%n",
    "%d",
    "%=",
    "%%",
    "*",
    "!",
    "_",
    "=",
    "/",
    "0",
    "127.0.0.1",
    "[127.0.0.1]",
    "xn--",
    "xn--bcher-kva",
    "xn--a",
    "bücher",
    "faß",
    "shop",
    "example",
    "org",
    "shop.example",
    "@shop.example",
    "@catch.example",
    "@open.example",
    "@bücher.example",
    "@example.org",
    "postmaster",
    "owner-",
    "-request",
];

/// Any text at all, most of them nearly addresses.
pub(super) fn keys() -> impl Strategy<Value = String> {
    prop_oneof![
        1 => any::<String>(),
        6 => vec(select(PIECES), 0..8).prop_map(|pieces| pieces.concat()),
        2 => (vec(select(PIECES), 1..4), vec(select(PIECES), 1..4))
            .prop_map(|(localpart, domain)| format!("{}@{}", localpart.concat(), domain.concat())),
        1 => (select(PIECES), 0_usize..400).prop_map(|(piece, times)| piece.repeat(times)),
    ]
}

/// Local parts without their quotes.
pub(super) fn localparts() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[a-z0-9]{1,64}",
        vec(select(PIECES), 1..5).prop_map(|pieces| pieces.concat()),
    ]
}

/// Domains in any spelling.
pub(super) fn domains() -> impl Strategy<Value = String> {
    let label =
        prop_oneof!["[a-zA-Z0-9]{1,20}", "[a-z][a-z0-9-]{0,10}", "[a-züéñß]{1,10}", "\\PC{1,6}"];
    prop_oneof![
        6 => vec(label, 1..4).prop_map(|labels| labels.join(".")),
        1 => keys(),
    ]
}
