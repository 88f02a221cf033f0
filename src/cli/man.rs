//! `postcote man`: the manual, made from what `--help` says and from the example configuration.

use std::path::{Path, PathBuf};

use clap::{Command, CommandFactory as _};
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};

use crate::cli::Cli;
use crate::exit::{Exit, Failure};
use crate::terminal;

/// Every option with its meaning and default; a test holds it complete.
const EXAMPLE: &str = include_str!("../../conf-examples/postcote.toml");

/// Prints the manual page of postcote, or writes every page into a directory.
///
/// The pages are postcote(1), one for each command like postcote-admin-account-add(1), and
/// postcote.toml(5).
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  postcote man | man -l -
  postcote man /usr/local/share/man")]
pub(super) struct Manual {
    /// Where to write the pages to, below man1 and man5
    #[arg(value_name = "DIR")]
    directory: Option<PathBuf>,
}

impl Manual {
    pub(super) fn run(&self) -> Result<Exit, Failure> {
        let Some(directory) = &self.directory else {
            terminal::print(&rendered(&Man::new(Cli::command()))?)?;
            return Ok(Exit::Done);
        };
        let mut command = Cli::command().disable_help_subcommand(true);
        // Gives each command its whole name, postcote-admin-account-add.
        command.build();
        commands(command, &directory.join("man1"))?;
        write(&directory.join("man5"), "postcote.toml.5", &configuration(EXAMPLE))?;
        Ok(Exit::Done)
    }
}

/// Writes the pages of a command and of those below it.
fn commands(command: Command, directory: &Path) -> Result<(), Failure> {
    for below in command.get_subcommands().filter(|below| !below.is_hide_set()) {
        commands(below.clone(), directory)?;
    }
    let man = Man::new(command).manual("postcote");
    write(directory, &man.get_filename(), &rendered(&man)?)
}

fn rendered(man: &Man) -> Result<String, Failure> {
    let mut page = Vec::new();
    man.render(&mut page).map_err(|e| Failure::new(Exit::Unavailable, e.to_string()))?;
    let page = String::from_utf8_lossy(&page);
    // A list of many options is broken between them: an option with a hyphen more is another one,
    // and lines of one word cannot be adjusted.
    let page = page.replace("|\\fB", "|\\:\\fB");
    Ok(page.replacen("\n.SH NAME\n", "\n.ad l\n.nh\n.SH NAME\n", 1))
}

fn write(directory: &Path, name: &str, page: &str) -> Result<(), Failure> {
    let path = directory.join(name);
    std::fs::create_dir_all(directory)
        .and_then(|()| std::fs::write(&path, page))
        .map_err(|error| unwritable(&path, &error))
}

fn unwritable(path: &Path, error: &std::io::Error) -> Failure {
    let exit = match error.kind() {
        std::io::ErrorKind::PermissionDenied => Exit::Permission,
        _ => Exit::Unavailable,
    };
    Failure::new(exit, format!("cannot write `{}`: {error}", path.display()))
}

/// postcote.toml(5). In the example a comment with a space behind its `#` is prose about what
/// follows; `#key = value` is an option with its default.
fn configuration(example: &str) -> String {
    let mut page = Roff::new();
    page.control("TH", ["postcote.toml", "5", "", concat!("postcote ", env!("CARGO_PKG_VERSION"))]);
    page.control("SH", ["NAME"]);
    page.text([roman("postcote.toml - configuration of postcote(1)")]);
    page.control("SH", ["DESCRIPTION"]);
    let mut prose: Vec<&str> = Vec::new();
    for line in example.lines() {
        let line = line.trim_end();
        let told = line.strip_prefix("# ").or_else(|| (line == "#").then_some(""));
        if let Some(told) = told {
            prose.push(told);
        } else if let Some(header) = line.trim_start_matches('#').strip_prefix('[') {
            page.control("SH", [format!("[{header}").as_str()]);
            paragraphs(&mut page, &mut prose);
        } else if line.is_empty() {
            paragraphs(&mut page, &mut prose);
        } else {
            page.control("TP", []);
            page.text([bold(line.trim_start_matches('#'))]);
            paragraphs(&mut page, &mut prose);
        }
    }
    paragraphs(&mut page, &mut prose);
    page.control("SH", ["SEE ALSO"]);
    page.text([bold("postcote"), roman("(1), "), bold("postcote-config-check"), roman("(1)")]);
    page.render()
}

fn paragraphs(page: &mut Roff, prose: &mut Vec<&str>) {
    for line in prose.drain(..) {
        if line.is_empty() {
            page.control("PP", []);
        } else {
            page.text([roman(line)]);
        }
    }
}
