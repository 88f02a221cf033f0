//! The schema and the parsers agree about what is a word: what one takes, the other takes.

use postcote::mail::{Destination, DestinationTemplate, DomainName, Localpart, Transport};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use super::text::{domains, keys, localparts};
use crate::support::pg;

/// So many texts of each kind.
const CASES: usize = 5000;

fn texts(strategy: impl Strategy<Value = String>) -> Vec<String> {
    let mut runner = TestRunner::default();
    let texts = (0..CASES).map(|_| strategy.new_tree(&mut runner).unwrap().current());
    // PostgreSQL has no text with a zero byte.
    texts.map(|text| text.replace('\0', "")).collect()
}

/// Says where a function of the schema and a parser disagree.
async fn compare(function: &str, texts: Vec<String>, parser: fn(&str) -> bool) -> Vec<String> {
    let database = pg::database();
    let client = database.connect().await;
    let sql = format!(
        "SELECT postcote.{function}(t) FROM unnest($1::text[]) WITH ORDINALITY u(t, n) ORDER BY n"
    );
    let rows = client.query(&sql, &[&texts]).await.unwrap();
    let judged =
        texts.iter().zip(rows.iter().map(|row| row.get::<_, Option<bool>>(0) == Some(true)));
    let differing = judged.filter(|(text, takes)| parser(text) != *takes);
    differing.map(|(text, takes)| format!("{function}({text:?}) is {takes}")).collect()
}

#[tokio::test]
async fn the_schema_takes_what_the_parsers_make() {
    let canonical = |text: &str| Localpart::from_internal(text).is_ok_and(|l| l.as_str() == text);
    let mut differing = compare("is_localpart", texts(localparts()), canonical).await;
    let folded = texts(localparts()).into_iter().filter_map(|text| {
        Localpart::from_internal(&text).ok().map(|localpart| localpart.as_str().to_owned())
    });
    differing.extend(compare("is_localpart", folded.collect(), canonical).await);

    let canonical = |text: &str| DomainName::parse(text).is_ok_and(|name| name.as_str() == text);
    differing.extend(compare("is_domain_name", texts(domains()), canonical).await);

    let transport = |text: &str| Transport::parse(text).is_ok();
    differing.extend(compare("is_transport", texts("[a-z_-]{0,5}:?\\PC{0,10}"), transport).await);
    differing.extend(compare("is_transport", texts(any::<String>()), transport).await);

    // The parser makes A-labels in lower case, the schema wants them to be there.
    let stored = |text: &String| {
        let domain = text.rsplit('@').next().unwrap_or_default();
        domain.is_ascii() && domain.to_ascii_lowercase() == domain
    };
    let template = |text: &str| DestinationTemplate::parse(text).is_ok();
    let destinations = texts(keys()).into_iter().filter(stored).collect();
    differing.extend(compare("is_destination", destinations, template).await);
    // The parser takes specials without quotes, and quotes them when it writes.
    let address = |text: &str| Destination::parse(text).is_ok();
    let addresses = compare("is_address", texts(keys()), address).await;
    differing.extend(addresses.into_iter().filter(|one| one.ends_with("is true")));
    assert!(differing.is_empty(), "\n{}", differing.join("\n"));
}
