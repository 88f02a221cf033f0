//! Deleting refuses whatever it is not sure about, and removes the rest whole.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::{chown, symlink};
use std::path::{Path, PathBuf};

use postcote::disk::{Base, Deleted, DiskError, Owner, Unwatched, delete, delete_domain};
use postcote::mail::{Gid, Uid};

use super::namespace::Namespace;
use super::site::{Site, directory, listing, told, used_home};
use crate::support::scratch::Scratch;
use crate::support::terms::runs_as_root;

const HOME: &str = "x/70000/70000";

/// Homes of two accounts in a domain, below `mail`.
fn homes() -> (Scratch, PathBuf) {
    let scratch = Scratch::new();
    let base = scratch.join("mail");
    directory(&base, 0o711, 0, 0);
    directory(&base.join("x"), 0o711, 0, 0);
    directory(&base.join("x/70000"), 0o750, 0, 70000);
    used_home(&base.join(HOME), 70000, 70000);
    used_home(&base.join("x/70000/70001"), 70001, 70000);
    (scratch, base)
}

fn try_delete(base: &Path, home: &Path) -> Result<Deleted, DiskError> {
    let owner = Owner::new(Uid(70000), Gid(70000))?;
    delete(&Base::new(base), home, owner, &Unwatched)
}

/// Replaces a path by a symbolic link to where it is afterwards.
fn exchange(path: &Path) {
    let away = path.with_extension("away");
    fs::rename(path, &away).unwrap();
    symlink(&away, path).unwrap();
}

type Spoil = fn(&Path);

/// (what is wrong, how it came about, the home that is to be deleted, what is said)
const REFUSALS: &[(&str, Spoil, &str, &str)] = &[
    ("elsewhere", |_| (), "/etc/postcote", "is not below the base directory"),
    ("the base", |_| (), "BASE", "is not below the base directory"),
    ("its neighbour", |_| (), "BASE2/x/70000/70000", "is not below the base directory"),
    ("above it", |_| (), "BASE/../mail/x/70000/70000", "is not below the base directory"),
    ("dots inside", |_| (), "BASE/x/70000/../70000/70000", "is not below the base directory"),
    ("base a link", |base| exchange(base), "", "is a symbolic link"),
    ("hash a link", |base| exchange(&base.join("x")), "", "is a symbolic link"),
    ("domain a link", |base| exchange(&base.join("x/70000")), "", "is a symbolic link"),
    ("home a link", |base| exchange(&base.join(HOME)), "", "is a symbolic link"),
    ("another's", |_| (), "BASE/x/70000/70001", "belongs to 70001:70000, not to 70000:70000"),
    ("root's", |_| (), "BASE/x/70000", "belongs to 0:70000, not to 70000:70000"),
    (
        "of another group",
        |base| chown(base.join(HOME), None, Some(70007)).unwrap(),
        "",
        "belongs to 70000:70007, not to 70000:70000",
    ),
    (
        "of a group of the system, in a directory of that",
        |base| {
            chown(base.join("x/70000"), None, Some(8)).unwrap();
            chown(base.join(HOME), None, Some(8)).unwrap();
        },
        "",
        "belongs to 70000:8, not to 70000:70000",
    ),
    (
        "no directory",
        |base| {
            fs::remove_dir_all(base.join(HOME)).unwrap();
            super::site::file(&base.join(HOME), "", 70000, 70000);
        },
        "",
        "is no directory",
    ),
    ("no base", |base| fs::rename(base, base.with_extension("away")).unwrap(), "", "is not there"),
];

#[test]
fn what_is_not_surely_the_home_is_refused() {
    if !runs_as_root("what_is_not_surely_the_home_is_refused") {
        return;
    }
    for (what, spoil, home, expected) in REFUSALS {
        let (scratch, base) = homes();
        spoil(&base);
        let home = if home.is_empty() { "BASE/x/70000/70000" } else { home };
        let home = PathBuf::from(home.replacen("BASE", base.to_str().unwrap(), 1));
        let before = listing(scratch.path());
        let error = try_delete(&base, &home).expect_err(what).to_string();
        assert!(error.contains(expected), "{what}: expected {expected}, got {error}");
        assert_eq!(listing(scratch.path()), before, "{what}");
    }
}

