//! Follows an address through aliases, forwards and catch-alls to its ends, and cuts loops.
//!
//! Postfix follows destinations itself, one answer at a time, and gives up the whole message when
//! they run in a circle. So an answer must never lead it into one: a destination that comes back
//! to the address asked for is replaced by the ends that can be reached through it, and one that
//! has no end at all is left out. Everything else is answered as it is stored.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;

use futures_util::future::join_all;

use crate::directory::{Directory, DirectoryError};
use crate::lookup::resolver::{Located, LookupError, Resolver};
use crate::mail::rules::Redirect;
use crate::mail::{Address, Destination, Timestamp};

/// Postfix's `virtual_alias_expansion_limit`, `virtual_alias_recursion_limit` and
/// `virtual_alias_address_length_limit` are 1000 each (postconf(5)); destinations are shorter
/// by their type.
const MAX_ENDS: usize = 1000;
const MAX_LEVELS: usize = 1000;

/// What a walk follows.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Follow {
    /// Mail: aliases, forwards and catch-alls.
    Mail,
    /// The right to send: aliases and catch-alls, up to the accounts.
    Owners,
}

/// One address on the way.
#[derive(Clone, Debug)]
pub(super) struct Node {
    /// The facts, `None` for an address elsewhere or one whose facts cannot be had.
    pub(super) located: Option<Located>,
    /// Where it leads to.
    pub(super) onward: Vec<Destination>,
    /// Whether mail ends here, be it in a mailbox, elsewhere, or with a bounce.
    pub(super) is_end: bool,
    /// Why nothing is known of it.
    pub(super) unknown: Option<DirectoryError>,
}

/// Every address that can be reached from one.
pub(super) struct Walk {
    pub(super) nodes: HashMap<Address, Node>,
}

impl<D: Directory> Resolver<D> {
    /// The answer of `virtual_alias_maps`: empty when mail stays at the address.
    pub(super) async fn expand(
        &self,
        address: &Address,
        now: Timestamp,
    ) -> Result<Vec<Destination>, LookupError> {
        let Some(located) = self.locate(address).await? else { return Ok(Vec::new()) };
        let Some(redirect) = self.redirect(address, &located, now) else { return Ok(Vec::new()) };
        let first = Node::redirected(address, located, redirect);
        if self.leads_to_ends(&first, now).await {
            return Ok(first.destinations(address));
        }
        let Some(located) = first.located else { return Ok(Vec::new()) };
        let walk = self.walk(address, located, now, Follow::Mail).await?;
        Ok(walk.answer(address))
    }

    /// Whether mail ends at each destination, as it nearly always does: then no walk is needed.
    async fn leads_to_ends(&self, node: &Node, now: Timestamp) -> bool {
        match node.onward.as_slice() {
            [only] => self.is_end(only, node, now).await,
            many if many.len() >= MAX_ENDS => false,
            many => {
                let ends = join_all(many.iter().map(|one| self.is_end(one, node, now))).await;
                ends.into_iter().all(|is_end| is_end)
            }
        }
    }

    async fn is_end(&self, destination: &Destination, from: &Node, now: Timestamp) -> bool {
        let Some(address) = destination.to_address() else { return true };
        let near = from.located.as_ref().map(|located| &located.domain);
        let located = match near.filter(|domain| domain.name.is(&address.domain)) {
            Some(domain) => self.locate_in(Arc::clone(domain), &address).await.map(Some),
            None => self.locate(&address).await,
        };
        match located {
            Ok(Some(located)) => self.redirect(&address, &located, now).is_none(),
            // As in a walk: what cannot be known now counts as an end.
            Ok(None) | Err(DirectoryError { .. }) => true,
        }
    }

    /// Visits level by level, so that the facts of a level are fetched together.
    pub(super) async fn walk(
        &self,
        start: &Address,
        located: Located,
        now: Timestamp,
        follow: Follow,
    ) -> Result<Walk, LookupError> {
        let mut nodes = HashMap::new();
        let first = self.node(start, Some(located), now, follow);
        let mut level = vec![(start.clone(), first)];
        let mut ends = 0;
        for _ in 0..MAX_LEVELS {
            let mut next = Vec::new();
            for (address, node) in level {
                ends += usize::from(node.is_end);
                next.extend(node.onward.iter().filter_map(Destination::to_address));
                nodes.insert(address, node);
            }
            if ends > MAX_ENDS || next.len() > MAX_ENDS {
                return Err(LookupError::TooManyDestinations);
            }
            let mut seen = HashSet::new();
            next.retain(|address| !nodes.contains_key(address) && seen.insert(address.clone()));
            if next.is_empty() {
                return Ok(Walk { nodes });
            }
            let facts = join_all(next.iter().map(|address| self.locate(address))).await;
            level = Vec::with_capacity(next.len());
            for (address, located) in next.into_iter().zip(facts) {
                // What cannot be known now counts as an end of mail: the stored destination is
                // answered, and Postfix asks for it next. A sender is asked for once only.
                let node = match located {
                    Ok(located) => self.node(&address, located, now, follow),
                    Err(unknown) if follow == Follow::Mail => {
                        Node { unknown: Some(unknown), ..Node::end(None) }
                    }
                    Err(unknown) => return Err(unknown.into()),
                };
                level.push((address, node));
            }
        }
        Err(LookupError::TooManyDestinations)
    }

