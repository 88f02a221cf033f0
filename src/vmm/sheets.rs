//! `domaininfo`, `userinfo` and `getuser`, which show one thing on a sheet.

use crate::vmm::answer::{Answer, Fields};
use crate::vmm::layout;
use crate::vmm::lists::both_forms;
use crate::vmm::run::Session;
use crate::vmm::subcommand::Subcommand as S;
use crate::vmm::translate::New;
use crate::vmm::{Call, Code, Complaint, names};

impl Session<'_> {
    pub(super) async fn domain(&mut self, call: &Call) -> Result<(), Complaint> {
        let details = wanted(call, S::DomainInfo, &OF_DOMAIN)?;
        let name = names::domain(call.word(0))?;
        let with = details.map(|(_, with)| with);
        let answer =
            self.ask(&New::command("domain show").word(&name).option("--with", with)).await?;
        let Some(domain) = answer.items("domain").next() else { return Ok(()) };
        let quota = domain.inner("quota");
        let limit = format!(
            "Storage: {}; Messages: {}",
            layout::human_size(quota.number("bytes")),
            layout::grouped(quota.number("messages"))
        );
        let services = domain.texts("services").join(" ").to_uppercase();
        let count = |name: &str| layout::grouped(domain.number(name));
        let is_relayed = domain.text("class") == "relay";
        let by_postfix = if is_relayed { "relay_transport of main.cf" } else { BY_POSTFIX };
        let facts = [
            ("Domain Name", both_forms(domain.text("name"))),
            ("GID", domain.number("gid").to_string()),
            ("Domain Directory", domain.text("directory").to_owned()),
            ("Quota Limit/User", limit),
            ("Active Services", if services.is_empty() { "None".to_owned() } else { services }),
            ("Transport", domain.maybe("transport").unwrap_or(by_postfix).to_owned()),
            ("Alias Domains", layout::grouped(domain.texts("alias_domains").len() as u64)),
            ("Accounts", count("accounts")),
            ("Aliases", count("aliases")),
            ("Relocated", count("relocated")),
            ("Catch-All Dests", count("catchall_destinations")),
        ];
        let mut text = layout::sheet("Domain information", &facts, domain.maybe("note"));
        for (_, title, kind) in LISTS.into_iter().filter(|(detail, ..)| {
            details.is_some_and(|(wanted, _)| wanted == *detail || wanted == "full")
        }) {
            text.push_str(&layout::list(&format!("Existing {title}"), &contents(&answer, kind)));
        }
        self.print(&text);
        Ok(())
    }

    pub(super) async fn user(&mut self, call: &Call) -> Result<(), Complaint> {
        let details = wanted(call, S::UserInfo, &OF_USER)?.map(|(detail, _)| detail);
        let address = names::address(call.word(0))?;
        let measured = self.config().vmm.disk_usage || matches!(details, Some("du" | "full"));
        let with = measured.then_some("disk-usage");
        let answer =
            self.ask(&New::command("account show").word(&address).option("--with", with)).await?;
        let Some(user) = answer.items("account").next() else { return Ok(()) };
        let mut facts = vec![
            ("Address", user.text("address").to_owned()),
            ("Name", user.maybe("name").unwrap_or("None").to_owned()),
            ("UID", user.number("uid").to_string()),
            ("GID", user.number("gid").to_string()),
            ("Home", user.text("home").to_owned()),
            (
                "Mail_Location",
                format!("{}:~/{}", user.text("mailbox_format"), user.text("mailbox_root")),
            ),
        ];
        facts.extend(holdings(user));
        if measured {
            facts.push(("Disk Usage", layout::human_size(user.number("disk_usage"))));
        }
        let transport = user.maybe("effective_transport").unwrap_or(BY_POSTFIX);
        facts.push(("Transport", or_default(transport, user.text("transport_from"))));
        let allowed = user.texts("effective_services");
        for (label, service) in SERVICES {
            let state = if allowed.contains(&service) { "enabled" } else { "disabled" };
            facts.push((label, or_default(state, user.text("services_from"))));
        }
        let mut text = layout::sheet("Account information", &facts, user.maybe("note"));
        if matches!(details, Some("aliases" | "full")) {
            let leads = user.list("led_to_by").filter(|lead| lead.text("entry") == "alias");
            let aliases: Vec<_> = leads.map(|lead| lead.text("address").to_owned()).collect();
            text.push_str(&layout::list("Existing alias addresses", &aliases));
        }
        self.print(&text);
        self.remark(call, &answer);
        Ok(())
    }

    pub(super) async fn uid(&mut self, call: &Call) -> Result<(), Complaint> {
        let text = call.word(0);
        let Some(uid) = text.parse::<u64>().ok().filter(|uid| *uid > 0) else {
            let why = format!("UID must be a whole number greater than 0: '{text}'");
            return Err(Complaint::new(Code::InvalidArgument, why).usage(call.known));
        };
        let Ok(uid) = u32::try_from(uid) else {
            let why = format!("cannot find uid `{uid}`: no uid is above {}", u32::MAX);
            return Err(Complaint::new(Code::NoSuchAccount, why));
        };
        let answer = self.ask(&New::command("account find").word(uid)).await?;
        let Some(user) = answer.items("account").next() else { return Ok(()) };
        let facts = [
            ("UID", user.number("uid").to_string()),
            ("GID", user.number("gid").to_string()),
            ("Address", user.text("address").to_owned()),
        ];
        self.print(&layout::sheet("Account information", &facts, user.maybe("note")));
        Ok(())
    }
}

