//! What is wrong with a file: every mistake with its line, so that one run shows them all.

use std::fmt;

use crate::mail::{Refusal, Rule};

/// How many mistakes are shown. Nobody reads more, and a file may have one in each line.
pub(super) const SHOWN: usize = 50;

/// Everything that is wrong with a file, in the order of its lines.
#[derive(Debug)]
pub struct Mistakes {
    /// What cannot be done, with the file in backticks.
    pub what: String,
    /// How the file is called in front of a line number.
    pub file: String,
    first: Vec<Mistake>,
    count: usize,
    bad_data: bool,
}

/// What is wrong with one line. Never shows a password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// The line; the first one is 1.
    pub line: u64,
    /// The rule that refuses it; `None` if the text is not what it should be.
    pub rule: Option<Rule>,
    /// The value in backticks, perhaps with its column, if one is to blame.
    pub about: Option<String>,
    /// Why.
    pub why: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl Mistake {
    pub(super) fn new(line: u64, why: impl Into<String>) -> Self {
        Self { line, rule: None, about: None, why: why.into(), hint: None }
    }

    /// What a rule says to the value in a line.
    pub(super) fn refused(line: u64, about: String, refusal: Refusal) -> Self {
        let Refusal { rule, why, hint, .. } = refusal;
        let rule = (rule != Rule::BadValue).then_some(rule);
        Self { line, rule, about: Some(about), why, hint }
    }

    pub(super) fn about(self, about: impl Into<String>) -> Self {
        Self { about: Some(about.into()), ..self }
    }

    pub(super) fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }
}

impl Mistakes {
    pub(super) fn new(what: impl Into<String>, file: impl Into<String>) -> Self {
        let (what, file) = (what.into(), file.into());
        Self { what, file, first: Vec::new(), count: 0, bad_data: false }
    }

    /// Takes another mistake in, in any order of lines.
    pub(super) fn push(&mut self, mistake: Mistake) {
        self.count += 1;
        self.bad_data |= mistake.rule.is_none();
        self.first.push(mistake);
        if self.first.len() > 2 * SHOWN {
            self.tidy();
        }
    }

    /// Counts mistakes against rules that come behind all those shown.
    pub(super) fn and_more(&mut self, more: usize) {
        self.count += more;
    }

    fn tidy(&mut self) {
        self.first.sort_by_key(|mistake| mistake.line);
        self.first.truncate(SHOWN);
    }

    /// Passes if there is no mistake.
    pub(super) fn none(mut self) -> Result<(), Box<Self>> {
        self.tidy();
        if self.is_empty() { Ok(()) } else { Err(Box::new(self)) }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Whether some of the text is not what it should be, whatever the database holds.
    pub fn are_bad_data(&self) -> bool {
        self.bad_data
    }

    /// Those that are shown, by line.
    pub fn shown(&self) -> &[Mistake] {
        &self.first
    }

    /// How many there are, in words.
    pub fn counted(&self) -> String {
        match self.count {
            1 => "1 mistake".to_owned(),
            count => format!("{count} mistakes"),
        }
    }
}

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}: {}\n", self.what, self.counted())?;
        let mut last_hint = None;
        let mut lines = self.first.iter().peekable();
        while let Some(Mistake { line, about, why, hint, .. }) = lines.next() {
            write!(f, "{}:{line}: ", self.file)?;
            if let Some(about) = about {
                write!(f, "{about}: ")?;
            }
            f.write_str(why)?;
            // The same advice for each of fifty lines would bury them.
            if let Some(hint) = hint.as_ref().filter(|hint| last_hint != Some(*hint)) {
                write!(f, "\n  hint: {hint}")?;
                last_hint = Some(hint);
            }
            if lines.peek().is_some() {
                writeln!(f)?;
            }
        }
        match self.count - self.first.len() {
            0 => Ok(()),
            more => write!(f, "\nand {more} more"),
        }
    }
}

impl std::error::Error for Mistakes {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_mistakes_are_shown_and_all_are_counted() {
        let mut mistakes = Mistakes::new("cannot add the accounts of `a.csv`", "a.csv");
        for line in (2..=1000).rev() {
            let refusal = Refusal::new(Rule::AccountExists, "");
            mistakes.push(Mistake::refused(line, "`a@b.example`".to_owned(), refusal));
        }
        mistakes.and_more(1);
        let mistakes = mistakes.none().unwrap_err();
        assert!(!mistakes.are_bad_data());
        let text = mistakes.to_string();
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines[0], "cannot add the accounts of `a.csv`: 1000 mistakes");
        assert_eq!(lines[2], "a.csv:2: `a@b.example`: an account has this address");
        assert_eq!(lines[3], "  hint: list accounts with `postcote admin account list`");
        assert_eq!(lines[4], "a.csv:3: `a@b.example`: an account has this address");
        assert_eq!(lines.len(), 2 + SHOWN + 1 + 1);
        assert_eq!(lines.last(), Some(&"and 950 more"));
    }
}
