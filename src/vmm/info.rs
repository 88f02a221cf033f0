//! What the info commands print, and Plan B: who asks for the wrong kind of thing gets the right one.

use crate::vmm::answer::Answer;
use crate::vmm::layout;
use crate::vmm::lists::both_forms;
use crate::vmm::run::Session;
use crate::vmm::subcommand::Subcommand as S;
use crate::vmm::translate::New;
use crate::vmm::{Call, Code, Complaint, names};

/// Shows a thing, whatever it is.
pub(super) async fn show(session: &mut Session<'_>, call: &Call) -> Result<(), Complaint> {
    match session.plan_a(call, call.known.subcommand).await {
        Err(complaint) => match session.plan_b(call, complaint.code).await? {
            Some((subcommand, object)) => {
                let name = subcommand.known().name;
                session.say(&format!("Plan A failed ... trying Plan B: {name} {object}\n"));
                session.subcommand = subcommand;
                session.plan_a(call, subcommand).await
            }
            None => Err(complaint),
        },
        done => done,
    }
}

impl Session<'_> {
    async fn plan_a(&mut self, call: &Call, subcommand: S) -> Result<(), Complaint> {
        let object = call.word(0);
        match subcommand {
            S::AliasInfo => self.alias(object).await,
            S::CatchallInfo => self.catchall(object).await,
            S::RelocatedInfo => self.relocated(object).await,
            S::AliasDomainInfo => self.alias_domain(object).await,
            S::DomainInfo => self.domain(call).await,
            S::GetUser => self.uid(call).await,
            _ => self.user(call).await,
        }
    }

    /// What else the object is.
    async fn plan_b(&mut self, call: &Call, code: Code) -> Result<Option<(S, String)>, Complaint> {
        let object = call.word(0).to_lowercase();
        let subcommand = match (call.known.subcommand, code) {
            (S::DomainInfo, Code::IsAliasDomain) => Some(S::AliasDomainInfo),
            (S::AliasDomainInfo, Code::IsPrimaryDomain) => Some(S::DomainInfo),
            (_, Code::NoSuchAccount | Code::NoSuchAlias | Code::NoSuchRelocated)
                if object.contains('@') =>
            {
                match self.entry(&object).await?.as_deref() {
                    Some("account") => Some(S::UserInfo),
                    Some("alias") => Some(S::AliasInfo),
                    Some("relocated") => Some(S::RelocatedInfo),
                    _ => None,
                }
            }
            _ => None,
        };
        let subcommand = subcommand.filter(|other| *other != call.known.subcommand);
        Ok(subcommand.map(|subcommand| (subcommand, object)))
    }

    async fn alias(&mut self, object: &str) -> Result<(), Complaint> {
        let address = names::entry(object)?;
        let answer = self.ask_by_any_name("alias show", "alias", &address).await?;
        let Some(item) = answer.items("alias").next() else { return Ok(()) };
        let sentence = format!("Mail for {address} will be redirected to:");
        self.print(&leading("Alias information", &sentence, item.texts("destinations")));
        Ok(())
    }

    /// As vmm, which showed aliases and relocated users under each name of their domain.
    async fn ask_by_any_name(
        &mut self,
        command: &'static str,
        entry: &str,
        address: &str,
    ) -> Result<Answer, Complaint> {
        match self.ask(&New::command(command).word(address)).await {
            Err(complaint) if complaint.code == Code::IsAliasDomain => {
                match self.in_primary(address, entry).await? {
                    Some(there) => self.ask(&New::command(command).word(there)).await,
                    None => Err(complaint),
                }
            }
            asked => asked,
        }
    }

    async fn catchall(&mut self, object: &str) -> Result<(), Complaint> {
        let domain = names::domain(object)?;
        let answer = self.ask(&New::command("catchall show").word(&domain)).await?;
        let Some(item) = answer.items("catchall").next() else { return Ok(()) };
        let sentence = format!("Mail to unknown local-parts in domain {domain} will be sent to:");
        self.print(&leading("Catch-all information", &sentence, item.texts("destinations")));
        Ok(())
    }

    async fn relocated(&mut self, object: &str) -> Result<(), Complaint> {
        let address = names::address(object)?;
        let answer = self.ask_by_any_name("relocated show", "relocated", &address).await?;
        let Some(item) = answer.items("relocated").next() else { return Ok(()) };
        let title = layout::title("Relocated information");
        let new = item.text("new_address");
        self.print(&format!("{title}\tUser '{address}' has moved to '{new}'\n\n"));
        Ok(())
    }

    async fn alias_domain(&mut self, object: &str) -> Result<(), Complaint> {
        let name = names::alias_domain(object)?;
        let answer = self.ask(&New::command("alias-domain show").word(&name)).await?;
        let Some(item) = answer.items("alias-domain").next() else { return Ok(()) };
        let title = layout::title("Alias domain information");
        let (name, primary) = (both_forms(&name), both_forms(item.text("primary")));
        self.print(&format!("{title}\tThe alias domain {name} belongs to:\n\t    * {primary}\n\n"));
        Ok(())
    }
}

/// A sentence, and destinations below it.
fn leading(title: &str, sentence: &str, mut destinations: Vec<&str>) -> String {
    destinations.sort_unstable();
    let title = layout::title(title);
    format!("{title}\t{sentence}\n\t     * {}\n\n", destinations.join("\n\t     * "))
}
