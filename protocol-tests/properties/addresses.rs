//! Addresses: one canonical form, which every spelling leads to and nothing else shares.

use postcote::directory::EntryKey;
use postcote::mail::{
    Address, Delimiters, Destination, DestinationTemplate, DomainName, Gid, Localpart,
};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::text::{domains, keys, localparts};

/// Canonical addresses.
fn addresses() -> impl Strategy<Value = Address> {
    let localpart =
        localparts().prop_filter_map("no local part", |text| Localpart::from_internal(&text).ok());
    let domain = domains().prop_filter_map("no domain", |text| DomainName::parse(&text).ok());
    (localpart, domain).prop_map(|(localpart, domain)| Address { localpart, domain })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn an_address_is_read_as_it_is_written(address in addresses()) {
        prop_assert_eq!(Address::parse(&address.to_string()), Ok(address.clone()));
        prop_assert_eq!(Address::parse(&address.to_unicode()), Ok(address.clone()));
        // Postfix asks for the unquoted form, too. One that begins with a quotation mark, or holds
        // an `@`, reads as something else: there the quoted form, which comes first, decides.
        let inside = address.localpart.as_str();
        if !inside.starts_with('"') && !inside.contains('@') {
            let bare = format!("{inside}@{}", address.domain);
            prop_assert_eq!(Address::parse(&bare), Ok(address));
        }
    }

    #[test]
    fn canonical_is_canonical(text in keys()) {
        if let Ok(address) = Address::parse(&text) {
            prop_assert_eq!(Address::parse(&address.to_string()), Ok(address.clone()));
            let again = Localpart::from_internal(address.localpart.as_str());
            prop_assert_eq!(again.as_ref(), Ok(&address.localpart));
            let octets = address.localpart.as_str().len();
            prop_assert!((1..=Localpart::MAX_OCTETS).contains(&octets));
            prop_assert!(address.domain.as_str().len() <= DomainName::MAX_OCTETS);
            prop_assert!(address.domain.as_str().is_ascii());
        }
        if let Ok(name) = DomainName::parse(&text) {
            prop_assert_eq!(DomainName::parse(name.as_str()), Ok(name.clone()));
            prop_assert_eq!(DomainName::parse(&name.to_unicode()), Ok(name));
        }
    }

    #[test]
    fn case_of_ascii_never_matters(text in keys()) {
        let canonical = Address::parse(&text);
        prop_assert_eq!(&Address::parse(&text.to_ascii_uppercase()), &canonical);
        prop_assert_eq!(&Address::parse(&text.to_ascii_lowercase()), &canonical);
    }

    #[test]
    fn different_addresses_have_different_keys_and_texts(one in addresses(), two in addresses()) {
        let key = |address: &Address| EntryKey { gid: Gid(1), localpart: address.localpart.clone() };
        let same = one == two;
        prop_assert_eq!(same, one.to_string() == two.to_string());
        let same_key = key(&one) == key(&two);
        prop_assert_eq!(same, one.domain == two.domain && same_key);
        prop_assert_eq!(same_key, one.localpart.as_str() == two.localpart.as_str());
    }

    #[test]
    fn a_split_address_is_the_whole(address in addresses(), delimiters in select(&["+", "-", "+-"][..])) {
        let delimiters = Delimiters::parse(delimiters).unwrap();
        if let Some((base, extension)) = address.split(&delimiters) {
            let joined = format!("{}{extension}", base.localpart.as_str());
            prop_assert_eq!(joined, address.localpart.as_str());
            prop_assert!(!base.localpart.as_str().contains(|c| delimiters.as_str().contains(c)));
            prop_assert!(extension.starts_with(|c| delimiters.as_str().contains(c)));
            prop_assert!(base.split(&delimiters).is_none(), "a base has no extension");
        }
    }

    #[test]
    fn placeholders_are_filled_in_one_pass(template in templates(), asked in addresses()) {
        // The asked address may be full of placeholders itself: it is only copied.
        let text: String = template.iter().map(Piece::written).collect();
        let expected: String = template.iter().map(|piece| piece.filled(&asked)).collect();
        let template = DestinationTemplate::parse(&format!("{text}@far.example")).unwrap();
        if expected.len() + "@far.example".len() <= Destination::MAX_OCTETS {
            let quoted = Destination::parse(&format!("{}@far.example", escaped(&expected))).unwrap();
            prop_assert_eq!(template.expand(&asked), Ok(quoted));
        } else {
            prop_assert!(template.expand(&asked).is_err());
        }
    }

    #[test]
    fn a_destination_is_read_as_it_is_written(text in keys()) {
        if let Ok(destination) = Destination::parse(&text) {
            prop_assert_eq!(Destination::parse(&destination.to_string()), Ok(destination));
        }
    }
}

#[derive(Clone, Debug)]
enum Piece {
    Literal(String),
    Localpart,
    Domain,
    Both,
    Percent,
}

fn templates() -> impl Strategy<Value = Vec<Piece>> {
    let piece = prop_oneof![
        "[a-zA-Z0-9.+]{1,5}".prop_map(Piece::Literal),
        Just(Piece::Localpart),
        Just(Piece::Domain),
        Just(Piece::Both),
        Just(Piece::Percent),
    ];
    vec(piece, 1..6)
}

impl Piece {
    fn written(&self) -> &str {
        match self {
            Self::Literal(text) => text,
            Self::Localpart => "%n",
            Self::Domain => "%d",
            Self::Both => "%=",
            Self::Percent => "%%",
        }
    }

    fn filled(&self, asked: &Address) -> String {
        match self {
            Self::Literal(text) => text.clone(),
            Self::Localpart => asked.localpart.as_str().to_owned(),
            Self::Domain => asked.domain.as_str().to_owned(),
            Self::Both => format!("{}={}", asked.localpart.as_str(), asked.domain.as_str()),
            Self::Percent => "%".to_owned(),
        }
    }
}

fn escaped(localpart: &str) -> String {
    format!("\"{}\"", localpart.replace('\\', "\\\\").replace('"', "\\\""))
}
