//! The 41 subcommands of vmm, for fingers and scripts that know them: `postcote vmm …`, or a link
//! named `vmm`.
//!
//! Nothing is decided here. [`mod@parse`] takes a command line of vmm 0.7 or 0.6 apart, `translate`
//! and `names` say it in the words of `postcote admin`, which runs it; `lists`, `info` and `sheets` lay
//! out what comes back as vmm did, and read it as every script may: from the JSON. [`options`] knows
//! where the options of vmm.cfg are now. [`exit`] gives every refusal the number that vmm had for it.
//!
//! # What is not as it was
//!
//! | vmm | here |
//! |---|---|
//! | had to run as root, and a readable configuration was an error | the database decides who may do what |
//! | wrote the database first and directories afterwards | one transaction; directories follow by orders that survive a crash |
//! | took a transport without a colon, whose next hop Postfix dropped | refuses it, with 44 |
//! | gave new domains the transport `lmtp:unix:private/dovecot-lmtp` | leaves it to `virtual_transport` of main.cf, unless `vmm.domain-transport` is set |
//! | lower-cased transports of domains | kept as written, for next hops have capitals |
//! | `domaindelete` failed when there was a catch-all | the catch-all counts as content, `--force` deletes it, too |
//! | an alias to an address in an alias domain was stored, and the command failed | it is stored, and the command succeeds |
//! | refused destinations with capitals in their domain, and placeholders there | domains fold, and `%d` may stand where a domain does |
//! | `userdelete` looked for aliases with this very text | every spelling counts, in catch-alls, forwards and relocated users, too |
//! | `domaindelete` said nothing of what leads to the domain from elsewhere | names it |
//! | let aliases run in circles | refuses, with 67 |
//! | `aliasdomaininfo` of a primary domain, `domainquota … domain`, `userservices` without a service, and white space as a password were tracebacks | Plan B, 2, no services, 69 |
//! | a negative size silently became positive | is no size |
//! | patterns had to be A-labels, and `_` stood for any character | patterns take Unicode, and `_` is itself |
//! | showed a Unicode name only if its first label was international | if any label is |
//! | `configset` removed all comments | changes the value, nothing else; the file as it was stands beside it, with `.bak` behind its name |
//! | printed the database password | hides it |
//! | made passwords of 8 characters, and took a smaller number for 8 | makes them of 20, and refuses a smaller number than 8 |
//! | asked `postconf` for the limit of destinations at each `aliasadd` | knows that it is 1000 |
//! | Python's tracebacks for what the database refused | the refusal, with its number |

mod answer;
mod console;
pub mod exit;
mod info;
mod layout;
mod lists;
mod names;
pub mod options;
pub mod parse;
mod run;
mod settings;
mod sheets;
pub mod subcommand;
mod translate;

use std::fmt::Write as _;

use crate::exit::Failure;

use subcommand::{ALL, Known, Subcommand};

pub use console::Console;
pub use exit::Code;
pub use parse::{Call, parse};
pub use run::{Site, needs_database, run};
pub use settings::{ConfigFile, configure, load};

/// What the help ends with.
pub const EXAMPLES: &str = "\
Examples:
  postcote vmm domaininfo example.org full
  postcote vmm useradd jane@example.org -n 'office 12'
  ln -s /usr/bin/postcote /usr/local/sbin/vmm";

/// Why a subcommand was not done, as vmm says it.
#[derive(Clone, Debug)]
pub struct Complaint {
    /// The exit code.
    pub code: Code,
    /// What is wrong.
    text: String,
    /// What to do about it.
    hint: Option<String>,
    /// Whose usage is shown.
    usage: Option<&'static Known>,
}

