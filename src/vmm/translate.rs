//! The old commands in the words of the new: what each subcommand that changes something is in
//! `postcote admin`.
//!
//! What vmm refused before it looked into its database is refused here, with its exit code. All
//! other rules are those of `admin`.

use std::fmt::Display;

use secrecy::SecretString;

use crate::config::Vmm;
use crate::mail::{Service, Transport, parse_size};
use crate::vmm::names::{
    address, alias_domain, destinations, domain, entry, new_address, new_alias_domain, new_domain,
};
use crate::vmm::parse::Call;
use crate::vmm::subcommand::Subcommand as S;
use crate::vmm::{Code, Complaint};

/// A command of `postcote admin`, in words. It may hold a password, so it cannot be printed.
pub(super) struct New {
    path: &'static str,
    options: Vec<String>,
    words: Vec<String>,
    /// How its password is given.
    pub(super) password: Password,
}

/// How a password is given.
#[derive(Clone)]
pub(super) enum Password {
    /// It is asked for, twice.
    Asked,
    /// On the command line, where everybody can see it.
    Given(SecretString),
    /// It is made up, there is none, or it is a hash.
    None,
}

impl New {
    pub(super) fn command(path: &'static str) -> Self {
        Self { path, options: Vec::new(), words: Vec::new(), password: Password::None }
    }

    pub(super) fn word(mut self, word: impl Display) -> Self {
        self.words.push(word.to_string());
        self
    }

    fn words(mut self, words: impl IntoIterator<Item = String>) -> Self {
        self.words.extend(words);
        self
    }

    pub(super) fn switch(mut self, name: &str, on: bool) -> Self {
        self.options.extend(on.then(|| name.to_owned()));
        self
    }

    pub(super) fn option(mut self, name: &str, value: Option<impl Display>) -> Self {
        self.options.extend(value.map(|value| format!("{name}={value}")));
        self
    }

    fn password(mut self, password: Password) -> Self {
        self.options.extend(match password {
            Password::Asked | Password::Given(_) => Some("--password-stdin".to_owned()),
            Password::None => None,
        });
        self.password = password;
        self
    }

    /// As one types it, `postcote admin` left out. Words that begin with a hyphen are no options.
    pub(super) fn line(&self) -> Vec<String> {
        let mut line: Vec<_> = self.path.split(' ').map(str::to_owned).collect();
        line.extend_from_slice(&self.options);
        line.push("--".to_owned());
        line.extend_from_slice(&self.words);
        line
    }
}

/// What a subcommand that changes something is now.
#[expect(clippy::too_many_lines, reason = "it is a table, to be read in one piece")]
pub(super) fn translated(call: &Call, vmm: &Vmm) -> Result<New, Complaint> {
    let new = New::command;
    let first = |parse: fn(&str) -> Result<String, Complaint>| parse(call.word(0));
    Ok(match call.known.subcommand {
        S::DomainAdd => new("domain add")
            .word(first(new_domain)?)
            .option("--note", call.option("-n"))
            .option("--transport", default_transport(call, vmm)?)
            .option("--quota", Some(vmm.domain_quota.0).filter(|bytes| *bytes > 0))
            .option("--messages", Some(vmm.domain_messages).filter(|count| *count > 0))
            .option("--services", Some(vmm.domain_services))
            .switch("--with-postmaster", vmm.auto_postmaster)
            .password(match (vmm.auto_postmaster, vmm.random_password) {
                (true, false) => Password::Asked,
                _ => Password::None,
            }),
        S::DomainDelete => new("domain delete")
            .word(first(domain)?)
            .switch("--force", call.has("--force") || vmm.force_deletion)
            .switch("--with-alias-domains", true)
            .switch(
                "--delete-directory",
                call.has("--delete-directory") || vmm.delete_domain_directory,
            ),
        S::DomainNote => note(new("domain set").word(first(domain)?), "--note", call),
        S::DomainQuota => new("domain set")
            .word(first(domain)?)
            .option("--quota", Some(storage(call)?))
            .option("--messages", Some(messages(call)?))
            .switch("--reset-accounts", call.has("--force")),
        S::DomainServices => new("domain set")
            .word(first(domain)?)
            .option("--services", Some(services(call)?))
            .switch("--reset-accounts", call.has("--force")),
        S::DomainTransport => new("domain set")
            .word(first(domain)?)
            .option("--transport", Some(transport(call.word(1))?))
            .switch("--reset-accounts", call.has("--force")),
        S::AliasDomainAdd => {
            new("alias-domain add").word(first(new_alias_domain)?).word(domain(call.word(1))?)
        }
        S::AliasDomainDelete => new("alias-domain delete").word(first(alias_domain)?),
        S::AliasDomainSwitch => {
            new("alias-domain switch").word(first(alias_domain)?).word(domain(call.word(1))?)
        }
        S::UserAdd => {
            let random = vmm.random_password && !call.has("-p");
            new("account add")
                .word(first(address)?)
                .option("--note", call.option("-n"))
                .switch("--random", random)
                .password(if random { Password::None } else { given(call)? })
        }
        S::UserDelete => new("account delete")
            .word(first(address)?)
            .switch("--force", call.has("--force"))
            .switch(
                "--delete-directory",
                call.has("--delete-directory") || vmm.delete_account_directory,
            ),
        S::UserName => note(new("account set").word(first(address)?), "--name", call),
        S::UserNote => note(new("account set").word(first(address)?), "--note", call),
        S::UserPassword => {
            let new = new("account password").word(first(address)?);
            match call.option("--hash") {
                Some(hash) => new.option("--hash", Some(hash)),
                None => new.option("--scheme", call.option("-s")).password(given(call)?),
            }
        }
        S::UserQuota if call.word(1) == "domain" => {
            new("account set").word(first(address)?).option("--quota", Some("domain"))
        }
        S::UserQuota => new("account set")
            .word(first(address)?)
            .option("--quota", Some(storage(call)?))
            .option("--messages", Some(messages(call)?)),
        S::UserServices => {
            new("account set").word(first(address)?).option("--services", Some(services(call)?))
        }
        S::UserTransport if call.word(1) == "domain" => {
            new("account set").word(first(address)?).option("--transport", Some("domain"))
        }
        S::UserTransport => {
            let to = transport(call.word(1))?;
            new("account set").word(first(address)?).option("--transport", Some(to))
        }
        S::AliasAdd => new("alias add").word(first(entry)?).words(destinations(call)?),
        S::AliasDelete => new("alias delete").word(first(entry)?).words(destinations(call)?),
        S::CatchallAdd => new("catchall add").word(first(domain)?).words(destinations(call)?),
        S::CatchallDelete => new("catchall delete").word(first(domain)?).words(destinations(call)?),
        S::RelocatedAdd => {
            new("relocated add").word(first(address)?).word(new_address(call.word(1))?)
        }
        S::RelocatedDelete => new("relocated delete").word(first(address)?),
        // These change nothing; `lists` and `info` ask for what they print.
        S::AliasDomainInfo
        | S::AliasInfo
        | S::CatchallInfo
        | S::ConfigGet
        | S::ConfigSet
        | S::Configure
        | S::DomainInfo
        | S::GetUser
        | S::Help
        | S::ListAddresses
        | S::ListAliases
        | S::ListDomains
        | S::ListPwSchemes
        | S::ListRelocated
        | S::ListUsers
        | S::RelocatedInfo
        | S::UserInfo
        | S::Version => new("address list"),
    })
}

