//! What each rule says: its facts are fetched, and the pure rule decides.

use crate::directory::Directory;
use crate::mail::policy::{
    AllowedSender, Filled, Greylisted, PolicyRule, Refused, Shut, Verdict, Writer, mailbox_full,
    receiving_state, restricted_alias, sender_rights, sending_state,
};
use crate::mail::{Address, Destination, Entry};
use crate::policy::facts::{Facts, Unknown};
use crate::policy::judge::Parts;
use crate::policy::limits::Purpose;
use crate::policy::{Sender, Stage};

/// What a rule says, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Opinion {
    pub(super) verdict: Verdict,
    pub(super) why: String,
}

impl Opinion {
    pub(super) fn pass(why: impl Into<String>) -> Self {
        Self { verdict: Verdict::Pass, why: why.into() }
    }

    pub(super) fn unknown(why: String) -> Self {
        Self { verdict: Verdict::Unknown(why.clone()), why }
    }

    fn because(verdict: Verdict, why: impl Into<String>) -> Self {
        Self { verdict, why: why.into() }
    }
}

impl<D: Directory + 'static> Parts<D> {
    pub(super) async fn opinion(
        &self,
        rule: PolicyRule,
        facts: &Facts<'_, D>,
        purpose: Purpose,
    ) -> Opinion {
        let said = match rule {
            PolicyRule::AccountStates => self.account_states(facts).await,
            PolicyRule::Greylisting => self.greylisting(facts, purpose).await,
            PolicyRule::MailboxFull => self.mailbox_full(facts).await,
            PolicyRule::RestrictedAliases => self.restricted_aliases(facts).await,
            PolicyRule::SenderRights => self.sender_rights(facts).await,
            PolicyRule::SendingLimits => Ok(self.limits.opinion(facts, purpose).await),
        };
        said.unwrap_or_else(Opinion::unknown)
    }

    async fn account_states(&self, facts: &Facts<'_, D>) -> Result<Opinion, Unknown> {
        if facts.question.stage == Stage::Elsewhere {
            return Ok(Opinion::pass("nothing is sent yet"));
        }
        if let Some(login) = facts.login().await? {
            let verdict = sending_state(&login.account, facts.now);
            if verdict != Verdict::Pass {
                return Ok(Opinion::because(verdict, format!("{} may not send", login.login)));
            }
        }
        if facts.question.stage != Stage::Recipient || facts.recipient().await?.is_none() {
            return Ok(Opinion::pass("nobody of ours is shut"));
        }
        let ends = facts.ends().await?;
        let accounts = ends.accounts.iter().map(|found| &*found.account);
        let verdict = receiving_state(accounts, ends.has_others(), facts.now);
        Ok(match verdict {
            Verdict::Pass => Opinion::pass("nobody of ours is shut"),
            shut => Opinion::because(shut, "no mailbox behind the recipient takes mail"),
        })
    }

    async fn sender_rights(&self, facts: &Facts<'_, D>) -> Result<Opinion, Unknown> {
        let question = facts.question;
        let Some(login) = question.login.as_deref() else {
            return Ok(Opinion::pass("nobody has logged in"));
        };
        if !matches!(question.stage, Stage::Mail | Stage::Recipient) {
            return Ok(Opinion::pass("this was decided before"));
        }
        if question.sender == Sender::Null {
            return Ok(Opinion::pass("the null sender belongs to everybody"));
        }
        let is_owner = facts.owns_sender().await?;
        let sender = question.sender.text();
        let verdict = sender_rights(login, &sender, is_owner);
        let may = if is_owner { "may" } else { "may not" };
        Ok(Opinion::because(verdict, format!("{login} {may} use {sender}")))
    }

    async fn restricted_aliases(&self, facts: &Facts<'_, D>) -> Result<Opinion, Unknown> {
        let question = facts.question;
        if question.stage != Stage::Recipient {
            return Ok(Opinion::pass("there is no recipient yet"));
        }
        let recipient = facts.recipient().await?;
        let entry = recipient.and_then(|found| Some((found, found.entry.as_deref()?)));
        let Some((found, Entry::Alias(alias))) = entry else {
            return Ok(Opinion::pass("the recipient is no alias"));
        };
        let Some(senders) = alias.senders.as_deref() else {
            return Ok(Opinion::pass("anybody may write to this alias"));
        };
        if question.is_to_role() {
            return Ok(Opinion::pass("postmaster and abuse are for everybody"));
        }
        let lists: Vec<_> = senders.iter().map(ToString::to_string).collect();
        let names_members = senders.contains(&AllowedSender::Members);
        let ends = if names_members { Some(facts.ends().await?) } else { None };
        let accounts = ends.into_iter().flat_map(|ends| &ends.accounts);
        let members: Vec<Address> = accounts.map(|account| account.login.clone()).collect();
        let elsewhere = ends.into_iter().flat_map(|ends| &ends.elsewhere);
        let elsewhere: Vec<Address> = elsewhere.filter_map(Destination::to_address).collect();
        let login = facts.login().await?;
        let sender = match question.sender.address() {
            Some(sender) => Some(facts.canonical(sender).await?),
            None => None,
        };
        let senders = facts.canonical_senders(senders).await?;
        let writer = Writer {
            login: login.map(|found| &found.login),
            is_authenticated: question.login.is_some(),
            sender: sender.as_ref(),
            sender_is_local: facts.sender_is_local().await?,
            owns_sender: facts.owns_sender().await?,
        };
        let shut = Shut {
            senders: &senders,
            domain: &found.domain.primary,
            members: &members,
            elsewhere: &elsewhere,
        };
        let verdict = restricted_alias(&shut, &writer);
        let unknown = ends.and_then(|ends| ends.unknown.as_ref());
        if let (Some(unknown), true) = (unknown, verdict != Verdict::Pass) {
            return Err(format!("not all members are known now: {unknown}"));
        }
        Ok(Opinion::because(verdict, format!("who may write to it: {}", lists.join(", "))))
    }

    async fn mailbox_full(&self, facts: &Facts<'_, D>) -> Result<Opinion, Unknown> {
        let question = facts.question;
        if question.stage != Stage::Recipient || facts.recipient().await?.is_none() {
            return Ok(Opinion::pass("there is no recipient of ours"));
        }
        let ends = facts.ends().await?;
        let mut others = ends.has_others();
        let mut mailboxes = Vec::new();
        for found in &ends.accounts {
            if others {
                break;
            }
            if found.quota.bytes == 0 && found.quota.messages == 0 {
                return Ok(Opinion::pass(format!("{} has no quota", found.login)));
            }
            match facts.in_time(self.usage.of(found.account.uid)).await? {
                Some(usage) => mailboxes.push(Filled {
                    limit: found.quota,
                    bytes: usage.bytes,
                    messages: usage.messages,
                }),
                None => others = true,
            }
        }
        let verdict = mailbox_full(&mailboxes, others, question.size, self.defers_when_full);
        Ok(match verdict {
            Verdict::Pass if others => {
                Opinion::pass("some mail goes where nobody knows whether there is room")
            }
            Verdict::Pass => Opinion::pass("there is room"),
            full => Opinion::because(full, "no mailbox behind the recipient has room"),
        })
    }

    async fn greylisting(
        &self,
        facts: &Facts<'_, D>,
        purpose: Purpose,
    ) -> Result<Opinion, Unknown> {
        let question = facts.question;
        let (Some(client), Some(recipient)) = (question.client, question.recipient.as_deref())
        else {
            return Ok(Opinion::pass("there is no client or no recipient"));
        };
        let exempt = match question.stage {
            Stage::Recipient if question.login.is_some() => Some("who has logged in never waits"),
            Stage::Recipient if question.is_to_role() => Some("postmaster and abuse never wait"),
            Stage::Recipient => {
                let is_exempt = self.exempt.iter().any(|network| network.contains(client));
                is_exempt.then_some("the client's network is exempt")
            }
            _ => Some("there is no recipient yet"),
        };
        if let Some(why) = exempt {
            return Ok(Opinion::pass(why));
        }
        let sender = question.sender.text();
        let triplet = self.greylist.triplet(client, &sender, recipient);
        let asked = async {
            if purpose == Purpose::Showing {
                self.greylist.look(triplet, facts.now).await
            } else {
                self.greylist.ask(triplet, facts.now).await
            }
        };
        Ok(match facts.in_time(asked).await? {
            Greylisted::Pass => Opinion::pass("the client has waited, or is known"),
            Greylisted::Wait { seconds } => {
                let text = format!("Greylisted, try again in {seconds} seconds");
                let refused = Refused { code: 450, status: "4.7.1", text };
                Opinion::because(
                    Verdict::Wait(refused),
                    "this client, sender and recipient are new",
                )
            }
        })
    }
}
