//! The part of an address before the `@`, and its split at the recipient delimiter.

use std::borrow::Cow;
use std::fmt;

use icu_casemap::CaseMapper;
use icu_normalizer::ComposingNormalizer;

/// A local part in its one canonical form: unquoted, case folded, NFC, 1 to 64 octets.
///
/// Folding is Unicode full case folding because Postfix folds so: smtpd(8) asks for `strasse` where
/// the client wrote `Straße`, cleanup(8) asks for `Straße`; both must find the same entry.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Localpart(Box<str>);

/// Why a text is not a local part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LocalpartError {
    /// Nothing before the `@`.
    #[error("the local part is empty")]
    Empty,
    /// More than 64 octets (RFC 5321 §4.5.3.1.1).
    #[error("a local part has at most 64 octets")]
    TooLong,
    /// A control character, which no mail address may carry.
    #[error("a local part cannot contain control characters")]
    ControlCharacter,
    /// A quoted string that does not end, or ends early.
    #[error("the quotation marks of the local part do not match")]
    BadQuotes,
}

impl Localpart {
    /// The longest local part, in octets of its canonical form.
    pub const MAX_OCTETS: usize = 64;

    /// Reads the internal, unquoted form: what stands between the quotes of `"a b"@example.org`.
    ///
    /// # Errors
    /// Says which rule the text breaks. No such address can exist.
    pub fn from_internal(text: &str) -> Result<Self, LocalpartError> {
        if text.is_empty() {
            return Err(LocalpartError::Empty);
        }
        // Folding and composing change the length by less than this factor.
        if text.len() > 4 * Self::MAX_OCTETS {
            return Err(LocalpartError::TooLong);
        }
        if text.chars().any(char::is_control) {
            return Err(LocalpartError::ControlCharacter);
        }
        let canonical = fold(text);
        if canonical.len() > Self::MAX_OCTETS {
            return Err(LocalpartError::TooLong);
        }
        Ok(Self(canonical.into_boxed_str()))
    }

    /// `+`, at which VMailMgr keeps the user who gets mail for strangers.
    pub fn plus() -> Self {
        Self("+".into())
    }

    /// The canonical, unquoted form.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Splits at the first delimiter into the base and the extension with its delimiter, by the
    /// rules of Postfix (`split_addr.c`): never with an empty base, never `postmaster`,
    /// `mailer-daemon` and `double-bounce`, and where `-` delimits, never `owner-…` and
    /// `…-request`.
    pub fn split<'a>(&'a self, delimiters: &Delimiters) -> Option<(Localpart, &'a str)> {
        let at = split_at(&self.0, delimiters)?;
        let (base, extension) = self.0.split_at(at);
        Some((Localpart(base.into()), extension))
    }
}

/// Where Postfix would split a local part of any case.
pub(super) fn split_at(localpart: &str, delimiters: &Delimiters) -> Option<usize> {
    const NEVER: [&str; 3] = ["postmaster", "mailer-daemon", "double-bounce"];
    let at = localpart.find(|c| delimiters.contains(c)).filter(|at| *at > 0)?;
    if NEVER.iter().any(|name| localpart.eq_ignore_ascii_case(name)) {
        return None;
    }
    if delimiters.contains('-') {
        let lower = localpart.to_ascii_lowercase();
        let request = lower.strip_suffix("-request").is_some_and(|list| !list.is_empty());
        if request || lower.starts_with("owner-") {
            return None;
        }
    }
    Some(at)
}

/// Unicode full case folding, then NFC.
fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let normalizer = ComposingNormalizer::new_nfc();
    let composed = normalizer.normalize(text);
    let folded = CaseMapper::new().fold_string(&composed);
    normalizer.normalize(&folded).into_owned()
}

/// Writes a local part as RFC 5322 wants it outside: bare when it is a dot-atom, quoted otherwise.
pub(super) fn external(localpart: &str) -> Cow<'_, str> {
    let dot_atom = localpart.split('.').all(|atom| !atom.is_empty() && atom.chars().all(is_atext));
    if dot_atom {
        return Cow::Borrowed(localpart);
    }
    let mut quoted = String::with_capacity(localpart.len() + 2);
    quoted.push('"');
    for c in localpart.chars() {
        if matches!(c, '"' | '\\') {
            quoted.push('\\');
        }
        quoted.push(c);
    }
    quoted.push('"');
    Cow::Owned(quoted)
}

/// Reads either spelling: a complete quoted string is unquoted, anything else is taken as it is,
/// because Postfix asks for `"a b"@example.org` first and for `a b@example.org` next.
pub(super) fn internal(text: &str) -> Result<Cow<'_, str>, LocalpartError> {
    let Some(quoted) = text.strip_prefix('"') else { return Ok(Cow::Borrowed(text)) };
    let mut unquoted = String::with_capacity(quoted.len());
    let mut chars = quoted.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => unquoted.push(chars.next().ok_or(LocalpartError::BadQuotes)?),
            '"' if chars.as_str().is_empty() => return Ok(Cow::Owned(unquoted)),
            '"' => return Err(LocalpartError::BadQuotes),
            c => unquoted.push(c),
        }
    }
    Err(LocalpartError::BadQuotes)
}

