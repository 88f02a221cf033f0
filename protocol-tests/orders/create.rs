//! Homes are made with exact modes and owners, once.

use std::fs;
use std::os::unix::fs::symlink;

use super::site::{Site, directory, file, told};
use crate::support::terms::runs_as_root;

const FOLDERS: &str = r#"folders = ["Gelöschte Objekte", "Lists.Dovecot", "R&D"]"#;

/// Everything that one account in one domain has on the disk.
const TREE: &str = "\
d0711:0:0 .
d0711:0:0 ?
d0750:0:70000 ?/70000
d0700:70000:70000 ?/70000/70000
d0700:70000:70000 ?/70000/70000/Maildir
d0700:70000:70000 ?/70000/70000/Maildir/.Gel&APY-schte Objekte
d0700:70000:70000 ?/70000/70000/Maildir/.Gel&APY-schte Objekte/cur
f0600:70000:70000 ?/70000/70000/Maildir/.Gel&APY-schte Objekte/maildirfolder
d0700:70000:70000 ?/70000/70000/Maildir/.Gel&APY-schte Objekte/new
d0700:70000:70000 ?/70000/70000/Maildir/.Gel&APY-schte Objekte/tmp
d0700:70000:70000 ?/70000/70000/Maildir/.Lists.Dovecot
d0700:70000:70000 ?/70000/70000/Maildir/.Lists.Dovecot/cur
f0600:70000:70000 ?/70000/70000/Maildir/.Lists.Dovecot/maildirfolder
d0700:70000:70000 ?/70000/70000/Maildir/.Lists.Dovecot/new
d0700:70000:70000 ?/70000/70000/Maildir/.Lists.Dovecot/tmp
d0700:70000:70000 ?/70000/70000/Maildir/.R&-D
d0700:70000:70000 ?/70000/70000/Maildir/.R&-D/cur
f0600:70000:70000 ?/70000/70000/Maildir/.R&-D/maildirfolder
d0700:70000:70000 ?/70000/70000/Maildir/.R&-D/new
d0700:70000:70000 ?/70000/70000/Maildir/.R&-D/tmp
d0700:70000:70000 ?/70000/70000/Maildir/cur
d0700:70000:70000 ?/70000/70000/Maildir/new
f0600:70000:70000 ?/70000/70000/Maildir/subscriptions
d0700:70000:70000 ?/70000/70000/Maildir/tmp
";

#[tokio::test]
async fn modes_and_owners_are_exact() {
    if !runs_as_root("modes_and_owners_are_exact") {
        return;
    }
    let site = Site::with_account(FOLDERS);
    // Whatever the umask of whoever runs this is.
    let old = rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
    let ran = site.work().await;
    rustix::process::umask(old);
    assert_eq!(told(&ran), ["create done"]);
    assert_eq!(site.tree(), TREE);
    let subscriptions = site.home(70000).await.join("Maildir/subscriptions");
    assert_eq!(
        fs::read_to_string(subscriptions).unwrap(),
        "Gel&APY-schte Objekte\nLists.Dovecot\nR&-D\n"
    );
    assert_eq!(told(&site.work().await), [""; 0], "nothing is left to do");
}

#[tokio::test]
async fn without_folders_there_is_an_inbox_only() {
    if !runs_as_root("without_folders_there_is_an_inbox_only") {
        return;
    }
    let site = Site::with_account("folders = []\nmailbox-root = 'mail/box'");
    site.work_well().await;
    let kept = |line: &&str| !line.contains(".Gel") && !line.contains(".Lists");
    let expected: Vec<_> = TREE
        .lines()
        .filter(kept)
        .filter(|line| !line.contains(".R&") && !line.contains("subscriptions"))
        .map(|line| line.replace("/Maildir", "/mail/box"))
        .collect();
    let mut expected = expected.join("\n");
    expected = expected.replacen(
        "?/70000/70000/mail/box\n",
        "?/70000/70000/mail\nd0700:70000:70000 ?/70000/70000/mail/box\n",
        1,
    );
    assert_eq!(site.tree().trim_end(), expected);
}

