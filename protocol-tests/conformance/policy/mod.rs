//! What the policy service makes of real SMTP sessions: by `*.smtp` beside this file, when it is away, and when it is
//! asked by several servers at once.

mod daemons;
mod dialog;
mod failing;
mod house;
mod stolen;

use std::fmt::Write as _;

use crate::support::terms::runs_as_root;

use super::installation::Installation;
use dialog::{Dialog, dialogs};
use house::House;

/// How many dialogs are played at the same time, each with a Postfix of its own.
const AT_ONCE: usize = 3;

#[test]
fn sessions_go_as_they_are_written_on_this_machine() {
    if runs_as_root("sessions_go_as_they_are_written_on_this_machine") {
        sessions_go_as_they_are_written(&Installation::here());
    }
}

#[test]
fn sessions_go_as_they_are_written_on_debian_13() {
    let test = "sessions_go_as_they_are_written_on_debian_13";
    if let Some(installation) = Installation::debian_13(test).filter(|_| runs_as_root(test)) {
        sessions_go_as_they_are_written(&installation);
    }
}

fn sessions_go_as_they_are_written(installation: &Installation) {
    let dialogs = dialogs();
    let mut failures = String::new();
    for some in dialogs.chunks(AT_ONCE) {
        std::thread::scope(|scope| {
            let play = |dialog| scope.spawn(move || play(installation, dialog));
            let playing: Vec<_> = some.iter().map(play).collect();
            for one in playing {
                if let Err(failure) = one.join().unwrap() {
                    write!(failures, "\n{failure}").unwrap();
                }
            }
        });
    }
    assert!(failures.is_empty(), "{failures}");
}

fn play(installation: &Installation, dialog: &Dialog) -> Result<(), String> {
    let lines = |word| dialog.said(word).join("\n");
    let fixture = lines("fixture");
    let house = House::start(installation, &fixture, &lines("config"), &lines("main.cf"));
    dialog.play(&house)
}
