//! How vmm put things on a screen.

use std::fmt::Write as _;

/// Underlined, as every title was.
pub(super) fn title(text: &str) -> String {
    format!("{text}\n{}\n", "-".repeat(text.chars().count()))
}

/// A title and its lines, with a blank line behind; without any, the word that says so.
pub(super) fn list(heading: &str, lines: &[String]) -> String {
    let mut text = title(heading);
    for line in lines {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "\t{line}");
    }
    if lines.is_empty() {
        text.push_str("\tNone\n");
    }
    text.push('\n');
    text
}

/// Facts of one thing, their labels filled up with dots, and the note, if there is one.
pub(super) fn sheet(heading: &str, facts: &[(&str, String)], note: Option<&str>) -> String {
    let mut text = title(heading);
    for (label, value) in facts {
        let _ = writeln!(text, "\t{label:.<17}: {value}");
    }
    text.push('\n');
    if let Some(note) = note.filter(|note| !note.is_empty()) {
        text.push_str(&title("Note"));
        for line in note.lines() {
            text.push_str(&wrapped(line));
        }
        text.push('\n');
    }
    text
}

/// Words in lines of a screen's width, indented.
pub(super) fn wrapped(text: &str) -> String {
    const WIDTH: usize = 70;
    let mut lines: Vec<String> = vec![String::new()];
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) if line.chars().count() + word.chars().count() < WIDTH => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    format!("\t{}\n", lines.join("\n\t"))
}

/// Bytes for people: as they are below 1024, then with two decimals.
pub(super) fn human_size(bytes: u64) -> String {
    let units = [(40, "TiB"), (30, "GiB"), (20, "MiB"), (10, "KiB")];
    match units.into_iter().find(|(shift, _)| bytes >> shift > 0) {
        None => bytes.to_string(),
        Some((shift, unit)) => {
            // Rounded to hundredths without floating point, which would not know every byte.
            let hundredths = ((u128::from(bytes) * 100) + (1 << (shift - 1))) >> shift;
            format!("{} {unit}", decimal(hundredths))
        }
    }
}

/// A number with commas, as in `10,000`.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Hundredths with their point.
fn decimal(hundredths: u128) -> String {
    let whole = u64::try_from(hundredths / 100).unwrap_or(u64::MAX);
    format!("{}.{:02}", grouped(whole), hundredths % 100)
}

/// What is used of a limit: `[ 11.72%] 120/1.00 KiB`; without a limit, `0.00%` of `0`.
pub(super) fn usage(used: u64, limit: u64, shown: fn(u64) -> String) -> String {
    let hundredths =
        (u128::from(used) * 20_000 + u128::from(limit)) / (2 * u128::from(limit.max(1)));
    let hundredths = if limit == 0 { 0 } else { hundredths };
    let percent = decimal(hundredths);
    format!("[{percent:>6}%] {}/{}", shown(used), shown(limit))
}

/// A domain in A-labels, and as people read it if that differs.
pub(super) fn domain(name: &str, unicode: &str) -> String {
    if name == unicode { name.to_owned() } else { format!("{name} ({unicode})") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_shares_are_as_vmm_wrote_them() {
        let table = [
            (0, "0"),
            (1023, "1023"),
            (1024, "1.00 KiB"),
            (1536, "1.50 KiB"),
            (500 << 20, "500.00 MiB"),
            (2 << 30, "2.00 GiB"),
            (5000 << 40, "5,000.00 TiB"),
        ];
        for (bytes, expected) in table {
            assert_eq!(human_size(bytes), expected);
        }
        assert_eq!(usage(120, 1024, human_size), "[ 11.72%] 120/1.00 KiB");
        assert_eq!(usage(120, 0, human_size), "[  0.00%] 120/0");
        assert_eq!(usage(3072, 1024, human_size), "[300.00%] 3.00 KiB/1.00 KiB");
        assert_eq!(usage(7, 10_000, grouped), "[  0.07%] 7/10,000");
    }

    #[test]
    fn sheets_and_lists_have_tabs_and_dots() {
        let facts = [("GID", "70000".to_owned()), ("Catch-All Dests", "0".to_owned())];
        assert_eq!(
            sheet("Domain information", &facts, Some("one\n\ntwo")),
            "Domain information\n------------------\n\tGID..............: 70000\n\
             \tCatch-All Dests..: 0\n\nNote\n----\n\tone\n\t\n\ttwo\n\n"
        );
        assert_eq!(list("Existing domains", &[]), "Existing domains\n----------------\n\tNone\n\n");
        assert_eq!(wrapped(&"ab ".repeat(30)).lines().count(), 2);
    }
}