/// `atext` of RFC 5322 §3.2.3, with the UTF-8 of RFC 6531.
fn is_atext(c: char) -> bool {
    c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c) || !c.is_ascii()
}

impl fmt::Display for Localpart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&external(&self.0))
    }
}

impl fmt::Debug for Localpart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Localpart({})", self.0)
    }
}

/// The characters at which an address extension starts: Postfix's `recipient_delimiter`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delimiters(Box<str>);

/// Why a text is not a set of delimiters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("recipient delimiters are printable ASCII characters other than letters, digits and `@`")]
pub struct DelimitersError;

impl Delimiters {
    /// Reads a set of characters; empty means that addresses have no extensions.
    ///
    /// # Errors
    /// A letter, a digit, `@`, a space or anything outside ASCII would split ordinary names.
    pub fn parse(text: &str) -> Result<Self, DelimitersError> {
        if text.chars().all(|c| c.is_ascii_punctuation() && c != '@') {
            Ok(Self(text.into()))
        } else {
            Err(DelimitersError)
        }
    }

    /// The characters, in the order they were given.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn contains(&self, c: char) -> bool {
        self.0.contains(c)
    }
}

impl Default for Delimiters {
    /// Postfix's usual choice, `+`.
    fn default() -> Self {
        Self("+".into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folding_is_postfix_folding() {
        let table = [
            ("Info", "info", "ASCII"),
            ("GRÜSSE", "grüsse", "umlaut"),
            ("Straße", "strasse", "full folding, as ICU does it for smtpd"),
            ("u\u{308}", "ü", "composed"),
            ("ΣΊΣΥΦΟΣ", "σίσυφοσ", "no final sigma in folding"),
        ];
        for (text, expected, why) in table {
            let folded = Localpart::from_internal(text).unwrap();
            assert_eq!(folded.as_str(), expected, "{why}");
            let again = Localpart::from_internal(folded.as_str()).unwrap();
            assert_eq!(again, folded, "{text}: folding twice changes nothing");
        }
    }

    #[test]
    fn quoting_is_undone_and_done_again() {
        let table = [
            ("\"a b\"", Ok("a b"), "\"a b\""),
            ("a b", Ok("a b"), "\"a b\""),
            ("\"a\\\"b\"", Ok("a\"b"), "\"a\\\"b\""),
            ("a\"b", Ok("a\"b"), "\"a\\\"b\""),
            ("\"a@b\"", Ok("a@b"), "\"a@b\""),
            (".dot.", Ok(".dot."), "\".dot.\""),
            ("\"plain\"", Ok("plain"), "plain"),
            ("o'neil#$%", Ok("o'neil#$%"), "o'neil#$%"),
            ("bøx", Ok("bøx"), "bøx"),
            ("\"open", Err(LocalpartError::BadQuotes), ""),
            ("\"a\"b\"", Err(LocalpartError::BadQuotes), ""),
            ("\"\\", Err(LocalpartError::BadQuotes), ""),
        ];
        for (text, expected, outside) in table {
            let got = internal(text);
            assert_eq!(got.as_deref(), expected.as_ref().map(|s| *s), "{text}");
            if let Ok(inside) = got {
                assert_eq!(external(&inside), outside, "{text}");
            }
        }
    }

    #[test]
    fn limits_are_in_octets() {
        assert!(Localpart::from_internal(&"a".repeat(64)).is_ok());
        let table = [
            (String::new(), LocalpartError::Empty),
            ("a".repeat(65), LocalpartError::TooLong),
            ("ü".repeat(33), LocalpartError::TooLong),
            ("a".repeat(10_000), LocalpartError::TooLong),
            ("a\u{0}b".into(), LocalpartError::ControlCharacter),
            ("a\u{85}b".into(), LocalpartError::ControlCharacter),
        ];
        for (text, expected) in table {
            assert_eq!(Localpart::from_internal(&text), Err(expected), "{text:?}");
        }
    }

    #[test]
    fn extensions_split_as_in_postfix() {
        let table = [
            ("user+ext", "+", Some(("user", "+ext")), "the usual case"),
            ("a+b+c", "+", Some(("a", "+b+c")), "first delimiter"),
            ("user+", "+", Some(("user", "+")), "empty extension"),
            ("+ext", "+", None, "empty base"),
            ("user", "+", None, "no delimiter"),
            ("user-ext", "+", None, "another delimiter"),
            ("user-ext+x", "+-", Some(("user", "-ext+x")), "a set of delimiters"),
            ("mailer-daemon", "-", None, "never split"),
            ("double-bounce", "-", None, "never split"),
            ("owner-list", "-", None, "list owner"),
            ("list-request", "-", None, "list request"),
            ("owner-list", "+", None, "no hyphen delimiter"),
            ("postmaster+x", "+", Some(("postmaster", "+x")), "only the bare name is special"),
            ("user+ext", "", None, "no extensions at all"),
        ];
        for (text, delimiters, expected, why) in table {
            let localpart = Localpart::from_internal(text).unwrap();
            let delimiters = Delimiters::parse(delimiters).unwrap();
            let got = localpart.split(&delimiters);
            let got = got.as_ref().map(|(base, extension)| (base.as_str(), *extension));
            assert_eq!(got, expected, "{text}: {why}");
        }
    }
}
