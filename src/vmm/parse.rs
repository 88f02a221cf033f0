//! Reads a command line in the syntax of vmm 0.7 or 0.6.
//!
//! Both are read by the texts of [`Known`], as argparse and its predecessor did: options stand
//! anywhere, long ones may be shortened as long as it is clear which one is meant, values come as
//! `-n NOTE`, `-nNOTE` or `--hash=HASH`, and an option whose value ends in `…` takes all words up
//! to the next option. Words beyond those that 0.7 knows become the options whose values have the
//! same names in the syntax of 0.6. What either version understood is understood; no command line
//! means one thing in 0.6 and another in 0.7, so nobody has to say which of them is spoken.
//!
//! Where the versions fail differently, the form that was used decides: unknown options, wrong
//! values of options and missing words end with 2 as in 0.7, wrong words of 0.6 with 44.

use std::collections::BTreeMap;

use crate::config::closest;
use crate::vmm::options::SECTIONS;
use crate::vmm::subcommand::{ALL, Known, Subcommand};
use crate::vmm::{Code, Complaint};

/// A command line, taken apart. It may hold a password, so it cannot be printed.
#[derive(Clone)]
pub struct Call {
    /// What is to be done.
    pub known: &'static Known,
    /// The words that are no options.
    pub(super) words: Vec<String>,
    options: BTreeMap<&'static str, Value>,
}

/// What an option was given.
#[derive(Clone)]
struct Value {
    texts: Vec<String>,
    /// As 0.6 had it.
    as_word: bool,
}

/// What stands in a usage text: `fqdn`, `[destination…]`, `[-n note]`.
#[derive(Clone, Copy)]
struct Piece {
    /// `-n`, or nothing for a word.
    flag: &'static str,
    /// `note`, or nothing for a switch.
    name: &'static str,
    optional: bool,
    many: bool,
}

/// Options that make no sense together.
const EXCLUSIVE: [(&str, &str); 2] = [("-d", "-n"), ("-p", "--hash")];

/// Takes a command line apart, program name left out.
///
/// # Errors
/// It cannot be meant.
pub fn parse(arguments: &[String]) -> Result<Call, Complaint> {
    let Some((name, rest)) = arguments.split_first() else {
        return Err(Complaint::new(Code::Missing, "You must specify a subcommand at least."));
    };
    let known = match name.as_str() {
        "-h" | "--help" => Subcommand::Help.known(),
        "-v" | "--version" => Subcommand::Version.known(),
        name => Subcommand::find(name).ok_or_else(|| unknown(name))?,
    };
    let mut call = Call { known, words: Vec::new(), options: BTreeMap::new() };
    call.read(rest)?;
    call.take_words_for_options()?;
    let missing: Vec<_> =
        required(call.known).skip(call.words.len()).map(|piece| piece.name).collect();
    if !missing.is_empty() {
        let missing = missing.join(", ");
        return Err(call.wrong(format!("the following arguments are required: {missing}")));
    }
    for (one, other) in EXCLUSIVE {
        if call.has(one) && call.has(other) {
            return Err(call.wrong(format!("argument {other}: not allowed with argument {one}")));
        }
    }
    Ok(call)
}

impl Call {
    /// Whether an option was given.
    pub(super) fn has(&self, flag: &str) -> bool {
        self.options.contains_key(flag)
    }

    /// The value of an option.
    pub(super) fn option(&self, flag: &str) -> Option<&str> {
        self.options.get(flag)?.texts.first().map(String::as_str)
    }

    /// The values of an option that takes many.
    pub(super) fn values(&self, flag: &str) -> &[String] {
        self.options.get(flag).map_or(&[], |value| &value.texts)
    }

    /// A word that [`parse`] made sure of.
    pub(super) fn word(&self, number: usize) -> &str {
        self.words.get(number).map_or("", String::as_str)
    }

    /// The value of an option is wrong.
    pub(super) fn wrong_value(&self, flag: &str, why: impl Into<String>) -> Complaint {
        let as_word = self.options.get(flag).is_some_and(|value| value.as_word);
        let code = if as_word { Code::InvalidArgument } else { Code::Usage };
        Complaint::new(code, why).usage(self.known)
    }

    /// There is no such section.
    pub(super) fn wrong_section(&self, name: &str) -> Complaint {
        let complaint = self.wrong_value("-s", format!("Invalid section: '{name}'"));
        let known = SECTIONS.join(", ");
        match complaint.code {
            Code::Usage => complaint,
            _ => Complaint { code: Code::InvalidSection, ..complaint },
        }
        .hint(format!("the sections are {known}"))
    }

    /// The command line cannot be meant.
    pub(super) fn wrong(&self, why: impl Into<String>) -> Complaint {
        Complaint::new(Code::Usage, why).usage(self.known)
    }

    fn read(&mut self, arguments: &[String]) -> Result<(), Complaint> {
        let mut rest = arguments.iter().peekable();
        while let Some(argument) = rest.next() {
            if argument == "--" {
                self.words.extend(rest.cloned());
                return Ok(());
            }
            if matches!(argument.as_str(), "-h" | "--help") {
                *self = Self {
                    known: Subcommand::Help.known(),
                    words: vec![self.known.name.to_owned()],
                    options: BTreeMap::new(),
                };
                return Ok(());
            }
            if !is_option(argument) {
                self.words.push(argument.clone());
                continue;
            }
            let (piece, glued) = self.find(argument)?;
            let mut texts: Vec<String> = glued.map(str::to_owned).into_iter().collect();
            let takes = !piece.name.is_empty();
            while takes && (piece.many || texts.is_empty()) {
                let Some(text) = rest.next_if(|next| !is_option(next) && *next != "--") else {
                    break;
                };
                texts.push(text.clone());
            }
            if takes && texts.is_empty() {
                let why = format!("argument {}: expected a value", piece.flag);
                return Err(self.wrong(why));
            }
            if !takes && !texts.is_empty() {
                return Err(self.wrong(format!("argument {}: takes no value", piece.flag)));
            }
            self.options.insert(piece.flag, Value { texts, as_word: false });
        }
        Ok(())
    }

