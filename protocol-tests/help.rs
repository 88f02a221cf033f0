//! What `--help` says is part of the product: every change of it shows up in review.

use std::collections::BTreeSet;

use crate::command::{differs, file, postcote, run};

#[test]
fn help_is_as_reviewed() {
    let mut wrong = Vec::new();
    let mut written = BTreeSet::new();
    let mut open = vec![Vec::new()];
    while let Some(command) = open.pop() {
        let said = run(postcote().args(&command).arg("--help"));
        assert_eq!(said.code, Some(0), "{command:?}: {}", said.stderr);
        assert!(said.stderr.is_empty(), "{command:?}: {}", said.stderr);
        let name =
            format!("{}.txt", [vec!["postcote".to_owned()], command.clone()].concat().join("-"));
        let path = file("protocol-tests/help").join(&name);
        // Blank lines come with spaces, which editors and reviewers trip over.
        let lines = said.stdout.lines().map(str::trim_end).collect::<Vec<_>>().join("\n");
        wrong.extend(differs(&format!("{lines}\n"), &path));
        written.insert(name);
        open.extend(subcommands(&said.stdout).map(|sub| [command.clone(), vec![sub]].concat()));
    }
    for entry in std::fs::read_dir(file("protocol-tests/help")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if !written.contains(&name) {
            wrong.push(format!("protocol-tests/help/{name} belongs to no command"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The commands that a help text lists.
fn subcommands(help: &str) -> impl Iterator<Item = String> {
    let list = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let names = list.take_while(|line| !line.is_empty()).filter_map(|line| {
        // Names are indented by two; what follows a long name is indented further.
        let name = line.strip_prefix("  ")?;
        (!name.starts_with(' ')).then(|| name.split(' ').next().unwrap_or_default().to_owned())
    });
    names.filter(|name| name != "help")
}