#[tokio::test]
async fn a_home_that_is_there_gets_what_it_lacks() {
    if !runs_as_root("a_home_that_is_there_gets_what_it_lacks") {
        return;
    }
    let site = Site::with_account(FOLDERS);
    let home = site.home(70000).await;
    // As Dovecot makes it when mail comes before the order is carried out.
    directory(&site.base(), 0o711, 0, 0);
    directory(home.parent().unwrap().parent().unwrap(), 0o711, 0, 0);
    directory(home.parent().unwrap(), 0o750, 0, 70000);
    directory(&home, 0o700, 70000, 70000);
    for name in ["Maildir", "Maildir/cur", "Maildir/new", "Maildir/tmp", "Maildir/.R&-D"] {
        directory(&home.join(name), 0o700, 70000, 70000);
    }
    file(&home.join("Maildir/subscriptions"), "R&-D\n", 70000, 70000);
    file(&home.join("Maildir/new/1.a"), "Subject: first\n\n", 70000, 70000);
    assert_eq!(told(&site.work().await), ["create done"]);
    fs::remove_file(home.join("Maildir/new/1.a")).unwrap();
    assert_eq!(fs::read_to_string(home.join("Maildir/subscriptions")).unwrap(), "R&-D\n");
    assert_eq!(site.tree(), TREE);
}

/// (what stands in the way, where: a part of the home's path, what is said)
const OBSTACLES: &[(&str, usize, &str)] = &[
    ("symlink", 0, "is a symbolic link"),
    ("symlink", 1, "is a symbolic link"),
    ("symlink", 2, "is a symbolic link"),
    ("symlink", 3, "is a symbolic link"),
    ("file", 1, "is no directory"),
    ("file", 3, "is no directory"),
    ("other uid", 1, "belongs to uid 70001"),
    ("other uid", 2, "belongs to uid 70001"),
    ("other uid", 3, "belongs to 70001:70000, not to 70000:70000"),
    ("other gid", 2, "has group 70001"),
    ("other gid", 3, "belongs to 70000:70001, not to 70000:70000"),
];

#[tokio::test]
async fn what_stands_in_the_way_is_left_alone() {
    if !runs_as_root("what_stands_in_the_way_is_left_alone") {
        return;
    }
    for (obstacle, depth, expected) in OBSTACLES {
        let site = Site::with_account("");
        let home = site.home(70000).await;
        let mut ways: Vec<_> = home.ancestors().take(4).collect();
        ways.reverse();
        // The owners and modes that the directories would have.
        let owners = [(0, 0, 0o711), (0, 0, 0o711), (0, 70000, 0o750), (70000, 70000, 0o700)];
        for (way, (uid, gid, mode)) in ways.iter().zip(owners).take(*depth) {
            directory(way, mode, uid, gid);
        }
        let (at, (uid, gid, mode)) = (ways[*depth], owners[*depth]);
        let elsewhere = site.scratch.join("elsewhere");
        directory(&elsewhere, 0o700, 70000, 70000);
        match *obstacle {
            "symlink" => symlink(&elsewhere, at).unwrap(),
            "file" => file(at, "", uid, gid),
            "other uid" => directory(at, mode, 70001, gid),
            _ => directory(at, mode, uid, 70001),
        }
        let before = (site.tree(), super::site::listing(&elsewhere));
        let ran = told(&site.work().await);
        let fits =
            ran.len() == 1 && ran[0].starts_with("create failed:") && ran[0].contains(expected);
        assert!(fits, "{obstacle} at {depth}: expected {expected}, got {ran:?}");
        assert_eq!(
            (site.tree(), super::site::listing(&elsewhere)),
            before,
            "{obstacle} at {depth}"
        );
    }
}

#[tokio::test]
async fn an_account_that_is_gone_gets_no_home() {
    if !runs_as_root("an_account_that_is_gone_gets_no_home") {
        return;
    }
    let site = Site::with_account("");
    site.sql("DELETE FROM postcote.account").await;
    assert_eq!(told(&site.work().await), ["create done: the account is gone"]);
    assert_eq!(site.tree(), "");
}
