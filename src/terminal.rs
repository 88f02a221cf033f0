//! The only way to stdout and stderr: data to the one, words to the other.
//!
//! A reader that has seen enough, as `head` has, closes the pipe; that is its right and no failure.

use std::io::{self, ErrorKind, IsTerminal, Write};

use crate::exit::{Exit, Failure};

/// Writes data to stdout at once. A closed pipe is success.
///
/// # Errors
/// The data cannot be written, for example because a disk is full.
pub fn print(data: &str) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(data.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Failure::new(Exit::Temporary, format!("cannot write the output: {error}")))
        }
        _ => Ok(()),
    }
}

/// Writes words for people to stderr. If even that fails there is nobody to tell.
pub fn say(words: &str) {
    let mut stderr = io::stderr().lock();
    let _ = stderr.write_all(words.as_bytes()).and_then(|()| stderr.flush());
}

/// Says what failed and what to do about it.
pub fn say_failure(failure: &Failure) {
    say(&message(Kind::Error, &failure.message, failure.hint.as_deref(), colour()));
}

/// Says what is valid but unreasonable, and what to do about it.
pub fn say_warning(text: &str, hint: &str) {
    say(&format!("{}\n", message(Kind::Warning, text, Some(hint), colour())));
}

#[derive(Clone, Copy)]
enum Kind {
    Error,
    Warning,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Colour {
    Never,
    Yes,
}

/// Colour is for terminals, and for people who have not asked to be spared (no-color.org).
fn colour() -> Colour {
    let spared = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    if io::stderr().is_terminal() && !spared { Colour::Yes } else { Colour::Never }
}

fn message(kind: Kind, text: &str, hint: Option<&str>, colour: Colour) -> String {
    let (word, code) = match kind {
        Kind::Error => ("error", "1;31"),
        Kind::Warning => ("warning", "1;33"),
    };
    let paint = |code: &str, word: &str| match colour {
        Colour::Never => format!("{word}:"),
        Colour::Yes => format!("\x1b[{code}m{word}:\x1b[0m"),
    };
    let said = format!("{} {}\n", paint(code, word), text.trim_end());
    match hint {
        Some(hint) => format!("{said}\n{} {hint}\n", paint("1;36", "hint")),
        None => said,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_understood_without_colour() {
        let plain = message(Kind::Error, "no such table", Some("look again"), Colour::Never);
        assert_eq!(plain, "error: no such table\n\nhint: look again\n");
        let painted = message(Kind::Warning, "odd", None, Colour::Yes);
        assert_eq!(painted, "\x1b[1;33mwarning:\x1b[0m odd\n");
    }
}