    fn node(
        &self,
        address: &Address,
        located: Option<Located>,
        now: Timestamp,
        follow: Follow,
    ) -> Node {
        let Some(located) = located else { return Node::end(None) };
        if follow == Follow::Owners && located.is_account() {
            return Node::end(Some(located));
        }
        match self.redirect(address, &located, now) {
            Some(redirect) => Node::redirected(address, located, redirect),
            None => Node::end(Some(located)),
        }
    }
}

impl Node {
    fn end(located: Option<Located>) -> Self {
        Self { located, onward: Vec::new(), is_end: true, unknown: None }
    }

    fn redirected(address: &Address, located: Located, redirect: Redirect) -> Self {
        let itself = |destination: &Destination| {
            *destination.domain() == address.domain
                && destination.to_address().as_ref() == Some(address)
        };
        let Redirect { mut destinations, keeps_copy, .. } = redirect;
        // Its own address among the destinations of an account means the mailbox; an alias has
        // none, so there it means nothing.
        let is_end = keeps_copy || (located.is_account() && destinations.iter().any(itself));
        destinations.retain(|destination| !itself(destination));
        Self { located: Some(located), onward: destinations, is_end, unknown: None }
    }

    /// The destinations to answer for this address, if each of them is an end.
    fn destinations(self, address: &Address) -> Vec<Destination> {
        let mut answer = self.onward;
        if self.is_end {
            push(&mut answer, address.clone().into());
        }
        answer
    }
}

impl Walk {
    /// The destinations to answer for the address the walk started at.
    fn answer(&self, start: &Address) -> Vec<Destination> {
        let Some(first) = self.nodes.get(start) else { return Vec::new() };
        let mut answer = Vec::new();
        for destination in &first.onward {
            let Some(address) = destination.to_address() else {
                push(&mut answer, destination.clone());
                continue;
            };
            let reached: Vec<_> = self.in_order(&address).collect();
            let ends = reached.iter().filter(|(_, node)| node.is_end);
            if reached.iter().any(|(address, _)| *address == start) {
                for (end, _) in ends.filter(|(end, _)| *end != start) {
                    push(&mut answer, self.spelling(end));
                }
                // Ends that are too long to be addresses of ours are not nodes.
                for foreign in reached.iter().flat_map(|(_, node)| &node.onward) {
                    if foreign.to_address().is_none() {
                        push(&mut answer, foreign.clone());
                    }
                }
            } else if ends.count() > 0 || reached.iter().any(|(_, node)| node.leads_too_long()) {
                push(&mut answer, destination.clone());
            }
        }
        if first.is_end {
            push(&mut answer, start.clone().into());
        }
        answer
    }

    /// The destination as it is stored, which may keep capital letters.
    fn spelling(&self, address: &Address) -> Destination {
        let stored = self.nodes.values().flat_map(|node| &node.onward);
        let stored = stored.filter(|d| d.to_address().as_ref() == Some(address));
        stored.min_by_key(ToString::to_string).cloned().unwrap_or_else(|| address.clone().into())
    }

    /// The addresses that can be reached from one, itself first, nearest first.
    pub(super) fn in_order<'a>(
        &'a self,
        start: &Address,
    ) -> impl Iterator<Item = (&'a Address, &'a Node)> {
        let mut queue: VecDeque<_> = self.nodes.get_key_value(start).into_iter().collect();
        let mut seen: HashSet<&Address> = queue.iter().map(|(address, _)| *address).collect();
        std::iter::from_fn(move || {
            let (address, node) = queue.pop_front()?;
            for next in node.onward.iter().filter_map(Destination::to_address) {
                if let Some((address, node)) = self.nodes.get_key_value(&next)
                    && seen.insert(address)
                {
                    queue.push_back((address, node));
                }
            }
            Some((address, node))
        })
    }
}

impl Node {
    fn leads_too_long(&self) -> bool {
        self.onward.iter().any(|destination| destination.to_address().is_none())
    }
}

fn push(answer: &mut Vec<Destination>, destination: Destination) {
    if !answer.contains(&destination) {
        answer.push(destination);
    }
}

#[cfg(test)]
mod tests;
