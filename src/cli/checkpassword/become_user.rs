//! Gives up every right but those of a user, and becomes a program.

use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::process::Command;

use rustix::process::{getegid, geteuid, getgid, getuid};

use crate::exit::{Exit, Failure};
use crate::handler::LoggedIn;

/// What is ours in the environment, and not for users: the URL of the database may hold a password.
const OURS: [&str; 2] = ["POSTCOTE_CONFIG", "POSTCOTE_DATABASE_URL"];

/// Becomes the program; returns only why not.
pub(super) fn run(user: &LoggedIn, program: &OsString, arguments: &[OsString]) -> Failure {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(&user.home);
    let variables = [
        ("USER", &*user.user),
        ("HOME", &*user.home),
        ("MAILDIR", &*user.mail),
        ("SHELL", "/bin/sh"),
    ];
    command.envs(variables);
    for name in OURS {
        command.env_remove(name);
    }
    let (uid, gid) = (getuid().as_raw(), getgid().as_raw());
    let is_whole = (uid, gid) == (geteuid().as_raw(), getegid().as_raw());
    if user.uid == 0 || user.gid == 0 {
        return failed(user, "it would run as root");
    }
    if uid == 0 && geteuid().is_root() {
        // The standard library gives up first the group, then all others, then the user, each for
        // good; and it changes the directory as the user.
        command.gid(user.gid).uid(user.uid);
    } else if !is_whole || (uid, gid) != (user.uid, user.gid) {
        let why = format!(
            "it belongs to uid {} and gid {}, and this process has uid {uid} and gid {gid}",
            user.uid, user.gid
        );
        return failed(user, &why).hint("run the server that calls this command as root");
    }
    let error = command.exec();
    // Whatever rights are left here, they do not suffice for more than this question.
    if let Err(error) = std::env::set_current_dir(&user.home) {
        let why = format!("its home `{}` cannot be entered: {error}", user.home);
        return failed(user, &why)
            .hint("`postcote orders list` shows homes that are still to be made");
    }
    let shown = program.to_string_lossy();
    let why = format!("`{shown}` cannot be run as uid {}: {error}", user.uid);
    failed(user, &why)
}

fn failed(user: &LoggedIn, why: &str) -> Failure {
    let message = format!("`{}` has logged in, but not got in: {why}", user.user);
    Failure::new(Exit::Temporary, message)
}
