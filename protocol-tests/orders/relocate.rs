//! Homes move with their account, within a file system and across.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, chown};
use std::path::Path;
use std::time::{Duration, SystemTime};

use postcote::lookup::Table;

use super::namespace::Namespace;
use super::site::{Site, directory, listing, told, used_home};
use crate::support::daemon::{Setup, make_daemon_user};
use crate::support::terms::runs_as_root;

/// Gives anna an address in the second domain, gid 70001.
pub(super) const RENAME: &str = "account rename anna@shop.example anna@club.example";

/// Anna with some mail in one domain, and another domain.
pub(super) async fn site() -> Site {
    let site = Site::with_account("folders = []");
    site.admin("domain add club.example");
    // Apart from the first one, so that one of them can be on another file system.
    let first = site.directory(70000).await;
    let apart = if first.starts_with(site.base().join("a")) { "b" } else { "a" };
    let second = site.base().join(apart).join("70001");
    let second = second.display();
    site.sql(&format!("UPDATE postcote.domain SET directory = '{second}' WHERE gid = 70001")).await;
    site.work_well().await;
    let home = site.home(70000).await;
    fs::remove_dir_all(&home).unwrap();
    used_home(&home, 70000, 70000);
    site
}

/// What a home has in it, whatever its group.
pub(super) fn contents(home: &Path) -> String {
    let shown = listing(home).replace(":70001 ", ":70000 ");
    let texts = ["Maildir/cur/1.a:2,S", "Maildir/cur/2.a:2,S", "Maildir/new/3.a"];
    texts.iter().fold(shown, |all, name| {
        let text = fs::read_to_string(home.join(name)).unwrap_or_else(|_| "missing".to_owned());
        format!("{all}{name}: {text:?}\n")
    })
}

#[tokio::test]
async fn a_home_moves_and_gets_the_group_of_its_domain() {
    if !runs_as_root("a_home_moves_and_gets_the_group_of_its_domain") {
        return;
    }
    let site = site().await;
    let old = site.home(70000).await;
    // Somebody else's file, linked in: it must not change its group.
    let foreign = site.scratch.join("foreign");
    super::site::file(&foreign, "secret", 70009, 70000);
    fs::hard_link(&foreign, old.join("foreign")).unwrap();
    let before = contents(&old);
    site.admin(RENAME);
    assert_eq!(site.home(70000).await, old, "nothing is delivered into the void");

    assert_eq!(told(&site.work().await), ["move done"]);
    let new = site.home(70000).await;
    assert_eq!(new, site.directory(70001).await.join("70000"));
    assert!(!old.exists());
    assert_eq!(contents(&new), before);
    let groups = listing(&new);
    let theirs: Vec<_> = groups.lines().filter(|line| !line.contains(":70000:70001 ")).collect();
    assert_eq!(theirs, ["f0600:70009:70000 foreign"]);
    assert_eq!(fs::metadata(&foreign).unwrap().gid(), 70000);
    let pinned = site.ask("SELECT home FROM postcote.account WHERE uid = 70000").await;
    assert_eq!(pinned, "", "the domain says where it is again");
}

#[tokio::test]
async fn an_account_that_moves_twice_arrives() {
    if !runs_as_root("an_account_that_moves_twice_arrives") {
        return;
    }
    let site = site().await;
    site.admin("domain add team.example");
    let before = contents(&site.home(70000).await);
    site.admin(RENAME);
    // The second move is ordered while the first one waits.
    let mut client = site.client().await;
    let tx = client.transaction().await.unwrap();
    let home: String = tx.query_one("SELECT home FROM postcote.account", &[]).await.unwrap().get(0);
    tx.batch_execute("UPDATE postcote.account SET gid = 70002").await.unwrap();
    let old = postcote::store::orders::OldHome { gid: postcote::mail::Gid(70001), path: &home };
    postcote::store::orders::move_home(&tx, postcote::mail::Uid(70000), old).await.unwrap();
    tx.commit().await.unwrap();

    assert_eq!(told(&site.work().await), ["move done", "move done"]);
    let new = site.home(70000).await;
    assert_eq!(new, site.directory(70002).await.join("70000"));
    assert_eq!(contents(&new).replace(":70002 ", ":70000 "), before);
    assert_eq!(site.ask("SELECT home FROM postcote.account").await, "");
}

