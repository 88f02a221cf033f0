//! What the compiler does not check: layers, completeness, and words that must not stand anywhere.
//! Every message names a place and says what to do.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use postcote::lookup::Table;
use postcote::telemetry::metrics;

/// Which module may use which. An arrow that is not here needs a paragraph in ARCHITECTURE.md.
const MAY_USE: &[(&str, &[&str])] = &[
    ("admin", &["config", "directory", "lookup", "mail", "password", "store", "telemetry"]),
    ("cache", &["config", "directory", "mail", "telemetry"]),
    (
        "cli",
        &[
            "admin",
            "config",
            "daemon",
            "demo",
            "directory",
            "disk",
            "exit",
            "handler",
            "lookup",
            "mail",
            "orders",
            "protocol",
            "server",
            "store",
            "telemetry",
            "terminal",
            "vmm",
        ],
    ),
    ("config", &["mail"]),
    (
        "daemon",
        &[
            "cache",
            "config",
            "directory",
            "disk",
            "handler",
            "journal",
            "login",
            "lookup",
            "mail",
            "orders",
            "policy",
            "protocol",
            "server",
            "store",
            "telemetry",
        ],
    ),
    ("demo", &["config", "daemon", "store"]),
    ("directory", &["mail"]),
    ("disk", &["mail"]),
    ("exit", &[]),
    (
        "handler",
        &[
            "config",
            "directory",
            "journal",
            "login",
            "lookup",
            "mail",
            "password",
            "policy",
            "protocol",
            "sasl",
            "telemetry",
        ],
    ),
    ("journal", &["mail", "store", "telemetry"]),
    ("lib", &[]),
    ("login", &["config", "directory", "lookup", "mail", "password", "sasl", "telemetry"]),
    ("lookup", &["directory", "mail"]),
    ("mail", &[]),
    ("main", &["cli"]),
    ("orders", &["config", "disk", "mail", "store", "telemetry"]),
    ("password", &["mail"]),
    ("policy", &["config", "directory", "journal", "lookup", "mail", "store", "telemetry"]),
    ("protocol", &[]),
    ("sasl", &["password"]),
    ("server", &["config", "handler", "protocol", "telemetry"]),
    ("store", &["config", "directory", "mail", "telemetry"]),
    ("telemetry", &["lookup", "mail"]),
    ("terminal", &["exit"]),
    ("vmm", &["admin", "config", "exit", "mail"]),
];

/// Arrows that exist although they should not, each with its reason.
const DEPARTURES: &[(&str, &str, &str)] = &[
    ("admin", "exit", "an error of a command knows the exit code that scripts see"),
    ("config", "lookup", "a tcp_table listener is configured with its table, checked at start"),
    ("demo", "lookup", "the tour asks each table by its name"),
    ("telemetry", "config", "the log takes its format and filter as they were configured"),
];

/// What the pure rooms must do without: they compile without a runtime and never look outside.
const PURE: &[(&str, &[&str])] = &[
    ("mail", IMPURE),
    ("password", IMPURE),
    ("protocol", IMPURE),
    ("sasl", IMPURE),
    ("directory", &["tokio", "std::fs", "std::io", "std::net", "std::process", "SystemTime"]),
    ("lookup", &["tokio", "std::fs", "std::io", "std::net", "std::process", "SystemTime"]),
];
const IMPURE: &[&str] = &[
    "tokio",
    "std::fs",
    "std::io",
    "std::net",
    "std::process",
    "SystemTime",
    "Instant",
    "async fn",
    "tracing",
];

/// The most lines of code a file of `src/` has, comments and tests not counted.
const MAX_CODE_LINES: usize = 400;

#[test]
fn every_arrow_between_modules_is_meant() {
    let mut used = BTreeSet::new();
    let mut problems = Vec::new();
    for file in files("src", "rs") {
        let module = module_of(&file);
        let Some((_, may)) = MAY_USE.iter().find(|(name, _)| *name == module) else {
            problems.push(format!("{}: module `{module}` is not in MAY_USE: add it", show(&file)));
            continue;
        };
        for (line, text) in code(&file) {
            for other in text.split("crate::").skip(1).map(word) {
                // A macro, or an item that stands in lib.rs itself.
                if other.is_empty() || other == module {
                    continue;
                }
                used.insert((module.clone(), other.to_owned()));
                let departs =
                    DEPARTURES.iter().any(|(from, to, _)| (*from, *to) == (&module, other));
                if !may.contains(&other) && !departs {
                    let allowed =
                        if may.is_empty() { "nothing".to_owned() } else { may.join(", ") };
                    problems.push(format!(
                        "{}:{line}: `{module}` may not use `{other}`, only {allowed}: return facts and \
                         let a module above both connect them, or draw the arrow in ARCHITECTURE.md \
                         and MAY_USE",
                        show(&file)
                    ));
                }
            }
        }
    }
    for (from, to, reason) in DEPARTURES {
        if !used.contains(&((*from).to_owned(), (*to).to_owned())) {
            problems.push(format!(
                "DEPARTURES: `{from}` no longer uses `{to}` ({reason}): remove the line"
            ));
        }
    }
    report(&problems);
}