/// A note or a name; without one, as in 0.6, and with `-d` it is deleted.
fn note(new: New, option: &str, call: &Call) -> New {
    match call.option("-n") {
        Some(text) if !text.is_empty() => new.option(option, Some(text)),
        _ => new.switch(&option.replace("--", "--no-"), true),
    }
}

/// What 0.6 wrote as a keyword, and where both take the same word.
fn storage(call: &Call) -> Result<u64, Complaint> {
    let text = call.word(1);
    parse_size(text).map_err(|error| {
        let why = format!("Invalid storage value: '{text}': {error}");
        Complaint::new(Code::Usage, why).usage(call.known)
    })
}

fn messages(call: &Call) -> Result<u32, Complaint> {
    let text = call.option("-m").unwrap_or("0");
    text.parse()
        .map_err(|_| call.wrong_value("-m", format!("Not a valid number of messages: '{text}'")))
}

/// The services that are named, and no others; `domain` wins over all of them.
fn services(call: &Call) -> Result<String, Complaint> {
    let named = call.values("-s");
    let of_account = call.known.subcommand == S::UserServices;
    if of_account && named.iter().any(|name| name == "domain") {
        return Ok("domain".to_owned());
    }
    let mut services = Vec::new();
    for name in named {
        let Ok(service) = Service::parse(name) else {
            let known = Service::ALL.map(Service::as_str).join(", ");
            let why = format!("Invalid service: '{name}' (choose from {known})");
            return Err(call.wrong_value("-s", why));
        };
        services.push(service.as_str());
    }
    Ok(if services.is_empty() { "none".to_owned() } else { services.join(",") })
}

fn transport(text: &str) -> Result<String, Complaint> {
    match Transport::parse(text) {
        Ok(transport) => Ok(transport.to_string()),
        Err(error) => {
            let why = format!("Could not accept transport: '{text}': {error}");
            Err(Complaint::new(Code::InvalidArgument, why))
        }
    }
}

fn default_transport(call: &Call, vmm: &Vmm) -> Result<Option<String>, Complaint> {
    match call.option("-t") {
        Some(text) => transport(text).map(Some),
        None => Ok(vmm.domain_transport.as_ref().map(ToString::to_string)),
    }
}

/// The password of the command line, else one that is asked for. As in vmm, white space at either
/// end does not belong to it.
fn given(call: &Call) -> Result<Password, Complaint> {
    match call.option("-p").map(str::trim) {
        None => Ok(Password::Asked),
        Some("") => Err(Complaint::new(Code::NoPassword, "The password is empty.")),
        Some(password) => Ok(Password::Given(password.into())),
    }
}