#[test]
fn ids_of_the_system_are_refused() {
    let table = [
        (69_999, 70_000),
        (70_000, 69_999),
        (0, 70_000),
        (70_000, 0),
        (u32::MAX, 70_000),
        (70_000, u32::MAX),
    ];
    for (uid, gid) in table {
        let error = Owner::new(Uid(uid), Gid(gid)).expect_err("refused");
        assert!(matches!(error, DiskError::Refused(_)), "{uid}:{gid}: {error}");
    }
    let error =
        delete_domain(&Base::new("/srv/mail"), Path::new("/srv/mail/x/1"), Gid(1), &Unwatched);
    assert!(matches!(error, Err(DiskError::Refused(_))), "{error:?}");
}

#[test]
fn a_home_goes_whole_and_nothing_else_goes() {
    if !runs_as_root("a_home_goes_whole_and_nothing_else_goes") {
        return;
    }
    let (scratch, base) = homes();
    let home = base.join(HOME);
    // Links out of the home, files of others, and names that are hard to say.
    symlink(base.join("x/70000/70001"), home.join("neighbour")).unwrap();
    fs::hard_link(base.join("x/70000/70001/Maildir/new/3.a"), home.join("theirs")).unwrap();
    super::site::file(&home.join("of root"), "", 0, 0);
    directory(&home.join("closed"), 0o000, 70000, 70000);
    fs::write(home.join(".postcote.1"), "").unwrap();
    let name = <OsStr as std::os::unix::ffi::OsStrExt>::from_bytes(b"\xff\n");
    fs::write(home.join(name), "").unwrap();
    let neighbour = listing(&base.join("x/70000/70001"));
    assert_eq!(try_delete(&base, &home).unwrap(), Deleted::Gone);
    assert_eq!(listing(&base.join("x/70000/70001")), neighbour);
    let names: Vec<_> =
        fs::read_dir(base.join("x/70000")).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(names, ["70001"]);
    assert_eq!(try_delete(&base, &home).unwrap(), Deleted::WasMissing);
    assert!(scratch.path().exists());
}

#[test]
fn a_home_that_is_nested_without_end_goes_too() {
    if !runs_as_root("a_home_that_is_nested_without_end_goes_too") {
        return;
    }
    let (_scratch, base) = homes();
    let home = base.join(HOME);
    // Far longer than a path may be, so it is made and measured by descriptors.
    let mut at = fs::File::open(&home).unwrap();
    for _ in 0..3000 {
        rustix::fs::mkdirat(&at, "d", rustix::fs::Mode::RWXU).unwrap();
        let flags = rustix::fs::OFlags::DIRECTORY;
        at = rustix::fs::openat(&at, "d", flags, rustix::fs::Mode::empty()).unwrap().into();
    }
    drop(at);
    assert_eq!(try_delete(&base, &home).unwrap(), Deleted::Gone);
    assert!(!home.exists());
}

#[test]
fn a_domain_goes_with_what_is_left_in_it() {
    if !runs_as_root("a_domain_goes_with_what_is_left_in_it") {
        return;
    }
    let (_scratch, base) = homes();
    let (bases, domain) = (Base::new(&base), base.join("x/70000"));
    let before = listing(&base);
    let table = [
        (domain.clone(), 70001, "not to root and group 70001"),
        (base.join(HOME), 70000, "not to root and group 70000"),
        (base.join("x"), 70000, "not to root and group 70000"),
        (base.clone(), 70000, "is not below the base directory"),
    ];
    for (path, gid, expected) in table {
        let error = delete_domain(&bases, &path, Gid(gid), &Unwatched).expect_err(expected);
        assert!(error.to_string().contains(expected), "{error}");
        assert_eq!(listing(&base), before, "{expected}");
    }
    assert_eq!(delete_domain(&bases, &domain, Gid(70000), &Unwatched).unwrap(), Deleted::Gone);
    assert_eq!(listing(&base), "d0711:0:0 .\nd0711:0:0 x\n");
}

