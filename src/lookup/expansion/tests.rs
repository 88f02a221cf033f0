//! The short way and the walk answer alike.

use std::collections::HashMap;

use futures_util::FutureExt;
use proptest::prelude::*;

use super::*;
use crate::directory::EntryKey;
use crate::mail::rules::fixtures::{account, alias, domain};
use crate::mail::{
    Delimiters, DestinationTemplate, Domain, DomainName, Entry, Forwards, Localpart,
};

const NOW: Timestamp = Timestamp(1000);

/// Addresses that aliases and forwards may lead to: here under two spellings, elsewhere, nowhere,
/// and one too long to be an address of ours.
fn targets() -> Vec<String> {
    let here = ["a", "b", "c", "d", "nobody"].map(|name| format!("{name}@example.org"));
    let mut targets = here.to_vec();
    targets.push("A@example.org".to_owned());
    targets.push("x@far.example".to_owned());
    targets.push(format!("{}@example.org", "long".repeat(20)));
    targets
}

struct Facts(HashMap<&'static str, Arc<Entry>>);

impl Directory for Facts {
    async fn domain(&self, name: &DomainName) -> Result<Option<Arc<Domain>>, DirectoryError> {
        let served = Arc::new(domain(&[]));
        Ok(served.name.is(name).then_some(served))
    }

    async fn wildcard(&self, _: &DomainName) -> Result<Option<Arc<Domain>>, DirectoryError> {
        Ok(None)
    }

    async fn entry(&self, key: &EntryKey) -> Result<Option<Arc<Entry>>, DirectoryError> {
        if key.localpart == Localpart::from_internal("d").unwrap() {
            return Err(DirectoryError::new("cannot know now"));
        }
        Ok(self.0.get(key.localpart.as_str()).cloned())
    }
}

fn entry() -> impl Strategy<Value = Option<Entry>> {
    let to = proptest::sample::subsequence(targets(), 1..4);
    (0..5, to).prop_map(|(kind, to)| {
        let texts: Vec<&str> = to.iter().map(String::as_str).collect();
        let destinations =
            || texts.iter().map(|to| DestinationTemplate::parse(to).unwrap()).collect();
        match kind {
            0 => None,
            1 => Some(account(|_| ())),
            2 | 3 => {
                let forwards = Forwards { destinations: destinations(), keep_copy: kind == 2 };
                Some(account(|account| account.forwards = Some(forwards)))
            }
            _ => Some(alias(&texts, |_| ())),
        }
    })
}

proptest! {
    #[test]
    fn the_short_way_answers_as_the_walk_does(entries in prop::array::uniform3(entry())) {
        let entries = ["a", "b", "c"].into_iter().zip(entries);
        let known = entries.filter_map(|(name, entry)| Some((name, Arc::new(entry?))));
        let resolver = Resolver::new(Facts(known.collect()), Delimiters::default());
        for asked in ["a@example.org", "b@example.org", "c+ext@example.org"] {
            let asked = Address::parse(asked).unwrap();
            let answer = resolver.expand(&asked, NOW).now_or_never().unwrap();
            let walked = async {
                let located = resolver.locate(&asked).await?.unwrap();
                if resolver.redirect(&asked, &located, NOW).is_none() {
                    return Ok(Vec::new());
                }
                let walk = resolver.walk(&asked, located, NOW, Follow::Mail).await?;
                Ok(walk.answer(&asked))
            };
            prop_assert_eq!(answer, walked.now_or_never().unwrap());
        }
    }
}
