//! A part of the way is exchanged for a symbolic link between any two steps, and what the link
//! leads to stays as it is.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use postcote::disk::{
    Base, DiskError, Move, Owner, Skeleton, Step, Unwatched, Watch, create, delete, delete_domain,
    relocate,
};
use postcote::mail::{FolderName, Gid, MailboxFormat, Uid};
use rustix::fs::{CWD, RenameFlags, renameat_with};

use super::namespace::Namespace;
use super::site::{directory, photograph, used_home};
use crate::command::run;
use crate::support::scratch::Scratch;
use crate::support::terms::runs_as_root;

const OLD: &str = "x/70000";
const NEW: &str = "y/70001";

/// Everything that could be exchanged, below the base directory.
const TARGETS: &[&str] = &[
    "",
    "x",
    "x/70000",
    "x/70000/70000",
    "x/70000/70000/Maildir",
    "x/70000/70000/Maildir/cur",
    "x/70000/70000/Maildir/cur/1.a:2,S",
    "x/70000/70000/Maildir/new",
    "x/70000/70000/Maildir/new/3.a",
    "x/70000/.70000.new",
    "x/70000/.70000.new/Maildir",
    "x/70000/.70000.trash",
    "x/70000/.70000.trash/Maildir",
    "x/70000/.70000.old",
    "x/.70000.new",
    "x/.70000.trash",
    "y",
    "y/70001",
    "y/70001/70000",
    "y/70001/.70000.new",
    "y/70001/.70000.new/Maildir",
    "y/70001/.70000.new/Maildir/new",
    "y/.70001.new",
];

type Operation = fn(&Path, &dyn Watch) -> Result<(), DiskError>;

fn owner(gid: u32) -> Owner {
    Owner::new(Uid(70000), Gid(gid)).unwrap()
}

fn make(base: &Path, watch: &dyn Watch) -> Result<(), DiskError> {
    let folders = [FolderName::parse("Sent").unwrap()];
    let (format, root) = (MailboxFormat::Maildir, Path::new("Maildir"));
    let skeleton = Skeleton { format, root, folders: &folders, subscribe: true };
    create(&Base::new(base), &base.join(OLD).join("70000"), owner(70000), &skeleton, watch)
}

fn remove(base: &Path, watch: &dyn Watch) -> Result<(), DiskError> {
    let home = base.join(OLD).join("70000");
    delete(&Base::new(base), &home, owner(70000), watch).map(drop)
}

fn remove_domain(base: &Path, watch: &dyn Watch) -> Result<(), DiskError> {
    delete_domain(&Base::new(base), &base.join(OLD), Gid(70000), watch).map(drop)
}

fn take_along(base: &Path, watch: &dyn Watch) -> Result<(), DiskError> {
    let (from, to) = (base.join(OLD).join("70000"), base.join(NEW).join("70000"));
    let order = Move { from: &from, to: &to, owner: owner(70001), old_gid: Gid(70000) };
    relocate(&Base::new(base), order, watch).map(drop)
}

/// Exchanges a path before one of the steps.
struct Intruder {
    step: AtomicUsize,
    at: usize,
    target: PathBuf,
    victim: PathBuf,
}

impl Watch for Intruder {
    fn before(&self, _: Step) -> Result<(), DiskError> {
        if self.step.fetch_add(1, Ordering::Relaxed) == self.at {
            let away = self.target.with_file_name("away");
            // What is not there yet is taken before it can be made.
            let _ = fs::rename(&self.target, &away);
            let _ = symlink(&self.victim, &self.target);
        }
        Ok(())
    }
}

/// The homes as an order finds them; with `home` there is one already. `y` may be a mount point.
fn build(base: &Path, home: bool) {
    directory(base, 0o711, 0, 0);
    for name in fs::read_dir(base).unwrap().map(|entry| entry.unwrap().path()) {
        if fs::remove_dir_all(&name).is_err() {
            for inner in fs::read_dir(&name).unwrap() {
                let inner = inner.unwrap().path();
                let _ = fs::remove_dir_all(&inner).or_else(|_| fs::remove_file(&inner));
            }
        }
    }
    directory(&base.join("x"), 0o711, 0, 0);
    directory(&base.join("y"), 0o711, 0, 0);
    directory(&base.join(OLD), 0o750, 0, 70000);
    if home {
        used_home(&base.join(OLD).join("70000"), 70000, 70000);
    }
}

/// What stands where the links lead to.
fn victims(scratch: &Path) -> PathBuf {
    let victims = scratch.join("victims");
    // The same names and owners as what is exchanged, so that whoever follows finds prey.
    build(&victims, true);
    directory(&victims.join(NEW), 0o750, 0, 70001);
    for name in [".70000.new", ".70000.trash", ".70000.old"] {
        used_home(&victims.join(OLD).join(name), 70000, 70000);
    }
    used_home(&victims.join(NEW).join(".70000.new"), 70000, 70001);
    used_home(&victims.join(NEW).join("70000"), 70000, 70001);
    for name in ["x/.70000.new", "x/.70000.trash", "y/.70001.new"] {
        directory(&victims.join(name), 0o750, 0, 70000);
    }
    fs::write(victims.join(OLD).join("70000/Maildir/new/3.a"), "secret").unwrap();
    victims
}