    /// The option that is meant, and the value that is glued to it.
    fn find<'a>(&self, argument: &'a str) -> Result<(Piece, Option<&'a str>), Complaint> {
        let options = || pieces(self.known.usage).filter(|piece| !piece.flag.is_empty());
        if argument.starts_with("--") {
            let (name, value) = match argument.split_once('=') {
                Some((name, value)) => (name, Some(value)),
                None => (argument, None),
            };
            let mut meant: Vec<_> = options().filter(|o| o.flag.starts_with(name)).collect();
            if let Some(exact) = meant.iter().find(|o| o.flag == name) {
                return Ok((*exact, value));
            }
            if let (Some(one), true) = (meant.pop(), meant.is_empty()) {
                return Ok((one, value));
            }
        } else if let Some(one) = options().find(|o| argument.starts_with(o.flag)) {
            let glued = argument.strip_prefix(one.flag).filter(|value| !value.is_empty());
            return Ok((one, glued));
        }
        Err(self.wrong(format!("unrecognized arguments: {argument}")))
    }

    /// Turns words that only 0.6 has into the options of 0.7.
    fn take_words_for_options(&mut self) -> Result<(), Complaint> {
        let own = pieces(self.known.usage).filter(|piece| piece.flag.is_empty());
        if own.clone().any(|piece| piece.many || piece.optional) {
            return Ok(());
        }
        let own = own.count();
        let mut extra = self.words.split_off(own.min(self.words.len()));
        let words: Vec<_> = pieces(self.known.words).skip(own).collect();
        let force = words.iter().any(|piece| piece.name == "force");
        let forced = extra.pop_if(|word| force && word.eq_ignore_ascii_case("force")).is_some();
        if forced {
            self.give("--force", Vec::new())?;
        }
        let mut extra = extra.into_iter();
        for piece in words.iter().filter(|piece| piece.name != "force") {
            let count = if piece.many { usize::MAX } else { 1 };
            let texts: Vec<_> = extra.by_ref().take(count).collect();
            if texts.is_empty() {
                break;
            }
            let option = pieces(self.known.usage).find(|option| option.name == piece.name);
            let Some(option) = option else { continue };
            // Notes were typed without quotation marks.
            let texts = if option.many { texts } else { vec![texts.join(" ")] };
            self.give(option.flag, texts)?;
        }
        match extra.next() {
            None => Ok(()),
            Some(word) if force => {
                let why = format!("Invalid argument: '{word}'");
                Err(Complaint::new(Code::InvalidArgument, why).usage(self.known))
            }
            Some(word) => Err(self.wrong(format!("unrecognized arguments: {word}"))),
        }
    }

    fn give(&mut self, flag: &'static str, texts: Vec<String>) -> Result<(), Complaint> {
        if self.has(flag) {
            let word = texts.first().map_or("force", String::as_str);
            return Err(self.wrong(format!("unrecognized arguments: {word}")));
        }
        self.options.insert(flag, Value { texts, as_word: true });
        Ok(())
    }
}

/// A number below zero is no option.
fn is_option(argument: &str) -> bool {
    let digit = |rest: &str| rest.starts_with(|c: char| c.is_ascii_digit());
    argument.strip_prefix('-').is_some_and(|rest| !rest.is_empty() && !digit(rest))
}

fn required(known: &Known) -> impl Iterator<Item = Piece> {
    pieces(known.usage).filter(|piece| piece.flag.is_empty() && !piece.optional)
}

/// The pieces of a usage text.
fn pieces(usage: &'static str) -> impl Iterator<Item = Piece> + Clone {
    let mut rest = usage;
    std::iter::from_fn(move || {
        rest = rest.trim_start();
        let optional = rest.starts_with('[');
        let end = if optional { rest.find(']')? + 1 } else { rest.find(' ').unwrap_or(rest.len()) };
        let (piece, after) = rest.split_at_checked(end).filter(|(piece, _)| !piece.is_empty())?;
        rest = after;
        let inner = piece.trim_matches(['[', ']']);
        let (flag, name) = match inner.split_once(' ') {
            Some((flag, name)) => (flag, name),
            None if inner.starts_with('-') => (inner, ""),
            None => ("", inner),
        };
        Some(Piece {
            flag, name: name.trim_end_matches('…'), optional, many: name.ends_with('…')
        })
    })
}

fn unknown(name: &str) -> Complaint {
    let complaint = Complaint::new(Code::Usage, format!("Unknown subcommand: '{name}'"));
    match name {
        "userdisable" | "u0" | "userenable" | "u1" => {
            complaint.hint("use `userservices`, or `postcote admin account suspend`")
        }
        _ => match closest(name, ALL.iter().map(|known| known.name)) {
            Some(close) => complaint.hint(format!("did you mean `{close}`?")),
            None => complaint.hint("`vmm help` lists the subcommands"),
        },
    }
}

#[cfg(test)]
mod tests;
