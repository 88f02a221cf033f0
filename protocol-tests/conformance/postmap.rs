//! `postmap -q`: the shortest way to ask what Postfix understands of an answer.

use std::ffi::OsStr;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use crate::support::scratch::Scratch;

use super::installation::Installation;
use super::postfix::write_settled;

/// What Postfix made of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PostmapAnswer {
    /// The value, as printed.
    Found(String),
    /// The key is not in the table.
    NotFound,
    /// The lookup failed; holds what Postfix said.
    Failed(String),
}

/// Runs `postmap` with a configuration of its own, so that the machine's main.cf does not matter.
#[derive(Debug)]
pub(crate) struct Postmap<'a> {
    installation: &'a Installation,
    scratch: &'a Scratch,
    program: PathBuf,
}

impl<'a> Postmap<'a> {
    /// Prepares asking; sockets in `scratch` can be reached.
    pub(crate) fn new(installation: &'a Installation, scratch: &'a Scratch) -> Self {
        let configuration = scratch.join("postmap");
        std::fs::create_dir_all(&configuration).unwrap();
        write_settled(&configuration.join("main.cf"), "compatibility_level = 3.6\n");
        Self { installation, scratch, program: installation.program("postmap") }
    }

    /// Asks `table`, such as `socketmap:unix:/run/socket:transport_maps`, for one key other than `-`.
    pub(crate) fn ask(&self, table: &str, key: impl AsRef<OsStr>) -> PostmapAnswer {
        let output = self.command(key.as_ref(), table).output().unwrap();
        match (output.status.code(), failure(&output)) {
            (Some(0), None) => {
                let mut value = String::from_utf8(output.stdout).unwrap();
                assert_eq!(value.pop(), Some('\n'), "postmap ends a value with a newline");
                PostmapAnswer::Found(value)
            }
            // 1 says both "not found" and "failed", so what it said has to tell them apart.
            (Some(1), None) => PostmapAnswer::NotFound,
            (_, Some(said)) => PostmapAnswer::Failed(said),
            (code, None) => panic!("postmap ended with {code:?} and said {output:?}"),
        }
    }

    /// Asks for many keys without newlines, in one process and so over one connection.
    ///
    /// Gives the found ones with their values.
    ///
    /// # Errors
    ///
    /// What Postfix said when a lookup failed; it asks no further key then.
    pub(crate) fn ask_all<'k>(
        &self,
        table: &str,
        keys: impl IntoIterator<Item = &'k [u8]>,
    ) -> Result<Vec<(Vec<u8>, String)>, String> {
        let mut command = self.command("-".as_ref(), table);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let lines = keys.into_iter().flat_map(|key| [key, b"\n"]).collect::<Vec<_>>().concat();
        // Beside reading: with both pipes full, neither side would go on.
        let writer = std::thread::spawn(move || {
            // A postmap that gives up closes its end early.
            let _ = stdin.write_all(&lines);
        });
        let output = child.wait_with_output().unwrap();
        writer.join().unwrap();
        if let Some(said) = failure(&output) {
            return Err(said);
        }
        let lines = output.stdout.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        let pairs = lines.map(|line| {
            let tab = line.iter().position(|byte| *byte == b'\t').unwrap();
            (line[..tab].to_owned(), String::from_utf8(line[tab + 1..].to_owned()).unwrap())
        });
        Ok(pairs.collect())
    }

    fn command(&self, key: &OsStr, table: &str) -> Command {
        let mut command = self.installation.command(self.scratch, &self.program);
        command.arg("-c").arg(self.scratch.join("postmap")).arg("-q").arg(key).arg(table);
        command
    }
}

fn failure(output: &Output) -> Option<String> {
    let said = String::from_utf8_lossy(&output.stderr);
    said.contains("fatal:").then(|| said.trim_end().to_owned())
}