/// Plays an operation once for each target and each step, until it has no such step.
fn play(scratch: &Path, what: &str, operation: Operation, home: bool) {
    let base = scratch.join("mail");
    let victims = victims(scratch);
    let before = photograph(&victims);
    let mut played = 0;
    for target in TARGETS {
        for at in 0.. {
            build(&base, home);
            let intruder = Intruder {
                step: AtomicUsize::new(0),
                at,
                target: if target.is_empty() { base.clone() } else { base.join(target) },
                victim: victims.join(target),
            };
            let outcome = operation(&base, &intruder);
            let what = format!("{what}, `{target}` exchanged at step {at}: {outcome:?}");
            assert_eq!(photograph(&victims), before, "{what}");
            let everything = photograph(&scratch.join("mail")) + &photograph(&scratch.join("away"));
            assert!(!everything.contains("secret"), "{what}: a secret was copied");
            played += 1;
            clean(scratch);
            if intruder.step.into_inner() <= at {
                // No step was left to interfere with, so nothing was in the way.
                assert!(outcome.is_ok(), "{what}");
                break;
            }
        }
    }
    assert!(played > 4 * TARGETS.len(), "{what} has few steps");
}

/// Puts the base directory back if it was what was exchanged.
fn clean(scratch: &Path) {
    let (base, away) = (scratch.join("mail"), scratch.join("away"));
    if fs::symlink_metadata(&base).is_ok_and(|metadata| metadata.is_symlink()) {
        fs::remove_file(&base).unwrap();
        fs::rename(&away, &base).unwrap();
    }
}

#[test]
fn nothing_is_led_astray() {
    if !runs_as_root("nothing_is_led_astray") {
        return;
    }
    let table: [(&str, Operation, bool); 5] = [
        ("create", make, false),
        ("create in a home", make, true),
        ("delete", remove, true),
        ("delete-domain", remove_domain, true),
        ("move", take_along, true),
    ];
    for (what, operation, home) in table {
        let scratch = Scratch::new();
        play(scratch.path(), what, operation, home);
    }
}

/// What is exchanged without a pause, so between check and use, too.
const RESTLESS: &[&str] = &["x", "x/70000", "x/70000/70000", "x/70000/70000/Maildir", "y/70001"];

#[test]
fn whoever_exchanges_all_the_time_leads_nobody_astray() {
    if !runs_as_root("whoever_exchanges_all_the_time_leads_nobody_astray") {
        return;
    }
    let operations: [Operation; 4] = [make, remove, remove_domain, take_along];
    let scratch = Scratch::new();
    let (base, victims) = (scratch.join("mail"), victims(scratch.path()));
    let before = photograph(&victims);
    let (mut done, mut refused) = (0, 0);
    for target in RESTLESS {
        for (number, operation) in operations.iter().enumerate() {
            for _ in 0..20 {
                build(&base, true);
                directory(&base.join(NEW), 0o750, 0, 70001);
                symlink(victims.join(target), base.join("link")).unwrap();
                let outcome = while_exchanging(&base.join("link"), &base.join(target), || {
                    operation(&base, &Unwatched)
                });
                *(if outcome.is_ok() { &mut done } else { &mut refused }) += 1;
                let what = format!("operation {number}, `{target}`: {outcome:?}");
                assert_eq!(photograph(&victims), before, "{what}");
            }
        }
    }
    assert!(done > 0 && refused > 0, "{done} done, {refused} refused: there was no race");
}

/// Exchanges two paths again and again until something is done.
fn while_exchanging<T>(one: &Path, other: &Path, something: impl FnOnce() -> T) -> T {
    let (rounds, over) = (AtomicUsize::new(0), AtomicBool::new(false));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                let _ = renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE);
                rounds.fetch_add(1, Ordering::Relaxed);
            }
        });
        while rounds.load(Ordering::Relaxed) == 0 {
            std::thread::yield_now();
        }
        let outcome = something();
        over.store(true, Ordering::Relaxed);
        outcome
    })
}

#[test]
fn a_copy_is_not_led_astray() {
    if !runs_as_root("a_copy_is_not_led_astray") {
        return;
    }
    let scratch = Scratch::new();
    let namespace = Namespace::with_tmpfs(&scratch.join("mail/y"));
    let mut child: Command = namespace.command(std::env::current_exe().unwrap());
    child.args(["--exact", "orders::race::inside", "--nocapture"]);
    let said = run(child.env("POSTCOTE_TEST_RACE", scratch.path()));
    assert_eq!(said.code, Some(0), "{}{}", said.stdout, said.stderr);
}

/// What `a_copy_is_not_led_astray` runs where `y` is another file system; nothing by itself.
#[test]
fn inside() {
    if let Some(scratch) = std::env::var_os("POSTCOTE_TEST_RACE") {
        play(Path::new(&scratch), "copy", take_along, true);
    }
}