#[tokio::test]
async fn an_account_that_is_deleted_on_its_way_goes_where_it_arrives() {
    if !runs_as_root("an_account_that_is_deleted_on_its_way_goes_where_it_arrives") {
        return;
    }
    let site = site().await;
    let old = site.home(70000).await;
    site.admin(RENAME);
    site.admin("account delete anna@club.example --delete-directory");
    assert_eq!(told(&site.work().await), ["move done", "delete done"]);
    assert!(!old.exists());
    assert_eq!(listing(&site.directory(70001).await), "d0750:0:70001 .\n");
}

#[tokio::test]
async fn what_stands_at_the_new_place_stays() {
    if !runs_as_root("what_stands_at_the_new_place_stays") {
        return;
    }
    let site = site().await;
    let old = site.home(70000).await;
    let new = site.directory(70001).await.join("70000");
    directory(new.parent().unwrap().parent().unwrap(), 0o711, 0, 0);
    directory(new.parent().unwrap(), 0o750, 0, 70001);
    used_home(&new, 70000, 70001);
    site.admin(RENAME);
    let before = site.tree();
    let ran = told(&site.work().await);
    assert!(ran.len() == 1 && ran[0].contains("is there already, and so is"), "{ran:?}");
    assert_eq!(site.tree(), before);
    assert_eq!(site.home(70000).await, old);
}

#[tokio::test]
async fn a_foreign_home_does_not_move() {
    if !runs_as_root("a_foreign_home_does_not_move") {
        return;
    }
    let site = site().await;
    let old = site.home(70000).await;
    site.admin(RENAME);
    for (uid, gid) in [(70001, 70000), (70000, 70005), (0, 0)] {
        chown(&old, Some(uid), Some(gid)).unwrap();
        let before = site.tree();
        let ran = told(&site.work().await);
        assert!(ran.len() == 1 && ran[0].contains(&format!("belongs to {uid}:{gid}")), "{ran:?}");
        assert_eq!(site.tree(), before);
        assert_eq!(site.postcote("orders retry --all").code, Some(0));
    }
}

#[tokio::test]
async fn a_home_that_never_was_is_made_at_the_new_place() {
    if !runs_as_root("a_home_that_never_was_is_made_at_the_new_place") {
        return;
    }
    let site = site().await;
    fs::remove_dir_all(site.home(70000).await).unwrap();
    site.admin(RENAME);
    assert_eq!(told(&site.work().await), ["move done: there was no home; an empty one was made"]);
    let new = site.home(70000).await;
    assert!(listing(&new).contains("d0700:70000:70001 Maildir/cur\n"), "{}", listing(&new));
}

#[tokio::test]
async fn a_home_whose_file_system_is_not_mounted_is_waited_for() {
    if !runs_as_root("a_home_whose_file_system_is_not_mounted_is_waited_for") {
        return;
    }
    let site = site().await;
    let old = site.home(70000).await;
    let before = contents(&old);
    let (domain, away) = (old.parent().unwrap(), site.scratch.join("away"));
    site.admin(RENAME);
    fs::rename(domain, &away).unwrap();
    let tree = site.tree();
    let ran = told(&site.work().await);
    let waits = ran.len() == 1 && ran[0].starts_with("move later: the directory of");
    assert!(waits && ran[0].contains("is its file system mounted?"), "{ran:?}");
    assert_eq!(site.tree(), tree);
    assert_eq!(site.home(70000).await, old);
    fs::rename(&away, domain).unwrap();
    assert_eq!(site.postcote("orders retry --all").code, Some(0));
    assert_eq!(told(&site.work().await), ["move done"]);
    let new = site.home(70000).await;
    assert_eq!(contents(&new), before);

    // Done on the disk, not noted, and then the old directory went.
    site.sql(&format!("UPDATE postcote.account SET home = '{}'", old.display())).await;
    site.sql(
        "UPDATE postcote.mailbox_order SET state = 'pending', finished_at = NULL
         WHERE kind = 'move'",
    )
    .await;
    fs::remove_dir(domain).unwrap();
    assert_eq!(told(&site.work().await), ["move done"]);
    assert_eq!(site.home(70000).await, new);
    assert_eq!(contents(&new), before);
}

