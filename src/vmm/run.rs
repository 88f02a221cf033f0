//! Runs a subcommand: asks `admin`, in one transaction for each thing it has to know or do.

use clap::Parser as _;
use tokio_postgres::Client;

use crate::admin::{self, AdminError, Options, Settings};
use crate::config::Config;
use crate::mail::Timestamp;
use crate::vmm::answer::Answer;
use crate::vmm::console::{Failed, Typing};
use crate::vmm::subcommand::Subcommand as S;
use crate::vmm::translate::{New, Password, translated};
use crate::vmm::{Call, Code, Complaint, Console, info, lists, names};

/// What a subcommand works with.
pub struct Site<'a> {
    /// A connection of an administrator, unless the subcommand [needs none](needs_database).
    pub client: Option<&'a mut Client>,
    /// What is configured.
    pub config: &'a Config,
    /// The time.
    pub now: Timestamp,
    /// Where to speak and ask.
    pub console: &'a mut dyn Console,
}

/// A site during one subcommand.
pub(super) struct Session<'a> {
    site: Site<'a>,
    /// Which subcommand runs; it has a say in exit codes.
    pub(super) subcommand: S,
    warnings: Vec<String>,
}

/// The commands of `admin`, to be read from words.
#[derive(clap::Parser)]
#[command(no_binary_name = true, disable_help_flag = true)]
struct Native {
    #[command(subcommand)]
    command: admin::Command,
}

/// Whether a subcommand works with the database.
pub fn needs_database(call: &Call) -> bool {
    call.known.subcommand != S::ListPwSchemes
}

/// Runs a subcommand.
pub async fn run(call: &Call, site: Site<'_>) -> Code {
    let mut session = Session { site, subcommand: call.known.subcommand, warnings: Vec::new() };
    let outcome = session.perform(call).await;
    let Session { site, warnings, .. } = session;
    if !warnings.is_empty() {
        site.console.say(&format!("Warnings:\n{}\n", warnings.join("\n")));
    }
    match outcome {
        Ok(()) => Code::Done,
        Err(complaint) => {
            complaint.say(site.console);
            complaint.code
        }
    }
}