#[tokio::test]
async fn a_domain_with_everything_goes_by_orders() {
    if !runs_as_root("a_domain_with_everything_goes_by_orders") {
        return;
    }
    let site = Site::with_account("");
    site.admin("account add bert@shop.example --hash {PLAIN}x");
    assert_eq!(told(&site.work().await), ["create done", "create done"]);
    // Somebody whose mail stayed when the account went.
    site.admin("account delete bert@shop.example");
    site.admin("domain delete shop.example --force --delete-directory");
    assert_eq!(told(&site.work().await), ["delete done", "delete-domain done"]);
    assert_eq!(site.tree(), "d0711:0:0 .\nd0711:0:0 ?\n");
}

/// An empty base directory is what is left of one whose file system is not mounted.
#[test]
fn nothing_counts_as_deleted_below_an_empty_base() {
    let scratch = Scratch::new();
    let base = scratch.join("mail");
    fs::create_dir(&base).unwrap();
    let domain = || delete_domain(&Base::new(&base), &base.join("x/70000"), Gid(70000), &Unwatched);
    for got in [try_delete(&base, &base.join(HOME)), domain()] {
        let Err(error @ DiskError::Os { .. }) = got else { panic!("{got:?}") };
        let says = error.to_string();
        assert!(says.contains("is empty; is its file system mounted?"), "{says}");
    }
    fs::create_dir(base.join("lost+found")).unwrap();
    for got in [try_delete(&base, &base.join(HOME)), domain()] {
        assert!(matches!(got, Ok(Deleted::WasMissing)), "{got:?}");
    }
}

#[tokio::test]
async fn nobody_is_deleted_who_still_lives_there() {
    if !runs_as_root("nobody_is_deleted_who_still_lives_there") {
        return;
    }
    let site = Site::with_account("");
    site.work_well().await;
    let before = site.tree();
    site.sql(
        "INSERT INTO postcote.mailbox_order (kind, uid, gid, address, home)
             SELECT 'delete', uid, gid, 'anna@shop.example', home FROM postcote.directory_entry
             WHERE uid = 70000;
         INSERT INTO postcote.mailbox_order (kind, gid, address, home)
             SELECT 'delete-domain', gid, 'shop.example', directory FROM postcote.domain",
    )
    .await;
    let ran = told(&site.work().await);
    assert!(ran.len() == 1 && ran[0].contains("is the home of `anna@shop.example`"), "{ran:?}");
    site.sql("DELETE FROM postcote.mailbox_order WHERE kind = 'delete'").await;
    let ran = told(&site.work().await);
    assert!(ran.len() == 1 && ran[0].contains("`anna@shop.example` still lives in"), "{ran:?}");
    assert_eq!(site.tree(), before);
}

#[tokio::test]
async fn what_is_mounted_inside_is_not_touched() {
    if !runs_as_root("what_is_mounted_inside_is_not_touched") {
        return;
    }
    // (where something is mounted below the home, whether it is the same file system)
    for (at, same) in [("", false), ("", true), ("Maildir/mnt", false), ("Maildir/mnt", true)] {
        let site = Site::with_account("folders = []");
        site.work_well().await;
        let home = site.home(70000).await;
        let (precious, at) = (site.scratch.join("precious"), home.join(at));
        used_home(&precious, 70000, 70000);
        let namespace =
            if same { Namespace::with_bind(&precious, &at) } else { Namespace::with_tmpfs(&at) };
        let mounted = namespace.inside(&at);
        if !same {
            used_home(&mounted, 70000, 70000);
        }
        let before = listing(&mounted);
        site.admin("account delete anna@shop.example --delete-directory");
        let said = namespace.postcote(&site, "orders run");
        assert_eq!(said.code, Some(1), "{}", said.stderr);
        assert!(said.stderr.contains("is a mount point"), "{}", said.stderr);
        // A part of the home may be gone, and the rest be out of its place.
        let aside = at.to_str().unwrap().replace("/70000/70000", "/70000/.70000.trash");
        let now = if mounted.exists() { mounted } else { namespace.inside(Path::new(&aside)) };
        assert_eq!(listing(&now), before, "{} {same}", at.display());
    }
}