/// The keywords of `domaininfo` and what they are for `admin`.
const OF_DOMAIN: [(&str, &str); 6] = [
    ("accounts", "accounts"),
    ("aliasdomains", "alias-domains"),
    ("aliases", "aliases"),
    ("catchall", "catchall"),
    ("full", "all"),
    ("relocated", "relocated"),
];

/// The keywords of `userinfo`; what leads to an account is always told.
const OF_USER: [(&str, &str); 3] = [("aliases", ""), ("du", "disk-usage"), ("full", "disk-usage")];

/// What a keyword lists, in vmm's order, and the kind of things that these are.
const LISTS: [(&str, &str, &str); 5] = [
    ("aliasdomains", "alias domains", "alias-domain"),
    ("accounts", "accounts", "account"),
    ("aliases", "aliases", "alias"),
    ("relocated", "relocated users", "relocated"),
    ("catchall", "catch-all destinations", "catchall"),
];

/// The services in vmm's order.
const SERVICES: [(&str, &str); 4] =
    [("SMTP", "smtp"), ("POP3", "pop3"), ("IMAP", "imap"), ("SIEVE", "sieve")];

/// The transport of what has none of its own.
const BY_POSTFIX: &str = "virtual_transport of main.cf";

/// What is asked for besides: the keyword, and what it is for `admin`. Plan B asks for nothing more.
fn wanted(
    call: &Call,
    subcommand: S,
    keywords: &[(&'static str, &'static str)],
) -> Result<Option<(&'static str, &'static str)>, Complaint> {
    let Some(text) = call.option("-d").filter(|_| call.known.subcommand == subcommand) else {
        return Ok(None);
    };
    // The word of 0.5.
    let text = text.to_lowercase();
    let is_old = text == "detailed" && subcommand == S::DomainInfo;
    let meant = if is_old { "full" } else { &text };
    let known = keywords.iter().find(|(keyword, _)| *keyword == meant);
    known.copied().map(Some).ok_or_else(|| {
        let names: Vec<_> = keywords.iter().map(|(keyword, _)| *keyword).collect();
        let names = names.join(", ");
        call.wrong_value("-d", format!("Invalid argument: '{text}' (choose from {names})"))
    })
}

/// The names of the things of one kind that an answer lists.
fn contents(answer: &Answer, kind: &str) -> Vec<String> {
    let mut names = Vec::new();
    for item in answer.items(kind) {
        match kind {
            "alias-domain" => names.push(both_forms(item.text("name"))),
            "catchall" => {
                let mut destinations = item.texts("destinations");
                destinations.sort_unstable();
                names.extend(destinations.into_iter().map(str::to_owned));
            }
            _ => names.push(item.text("address").to_owned()),
        }
    }
    names
}

/// What an account holds, and may hold.
fn holdings(user: Fields<'_>) -> [(&'static str, String); 2] {
    let (holds, limit) = (user.inner("used"), user.inner("effective_quota"));
    let from = user.text("quota_from");
    let of = |name, shown: fn(u64) -> String| {
        or_default(&layout::usage(holds.number(name), limit.number(name), shown), from)
    };
    [
        ("Quota Storage", of("bytes", layout::human_size)),
        ("Quota Messages", of("messages", layout::grouped)),
    ]
}

/// Marks what an account has from its domain.
fn or_default(value: &str, from: &str) -> String {
    if from == "account" { value.to_owned() } else { format!("{value} [domain default]") }
}