#[test]
fn arrows_make_no_circle() {
    let arrows = |module: &str| -> Vec<&str> {
        let may = MAY_USE.iter().filter(|(from, _)| *from == module).flat_map(|(_, to)| *to);
        let departing = DEPARTURES.iter().filter(|(from, ..)| *from == module);
        may.chain(departing.map(|(_, to, _)| to)).copied().collect()
    };
    // `store` and `cache` may use `config`, which uses `lookup`; nothing leads back from there.
    let mut problems = Vec::new();
    for (start, _) in MAY_USE {
        let (mut seen, mut next) = (BTreeSet::new(), arrows(start));
        while let Some(module) = next.pop() {
            if seen.insert(module) {
                next.extend(arrows(module));
            }
        }
        if seen.contains(start) {
            problems.push(format!("MAY_USE: `{start}` leads back to itself: turn an arrow around"));
        }
    }
    report(&problems);
}

#[test]
fn pure_rooms_stay_pure() {
    let mut problems = Vec::new();
    for (module, impure) in PURE {
        for file in files(&format!("src/{module}"), "rs") {
            for (line, text) in code(&file) {
                for word in impure.iter().filter(|word| text.contains(**word)) {
                    problems.push(format!(
                        "{}:{line}: `{word}` in `{module}`, which is pure: hand the value in",
                        show(&file)
                    ));
                }
            }
        }
    }
    report(&problems);
}

#[test]
fn imports_show_their_arrows() {
    let grouped = ["use crate::", "{"].concat();
    let mut problems = Vec::new();
    for file in files("src", "rs") {
        for (line, _) in code(&file).iter().filter(|(_, text)| text.contains(&grouped)) {
            problems.push(format!("{}:{line}: one `use crate::…;` for each module", show(&file)));
        }
    }
    report(&problems);
}

#[test]
fn files_hold_one_idea() {
    let mut problems = Vec::new();
    for file in files("src", "rs") {
        let lines = code(&file).iter().filter(|(_, text)| !text.trim().is_empty()).count();
        if lines > MAX_CODE_LINES {
            problems.push(format!(
                "{}: {lines} lines of code, at most {MAX_CODE_LINES}: split it by idea",
                show(&file)
            ));
        }
    }
    report(&problems);
}

#[test]
fn every_table_has_its_dialog_example_and_line_in_the_readme() {
    let dialogs: String =
        files("protocol-tests/dialogs", "dialog").iter().map(|f| read(f)).collect();
    let asked = |table: Table| {
        let (request, header) = (format!("C: {table} "), format!("table: {table}\n"));
        dialogs.contains(&request) || dialogs.contains(&header)
    };
    let main_cf = read(&root().join("conf-examples/postfix/main.cf"));
    let readme = read(&root().join("README.md"));
    let mut problems = Vec::new();
    for table in Table::ALL {
        if !asked(table) {
            problems
                .push(format!("{table}: no dialog: add one to protocol-tests/dialogs/socketmap"));
        }
        if !names(&main_cf, table.as_str()) {
            problems
                .push(format!("{table}: not in conf-examples/postfix/main.cf: show how it is set"));
        }
        if !names(&readme, table.as_str()) {
            problems.push(format!("{table}: not in README.md: add it to the list of tables"));
        }
    }
    report(&problems);
}

#[test]
fn every_metric_is_documented() {
    let readme = read(&root().join("README.md"));
    let known = metrics::ALL.iter().map(|(name, ..)| *name).chain(["postcote_build_info"]);
    let known: BTreeSet<_> = known.collect();
    let mut problems = Vec::new();
    for name in &known {
        if !readme.contains(&format!("`{name}`")) {
            problems.push(format!("{name}: not in README.md: add it to the list of metrics"));
        }
    }
    for (name, _, help) in metrics::ALL {
        if !help.trim().ends_with('.') {
            problems.push(format!("{name}: its help is no sentence: see telemetry/metrics.rs"));
        }
    }
    for (line, text) in (1..).zip(readme.lines()) {
        for name in text.split('`').skip(1).step_by(2).filter(|name| name.starts_with("postcote_"))
        {
            let metric = name.split(['{', ' ']).next().unwrap();
            let role = ["postcote_reader", "postcote_admin"].contains(&metric);
            if !role && !known.contains(metric) {
                problems
                    .push(format!("README.md:{line}: there is no metric `{metric}`: correct it"));
            }
        }
    }
    report(&problems);
}

