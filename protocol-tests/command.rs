//! Runs the built command as a user would, and compares what it says with files.

use std::path::Path;
use std::process::{Command, Output};

/// The built `postcote`, untouched by the environment of whoever runs the tests.
pub(crate) fn postcote() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_postcote"));
    // libpq's own variables change which database is meant.
    for (name, _) in std::env::vars_os() {
        if name.as_encoded_bytes().starts_with(b"PG") {
            command.env_remove(name);
        }
    }
    for name in ["COLUMNS", "NO_COLOR", "POSTCOTE_CONFIG", "POSTCOTE_DATABASE_URL", "RUST_LOG"] {
        command.env_remove(name);
    }
    command
}

/// A program for administrators, which Debian keeps off an ordinary user's PATH.
pub(crate) fn administrative(program: &str) -> Command {
    let mut path = std::env::var_os("PATH").unwrap_or_default();
    path.push(":/usr/local/sbin:/usr/sbin:/sbin");
    let mut command = Command::new(program);
    command.env("PATH", path);
    command
}

/// A file of the repository.
pub(crate) fn file(path: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// What a command said, as text.
pub(crate) struct Said {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl From<Output> for Said {
    fn from(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).expect("commands speak UTF-8");
        Self {
            code: output.status.code(),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }
}

/// Runs a command to its end.
pub(crate) fn run(command: &mut Command) -> Said {
    command.output().expect("the command starts").into()
}

/// Holds a text against a file; `UPDATE=1` writes the file instead, for review as a diff. What
/// differs is returned, so that a test can show all of it.
pub(crate) fn differs(got: &str, path: &Path) -> Option<String> {
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(path, got).expect("the file can be written");
        return None;
    }
    let expected = std::fs::read_to_string(path).unwrap_or_default();
    (got != expected)
        .then(|| format!("{}\n--- expected\n{expected}\n--- got\n{got}\n---\n", path.display()))
}