impl Session<'_> {
    async fn perform(&mut self, call: &Call) -> Result<(), Complaint> {
        match call.known.subcommand {
            S::ListAddresses | S::ListAliases | S::ListRelocated | S::ListUsers => {
                lists::addresses(self, call).await
            }
            S::ListDomains => lists::domains(self, call).await,
            S::ListPwSchemes => lists::schemes(self).await,
            S::AliasDomainInfo
            | S::AliasInfo
            | S::CatchallInfo
            | S::DomainInfo
            | S::GetUser
            | S::RelocatedInfo
            | S::UserInfo => info::show(self, call).await,
            _ => self.change(call).await,
        }
    }

    async fn change(&mut self, call: &Call) -> Result<(), Complaint> {
        let new = translated(call, &self.site.config.vmm)?;
        if matches!(new.password, Password::Given(_)) {
            self.warn(
                "a password on the command line is seen by everybody in the list of processes; leave \
                 it out to be asked for it, or use `userpassword --hash`",
            );
        }
        if call.has("--hash") && call.has("-s") {
            self.say("Note: --hash names its scheme, so -s is ignored\n");
        }
        let announcement = (call.known.subcommand == S::DomainAdd
            && self.config().vmm.auto_postmaster)
            .then(|| format!("Creating account for postmaster@{}\n", call.word(0).to_lowercase()));
        let answer = match self.announced(&new, announcement).await {
            Err(complaint) if complaint.code == Code::IsAliasDomain => {
                let Some(there) = self.with_primary(call).await? else { return Err(complaint) };
                let new = translated(&there, &self.site.config.vmm)?;
                self.ask(&new).await?
            }
            Err(complaint) => return Err(self.of_scheme(call, complaint)),
            Ok(answer) => answer,
        };
        if call.known.subcommand == S::RelocatedAdd && answer.list("changes").next().is_none() {
            let (old, new) = (call.word(0).to_lowercase(), call.word(1));
            let why =
                format!("cannot add relocated user `{old}`: `{new}` is the new address already");
            return Err(Complaint::new(Code::RelocatedExists, why));
        }
        for password in answer.list("passwords") {
            self.print(&format!("Generated password: {}\n", password.text("password")));
        }
        self.remark(call, &answer);
        Ok(())
    }

    /// An unknown password scheme had another number than what is no hash at all.
    fn of_scheme(&self, call: &Call, complaint: Complaint) -> Complaint {
        let has_scheme = match call.option("--hash") {
            Some(hash) => hash.starts_with('{') && hash.contains('}'),
            None => call.has("-s"),
        };
        let is_it = self.subcommand == S::UserPassword && complaint.code == Code::InvalidArgument;
        if is_it && has_scheme { Complaint { code: Code::Other, ..complaint } } else { complaint }
    }

    /// The same for an alias domain's own name, if what is meant stands in the primary domain.
    async fn with_primary(&mut self, call: &Call) -> Result<Option<Call>, Complaint> {
        let entry = match call.known.subcommand {
            S::AliasAdd | S::AliasDelete => "alias",
            S::RelocatedAdd | S::RelocatedDelete => "relocated",
            _ => return Ok(None),
        };
        let Some(address) = self.in_primary(call.word(0), entry).await? else { return Ok(None) };
        let mut there = call.clone();
        if let Some(word) = there.words.first_mut() {
            *word = address;
        }
        Ok(Some(there))
    }

    /// The address with the primary name of its domain, if an entry of this kind stands there.
    pub(super) async fn in_primary(
        &mut self,
        address: &str,
        entry: &str,
    ) -> Result<Option<String>, Complaint> {
        let Some(address) = self.primary_address(address).await? else { return Ok(None) };
        let is_there = self.entry(&address).await?.as_deref() == Some(entry);
        Ok(is_there.then_some(address))
    }

    /// An address with the primary name of its domain.
    async fn primary_address(&mut self, address: &str) -> Result<Option<String>, Complaint> {
        let Some((localpart, domain)) = address.rsplit_once('@') else { return Ok(None) };
        let new = New::command("alias-domain list").word(domain);
        let answer = self.ask(&new).await?;
        let primary = answer.list("items").next().map(|item| item.text("primary").to_owned());
        Ok(primary.map(|primary| format!("{localpart}@{primary}")))
    }

    /// The kind of entry that stands at an address.
    pub(super) async fn entry(&mut self, address: &str) -> Result<Option<String>, Complaint> {
        let address = names::entry(address)?;
        let answer = self.ask(&New::command("address list").word(&address)).await?;
        let found = answer.list("items").find(|item| item.text("address") == address);
        Ok(found.map(|item| item.text("entry").to_owned()))
    }

    pub(super) async fn ask(&mut self, new: &New) -> Result<Answer, Complaint> {
        self.announced(new, None).await
    }

    async fn announced(
        &mut self,
        new: &New,
        announcement: Option<String>,
    ) -> Result<Answer, Complaint> {
        let command = match Native::try_parse_from(new.line()) {
            Ok(Native { command }) => command,
            Err(error) => return Err(misread(&error)),
        };
        let settings = Settings::from(self.site.config);
        let mut typing = Typing {
            console: &mut *self.site.console,
            password: new.password.clone(),
            announcement,
            failed: None,
        };
        let options = Options { dry_run: false, now: self.site.now, input: &mut typing };
        let outcome = match self.site.client.as_deref_mut() {
            Some(client) => admin::run(command, client, &settings, options).await,
            None => admin::run_alone(command, &settings, options).await,
        };
        match (outcome, typing.failed) {
            (Ok(report), _) => {
                typing.announce();
                Ok(Answer::of(&report))
            }
            (Err(_), Some(Failed::Interrupted)) => Err(Complaint::new(Code::Interrupted, "")),
            (Err(_), Some(Failed::TooOften)) => {
                let why = "Too many failures - try again later.";
                Err(Complaint::new(Code::TooManyFailures, why))
            }
            (Err(error), None) => Err(self.refused(&error)),
        }
    }

    fn refused(&self, error: &AdminError) -> Complaint {
        let complaint = Complaint::new(Code::of_error(error, self.subcommand), error.to_string());
        match error.advice() {
            Some(hint) => complaint.hint(hint),
            None => complaint,
        }
    }

    /// What there is to know besides: vmm listed destinations that it left out, and warned.
    pub(super) fn remark(&mut self, call: &Call, answer: &Answer) {
        let lists_destinations = matches!(
            call.known.subcommand,
            S::AliasAdd | S::AliasDelete | S::CatchallAdd | S::CatchallDelete
        );
        let mut ignored = Vec::new();
        for note in answer.list("notes") {
            let text = note.text("text");
            let about = text.split('`').nth(1).filter(|about| about.contains('@'));
            match (note.text("level"), about) {
                ("warning", _) => self.warn(text),
                // The directory that was to be measured.
                (_, _) if call.known.subcommand == S::UserInfo => self.warn(text),
                (_, Some(about)) if lists_destinations => ignored.push(format!("  * {about}")),
                _ => self.say(&format!("Note: {text}\n")),
            }
        }
        if !ignored.is_empty() {
            self.warn(format!("Ignored destination addresses:\n{}", ignored.join("\n")));
        }
    }

    pub(super) fn config(&self) -> &Config {
        self.site.config
    }

    pub(super) fn print(&mut self, data: &str) {
        self.site.console.print(data);
    }

    pub(super) fn say(&mut self, words: &str) {
        self.site.console.say(words);
    }

    pub(super) fn warn(&mut self, warning: impl Into<String>) {
        self.warnings.push(warning.into());
    }
}

/// What clap says of a word that `admin` does not take.
fn misread(error: &clap::Error) -> Complaint {
    let text = error.to_string();
    let first = text.lines().next().unwrap_or_default();
    let why = first.strip_prefix("error: ").unwrap_or(first);
    // The option that `admin` names is not the one that was typed.
    let why = why.split_once(">': ").map_or(why, |(_, reason)| reason);
    Complaint::new(Code::InvalidArgument, why)
}
