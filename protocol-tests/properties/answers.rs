//! Every key in every table has an answer, and the answer is one that Postfix can use.

use std::sync::{Arc, OnceLock};

use postcote::handler::TableAnswers;
use postcote::lookup::{Resolver, Table};
use postcote::mail::{Delimiters, Destination};
use postcote::protocol::{Reply, socketmap};
use proptest::prelude::*;
use proptest::sample::select;
use tokio::runtime::Runtime;

use super::text::keys;
use crate::support::fixture::{Fixture, FixtureDirectory};

fn answer(table: Table, key: &[u8]) -> Reply {
    static ANSWERS: OnceLock<(Runtime, Arc<TableAnswers<FixtureDirectory>>)> = OnceLock::new();
    let (runtime, answers) = ANSWERS.get_or_init(|| {
        let directory = Fixture::read("shop").directory();
        let resolver = Resolver::new(directory, Delimiters::default());
        (Runtime::new().unwrap(), Arc::new(TableAnswers::new(resolver)))
    });
    runtime.block_on(answers.answer(table, key, socketmap::fits))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn every_key_is_answered(table in select(&Table::ALL[..]), key in keys()) {
        match answer(table, key.as_bytes()) {
            Reply::Found(value) => prop_assert!(!value.is_empty()),
            Reply::NotFound => {}
            other => prop_assert!(false, "{:?}", other),
        }
    }

    #[test]
    fn even_bytes_are_answered(
        table in select(&Table::ALL[..]), key in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let reply = answer(table, &key);
        prop_assert!(matches!(reply, Reply::Found(_) | Reply::NotFound), "{:?}", reply);
    }

    #[test]
    fn the_case_of_a_key_never_matters(table in select(&Table::ALL[..]), key in keys()) {
        let upper = answer(table, key.to_ascii_uppercase().as_bytes());
        prop_assert_eq!(answer(table, key.as_bytes()), upper);
    }

    #[test]
    fn destinations_are_a_list_of_addresses(
        localpart in super::text::localparts(),
        domain in select(&["open.example", "catch.example", "example.org", "shop.example"][..]),
    ) {
        let Reply::Found(value) = answer(Table::VirtualAliasMaps, format!("{localpart}@{domain}").as_bytes())
        else { return Ok(()) };
        for one in split(&value) {
            let parsed = Destination::parse(one).map(|destination| destination.to_string());
            prop_assert_eq!(parsed, Ok(one.to_owned()), "{}", value);
        }
    }
}

/// Cuts at commas outside quotation marks.
fn split(list: &str) -> Vec<&str> {
    let (mut parts, mut start) = (Vec::new(), 0);
    let (mut quoted, mut escaped) = (false, false);
    for (at, c) in list.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => quoted = !quoted,
            ',' if !quoted => {
                parts.push(&list[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&list[start..]);
    parts
}