#[test]
fn dialogs_are_numbered_and_fixtures_used() {
    let mut dialogs = files("protocol-tests/dialogs", "dialog");
    dialogs.extend(files("protocol-tests/policy", "dialog"));
    let mut problems = Vec::new();
    let mut numbers = BTreeSet::new();
    for file in &dialogs {
        let name = file.file_stem().unwrap().to_str().unwrap();
        let folder = file.parent().unwrap();
        let (number, rest) = name.split_once('-').unwrap_or((name, ""));
        let lower = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if number.len() != 2 || number.parse::<u8>().is_err() || !rest.chars().all(lower) {
            problems.push(format!("{}: name it NN-what-it-shows.dialog", show(file)));
        }
        if !numbers.insert((folder.to_owned(), number.to_owned())) {
            problems.push(format!("{}: number {number} is taken: choose a free one", show(file)));
        }
    }
    for file in files("protocol-tests/fixtures", "toml") {
        let name = file.file_stem().unwrap().to_str().unwrap();
        let header = format!("fixture: {name}\n");
        if !dialogs.iter().any(|dialog| read(dialog).contains(&header)) {
            problems.push(format!("{}: no dialog uses it: remove it", show(&file)));
        }
    }
    report(&problems);
}

#[test]
fn no_word_is_left_that_only_its_writer_understands() {
    // In two halves, so that this file does not find itself.
    let words = [
        (["TO", "DO"], "do it, or write an issue"),
        (["FIX", "ME"], "fix it, or write an issue"),
        (["/wo", "rk/"], "a path of one machine helps nobody else"),
        (["/tmp", "/w/"], "a path of one machine helps nobody else"),
        (["../sha", "red"], "a path of one machine helps nobody else"),
    ];
    let mut problems = Vec::new();
    for file in all_files() {
        let Ok(text) = fs::read_to_string(&file) else { continue };
        for (line, content) in (1..).zip(text.lines()) {
            for (word, advice) in words.iter().map(|(halves, advice)| (halves.concat(), advice)) {
                if content.contains(&word) {
                    problems.push(format!("{}:{line}: `{word}`: {advice}", show(&file)));
                }
            }
        }
    }
    report(&problems);
}

fn report(problems: &[String]) {
    assert!(problems.is_empty(), "\n\n{}\n", problems.join("\n"));
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every file of the repository, without what is built.
fn all_files() -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(root()).unwrap().map(|entry| entry.unwrap().path()) {
        let name = entry.file_name().unwrap().to_str().unwrap();
        match entry.is_dir() {
            true if !["target", ".git"].contains(&name) => below(&entry, &mut found),
            false if name != ".git" => found.push(entry),
            _ => {}
        }
    }
    found
}

/// The files below a directory with an extension, sorted.
fn files(directory: &str, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    below(&root().join(directory), &mut found);
    found.retain(|file| file.extension().is_some_and(|e| e == extension));
    found.sort();
    assert!(!found.is_empty(), "no .{extension} files below {directory}");
    found
}

fn below(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.is_dir() { below(&entry, found) } else { found.push(entry) }
    }
}

fn read(file: &Path) -> String {
    fs::read_to_string(file).unwrap()
}

fn show(file: &Path) -> String {
    file.strip_prefix(root()).unwrap().display().to_string()
}

/// `cache` of `src/cache/shelf.rs`, `exit` of `src/exit.rs`.
fn module_of(file: &Path) -> String {
    let inside = file.strip_prefix(root().join("src")).unwrap();
    let first = inside.iter().next().unwrap().to_str().unwrap();
    first.trim_end_matches(".rs").to_owned()
}

/// The lines of a file that are code, with their numbers: neither comments nor tests.
fn code(file: &Path) -> Vec<(usize, String)> {
    let name = file.file_stem().unwrap();
    // The tour names everything; tests may use what they like.
    if name == "lib" || name == "tests" || name == "fixtures" {
        return Vec::new();
    }
    let text = read(file);
    let mut lines = Vec::new();
    let mut rest = (1..).zip(text.lines()).peekable();
    while let Some((number, line)) = rest.next() {
        let tests = rest.peek().is_some_and(|(_, next)| *next == "mod tests {");
        if line == "#[cfg(test)]" && tests {
            break;
        }
        if !line.trim_start().starts_with("//") {
            lines.push((number, line.to_owned()));
        }
    }
    lines
}

/// The word that a text begins with.
fn word(text: &str) -> &str {
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len());
    &text[..end]
}

/// Whether a name stands in a text by itself, not as a part of a longer one.
fn names(text: &str, name: &str) -> bool {
    let part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.match_indices(name)
        .any(|(at, _)| !text[..at].ends_with(part) && !text[at + name.len()..].starts_with(part))
}