impl Complaint {
    /// Without a hint.
    pub fn new(code: Code, text: impl Into<String>) -> Self {
        Self { code, text: text.into(), hint: None, usage: None }
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    /// The database cannot be reached, for whatever reason.
    pub fn unconnected(failure: Failure) -> Self {
        Self { code: Code::Database, ..failure.into() }
    }

    fn usage(self, known: &'static Known) -> Self {
        Self { usage: Some(known), ..self }
    }

    /// Says it.
    pub fn say(&self, console: &mut dyn Console) {
        match self.code {
            Code::Interrupted => return console.say("\nOuch!\n\n"),
            Code::Missing => console.print(&overview()),
            _ => {}
        }
        let mut words = format!("Error: {}\n", self.text);
        if let Some(known) = self.usage {
            let _ = write!(words, "\n{}", usage(known));
        }
        if let Some(hint) = &self.hint {
            let _ = writeln!(words, "\nhint: {hint}");
        }
        console.say(&words);
    }
}

/// What `help` and `version` say, if one of them was asked for.
pub fn answered(call: &Call, console: &mut dyn Console) -> Option<Code> {
    match call.known.subcommand {
        Subcommand::Help => Some(help(call, console)),
        Subcommand::Version => {
            // vmm said this to standard error.
            console
                .say(&format!("vmm, as postcote {} understands it\n", env!("CARGO_PKG_VERSION")));
            Some(Code::Done)
        }
        _ => None,
    }
}

fn help(call: &Call, console: &mut dyn Console) -> Code {
    if call.words.is_empty() {
        console.print(&overview());
        return Code::Done;
    }
    let topic = call.word(0);
    let Some(known) = Subcommand::find(topic) else {
        Complaint::new(Code::InvalidArgument, format!("Unknown help topic: '{topic}'"))
            .hint("`vmm help` lists the subcommands")
            .say(console);
        return Code::InvalidArgument;
    };
    let Known { purpose, short, new, example, .. } = known;
    let mut text = format!("{purpose}\n\n{}\nShort name: {short}\n", usage(known));
    let _ = writeln!(text, "Now:        postcote {new}\n\nExample:\n  vmm {example}");
    console.print(&text);
    Code::Done
}

/// Both syntaxes of a subcommand.
fn usage(known: &Known) -> String {
    let mut text = format!("Usage: {}\n", format!("vmm {} {}", known.name, known.usage).trim_end());
    if !known.words.is_empty() {
        let _ = writeln!(text, "       vmm {} {}", known.name, known.words);
    }
    text
}

fn overview() -> String {
    let mut text = "\
The subcommands of vmm, run by postcote, in the syntax of vmm 0.7 or 0.6

Usage: vmm SUBCOMMAND …

Commands:
"
    .to_owned();
    for Known { name, short, purpose, .. } in ALL {
        let _ = writeln!(text, "  {name:<18}{short:<4}{purpose}");
    }
    text.push_str(
        "\nExit codes are those of vmm: 0 done; 2 wrong usage; 20 to 70 refused, each for its reason.\n\
         `vmm SUBCOMMAND --help` shows both syntaxes, and the command of postcote that does the same.\n\n",
    );
    let _ = writeln!(text, "{EXAMPLES}");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_subcommand_is_known_by_both_names() {
        let names = "
            help h version v configget cg configset cs configure cf getuser gu listaddresses ll
            listaliases la listdomains ld listpwschemes lp listrelocated lr listusers lu
            domainadd da domaindelete dd domaininfo di domainnote do domainquota dq
            domainservices ds domaintransport dt aliasdomainadd ada aliasdomaindelete add
            aliasdomaininfo adi aliasdomainswitch ads useradd ua userdelete ud userinfo ui
            username un usernote uo userpassword up userquota uq userservices us usertransport ut
            aliasadd aa aliasdelete ad aliasinfo ai catchalladd caa catchalldelete cad
            catchallinfo cai relocatedadd ra relocateddelete rd relocatedinfo ri";
        let names: Vec<_> = names.split_whitespace().collect();
        assert_eq!(names.len(), 82);
        for pair in names.chunks(2) {
            let long = Subcommand::find(pair[0]).unwrap_or_else(|| panic!("{pair:?}"));
            let short = Subcommand::find(pair[1]).unwrap_or_else(|| panic!("{pair:?}"));
            assert_eq!(long.subcommand, short.subcommand);
            assert_eq!(long.subcommand.known().name, pair[0]);
            assert!(!long.purpose.is_empty() && !long.new.is_empty(), "{pair:?}");
            assert_eq!(long.example.split(' ').next(), Some(pair[0]));
        }
        assert_eq!(ALL.len(), 41);
    }
}