/// Sets an attribute, if the file system has them.
fn note(path: &Path) -> bool {
    let flags = rustix::fs::XattrFlags::empty();
    rustix::fs::setxattr(path, "user.note", b"kept", flags).is_ok()
}

#[tokio::test]
async fn a_home_moves_to_another_file_system() {
    if !runs_as_root("a_home_moves_to_another_file_system") {
        return;
    }
    let site = site().await;
    let old = site.home(70000).await;
    let delivered = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    fs::File::open(old.join("Maildir/new/3.a")).unwrap().set_modified(delivered).unwrap();
    let noted = note(&old.join("Maildir"));
    site.admin(RENAME);
    let new = site.directory(70001).await.join("70000");
    let namespace = Namespace::with_tmpfs(new.parent().unwrap().parent().unwrap());
    let inside = |path: &Path| namespace.inside(path);
    let before = contents(&old);

    let said = namespace.postcote(&site, "orders run");
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    assert_eq!(contents(&inside(&new)), before);
    assert!(!listing(&inside(&new)).contains(":70000 "), "{}", listing(&inside(&new)));
    let metadata = |name: &str| fs::metadata(inside(&new).join(name)).unwrap();
    assert_eq!(metadata("Maildir/new/3.a").modified().unwrap(), delivered);
    assert_eq!(metadata("Maildir/cur/1.a:2,S").ino(), metadata("Maildir/cur/2.a:2,S").ino());
    // Not every file system has attributes of users.
    if noted && note(namespace.inside(new.parent().unwrap()).as_path()) {
        let mut note = [0; 4];
        rustix::fs::getxattr(inside(&new).join("Maildir"), "user.note", &mut note).unwrap();
        assert_eq!(&note, b"kept");
    }
    assert_eq!(site.home(70000).await, new);
    // The old copy went by an order of its own.
    let kinds = site
        .ask(
            "SELECT string_agg(kind || ' ' || state, ', ' ORDER BY id)
                          FROM postcote.mailbox_order WHERE kind <> 'create'",
        )
        .await;
    assert_eq!(kinds, "move done, delete done");
    assert_eq!(listing(old.parent().unwrap()), "d0750:0:70000 .\n");
}

#[tokio::test]
async fn mail_waits_while_its_mailbox_moves_and_no_longer() {
    if !runs_as_root("mail_waits_while_its_mailbox_moves_and_no_longer") {
        return;
    }
    let site = site().await;
    make_daemon_user(&site.client().await).await;
    let daemon = Setup::new(&site.database.url).start();
    let mut peer = daemon.client().await;
    let asked = "anna@club.example";
    let mut answer = async |table: Table| peer.lookup(table, asked).await;
    assert_eq!(answer(Table::TransportMaps).await, "NOTFOUND");
    let waits = "OK retry:4.2.1 Mailbox is being moved, try again later";
    let changed = async |sql: &str| site.sql(sql).await;

    let old = site.home(70000).await;
    site.admin(RENAME);
    super::until(async || answer(Table::TransportMaps).await == waits).await;
    let path = format!("OK {}/Maildir/", old.display());
    assert_eq!(answer(Table::VirtualMailboxMaps).await, path);
    // A day later nobody has moved it, and mail goes on to where it is: by the clock alone, nothing
    // in the database changes then.
    changed(
        "UPDATE postcote.mailbox_order SET created_at = now() - interval '23:59:57' \
         WHERE kind = 'move'",
    )
    .await;
    assert_eq!(answer(Table::TransportMaps).await, waits);
    super::until(async || answer(Table::TransportMaps).await == "NOTFOUND").await;
    assert_eq!(answer(Table::VirtualMailboxMaps).await, path);
    // Ordered anew it waits again, until it is done.
    changed("UPDATE postcote.mailbox_order SET state = 'failed' WHERE kind = 'move'").await;
    assert_eq!(site.postcote("orders retry --all").code, Some(0));
    super::until(async || answer(Table::TransportMaps).await == waits).await;
    site.work_well().await;
    super::until(async || answer(Table::TransportMaps).await == "NOTFOUND").await;
    let path = format!("OK {}/Maildir/", site.home(70000).await.display());
    assert_eq!(answer(Table::VirtualMailboxMaps).await, path);
    assert!(!path.contains(old.to_str().unwrap()));
}
