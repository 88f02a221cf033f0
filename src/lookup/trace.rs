//! Where mail for an address ends, and what is wrong on its way there.

use std::collections::HashSet;

use crate::directory::Directory;
use crate::lookup::expansion::{Follow, Node, Walk};
use crate::lookup::resolver::{LookupError, Resolver};
use crate::mail::{Address, Destination, Entry, Timestamp};

/// Where mail for an address leads to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trace {
    /// Mailboxes, and addresses elsewhere.
    pub ends: Vec<Destination>,
    /// Circles among the destinations, each as the addresses on it, the first one repeated; ten
    /// at most.
    pub loops: Vec<Vec<Address>>,
    /// Addresses in served domains that nobody answers for.
    pub dangling: Vec<Address>,
}

/// Circles are shown, not counted: a hundred of them help nobody.
const MAX_LOOPS: usize = 10;

/// Follows an address through aliases, forwards and catch-alls.
///
/// # Errors
/// The facts cannot be had now, or there are too many.
pub async fn trace<D: Directory>(
    resolver: &Resolver<D>,
    address: &Address,
    now: Timestamp,
) -> Result<Trace, LookupError> {
    let Some(located) = resolver.locate(address).await? else {
        return Ok(Trace { ends: vec![address.clone().into()], ..Trace::default() });
    };
    let walk = resolver.walk(address, located, now, Follow::Mail).await?;
    Ok(Trace::of(&walk, address, now))
}

impl Trace {
    /// What a walk that began at an address has found.
    pub(super) fn of(walk: &Walk, start: &Address, now: Timestamp) -> Self {
        let mut trace = Self { loops: loops(walk, start), ..Self::default() };
        for (address, node) in walk.in_order(start) {
            let foreign = node.onward.iter().filter(|to| to.to_address().is_none());
            trace.ends.extend(foreign.cloned());
            if !node.is_end {
                continue;
            }
            if is_dangling(node, now) {
                trace.dangling.push(address.clone());
            } else {
                trace.ends.push(address.clone().into());
            }
        }
        trace
    }
}

/// Served here, but nobody takes the mail.
fn is_dangling(node: &Node, now: Timestamp) -> bool {
    let Some(located) = &node.located else { return false };
    match located.entry.as_deref() {
        None => !located.domain.is_relayed(),
        Some(Entry::Alias(alias)) => !alias.is_active(now),
        Some(_) => false,
    }
}

/// The circles that can be reached, each found by the edge that closes it.
fn loops(walk: &Walk, start: &Address) -> Vec<Vec<Address>> {
    let mut circles = Vec::new();
    let mut finished: HashSet<Address> = HashSet::new();
    let mut path: Vec<(Address, std::vec::IntoIter<Address>)> = Vec::new();
    let onward = |address: &Address| -> std::vec::IntoIter<Address> {
        let node = walk.nodes.get(address);
        let next = node.into_iter().flat_map(|node| &node.onward);
        next.filter_map(Destination::to_address).collect::<Vec<_>>().into_iter()
    };
    path.push((start.clone(), onward(start)));
    while let Some((address, rest)) = path.last_mut() {
        let Some(next) = rest.next() else {
            finished.insert(address.clone());
            path.pop();
            continue;
        };
        if let Some(at) = path.iter().position(|(address, _)| *address == next) {
            if circles.len() < MAX_LOOPS {
                let circle = path.iter().skip(at).map(|(address, _)| address);
                circles.push(circle.chain([&next]).cloned().collect());
            }
        } else if !finished.contains(&next) {
            let children = onward(&next);
            path.push((next, children));
        }
    }
    circles
}
