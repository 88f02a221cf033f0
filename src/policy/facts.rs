//! The facts about one question: each is fetched once, when a rule first asks for it.

use tokio::sync::OnceCell;
use tokio::time::{Instant, timeout_at};

use crate::directory::Directory;
use crate::lookup::{Ends, FoundAccount, FoundRecipient, Resolver};
use crate::mail::policy::AllowedSender;
use crate::mail::{Address, Timestamp};
use crate::policy::Question;

/// Why something cannot be known in time.
pub(super) type Unknown = String;

/// Fetches facts about a question, until a deadline.
pub(super) struct Facts<'a, D> {
    pub(super) question: &'a Question,
    pub(super) now: Timestamp,
    resolver: &'a Resolver<D>,
    deadline: Instant,
    login: OnceCell<Result<Option<FoundAccount>, Unknown>>,
    recipient: OnceCell<Result<Option<FoundRecipient>, Unknown>>,
    ends: OnceCell<Result<Ends, Unknown>>,
    owns_sender: OnceCell<Result<bool, Unknown>>,
}

impl<'a, D: Directory> Facts<'a, D> {
    pub(super) fn new(
        question: &'a Question,
        now: Timestamp,
        resolver: &'a Resolver<D>,
        deadline: Instant,
    ) -> Self {
        Self {
            question,
            now,
            resolver,
            deadline,
            login: OnceCell::new(),
            recipient: OnceCell::new(),
            ends: OnceCell::new(),
            owns_sender: OnceCell::new(),
        }
    }

    /// What comes in time.
    pub(super) async fn in_time<T, E: ToString>(
        &self,
        fetched: impl Future<Output = Result<T, E>>,
    ) -> Result<T, Unknown> {
        match timeout_at(self.deadline, fetched).await {
            Ok(fetched) => fetched.map_err(|error| error.to_string()),
            Err(_) => Err("the facts did not come in time".to_owned()),
        }
    }

    /// The account that has logged in; `None` if nobody has, or nobody of ours.
    pub(super) async fn login(&self) -> Result<Option<&FoundAccount>, Unknown> {
        let fetched = async {
            let name = self.question.login.as_deref().map(Address::parse);
            let Some(Ok(address)) = name else { return Ok(None) };
            self.in_time(self.resolver.account(&address)).await
        };
        known(self.login.get_or_init(|| fetched).await).map(Option::as_ref)
    }

    /// What stands at the recipient; `None` if that is none of ours.
    pub(super) async fn recipient(&self) -> Result<Option<&FoundRecipient>, Unknown> {
        let fetched = async {
            let Some(address) = self.question.recipient_address() else { return Ok(None) };
            self.in_time(self.resolver.recipient(&address)).await
        };
        known(self.recipient.get_or_init(|| fetched).await).map(Option::as_ref)
    }

    /// Where mail for the recipient ends.
    pub(super) async fn ends(&self) -> Result<&Ends, Unknown> {
        let fetched = async {
            let Some(address) = self.question.recipient_address() else {
                return Ok(Ends::default());
            };
            self.in_time(self.resolver.ends(&address, self.now)).await
        };
        known(self.ends.get_or_init(|| fetched).await)
    }

    /// Whether the login may use the sender address.
    pub(super) async fn owns_sender(&self) -> Result<bool, Unknown> {
        let fetched = async {
            let Some(sender) = self.question.sender.address() else { return Ok(false) };
            let Some(login) = self.login().await? else { return Ok(false) };
            let owners = self.in_time(self.resolver.owners(sender, self.now)).await?;
            Ok(owners.contains(&login.login))
        };
        known(self.owns_sender.get_or_init(|| fetched).await).copied()
    }

    /// An address in the primary domain, if that is ours: an alias domain is another name of it.
    pub(super) async fn canonical(&self, address: &Address) -> Result<Address, Unknown> {
        self.in_time(self.resolver.canonical(address)).await
    }

    /// Who may write to an alias, with domains by their primary names.
    pub(super) async fn canonical_senders(
        &self,
        senders: &[AllowedSender],
    ) -> Result<Vec<AllowedSender>, Unknown> {
        let mut canonical = senders.to_vec();
        for sender in &mut canonical {
            if let AllowedSender::Pattern(pattern) = sender {
                pattern.domain = self.in_time(self.resolver.primary(&pattern.domain)).await?;
            }
        }
        Ok(canonical)
    }

    /// Whether the sender's domain is served here.
    pub(super) async fn sender_is_local(&self) -> Result<bool, Unknown> {
        match self.question.sender.address() {
            Some(sender) => self.in_time(self.resolver.is_local(sender)).await,
            None => Ok(false),
        }
    }
}

fn known<T>(fetched: &Result<T, Unknown>) -> Result<&T, Unknown> {
    fetched.as_ref().map_err(Clone::clone)
}
