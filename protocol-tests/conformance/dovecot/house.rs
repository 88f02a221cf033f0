//! A database, the daemon, and a Dovecot that asks it, on one scratch directory.

use std::fs;
use std::os::unix::fs::chown;
use std::sync::Arc;

use super::instance::{Dovecot, Installed, printed};
use crate::command::run;
use crate::support::daemon::{Daemon, Setup, make_daemon_user};
use crate::support::pg::{self, TestDatabase};
use crate::support::scratch::Scratch;

/// The password of everybody in accounts.sql.
pub(super) const PASSWORD: &str = "account-password";

/// Everything that runs; dropped in this order.
pub(super) struct House<'a> {
    pub(super) dovecot: Dovecot<'a>,
    pub(super) daemon: Daemon,
    pub(super) database: TestDatabase<'static>,
    pub(super) scratch: Arc<Scratch>,
}

impl<'a> House<'a> {
    /// Starts everything with the parts of `postcote config dovecot` that `only` names, all of it if none.
    pub(super) async fn with(installed: &'a Installed, only: &str) -> Self {
        let scratch = Arc::new(Scratch::new());
        let database = accounts(&scratch).await;
        let mut setup = Setup::new(&database.url);
        // As conf-examples/systemd has them.
        let login = format!("mode = \"0660\"\ngroup = \"{}\"\n", dovenull(installed, &scratch));
        setup.listen = [
            ("auth", "login", login.as_str()),
            ("master", "auth-master", "mode = \"0600\"\n"),
            ("dict", "dict", "mode = \"0666\"\n"),
        ]
        .map(|(protocol, name, access)| {
            let path = scratch.join(name);
            format!(
                "\n[[listen]]\nprotocol = \"dovecot-{protocol}\"\naddress = \"unix:{}\"\n{access}",
                path.display()
            )
        })
        .concat()
            + "\n[logins]\nfailure-delay = \"50ms\"\n"
            + &format!("\n[journal]\ndirectory = \"{}\"\n", scratch.join("journal").display());
        let daemon = setup.start();
        let ports = installed.configure(&scratch, &printed(installed.version, only));
        let dovecot = installed.start(Arc::clone(&scratch), ports);
        Self { dovecot, daemon, database, scratch }
    }
}

/// The group of login processes, as a number: inside and outside of a root they differ.
fn dovenull(installed: &Installed, scratch: &Scratch) -> String {
    let said = run(installed.installation.command(scratch, "id").args(["-g", "dovenull"]));
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    said.stdout.trim_end().to_owned()
}

/// The accounts of accounts.sql, with homes below `scratch`.
pub(super) async fn accounts(scratch: &Scratch) -> TestDatabase<'static> {
    let database = pg::database();
    let client = database.connect().await;
    make_daemon_user(&client).await;
    let mail = scratch.join("mail").display().to_string();
    let sql = include_str!("accounts.sql").replace("MAIL", &mail);
    client.batch_execute(&sql).await.unwrap();
    let homes = "SELECT uid, home FROM postcote.directory_entry WHERE kind = 'account'";
    for row in client.query(homes, &[]).await.unwrap() {
        make_home(row.get(0), row.get(1));
    }
    database
}

/// What the worker of orders makes.
pub(super) fn make_home(uid: i64, home: &str) {
    fs::create_dir_all(home).unwrap();
    let uid = u32::try_from(uid).unwrap();
    chown(home, Some(uid), Some(70000)).unwrap();
}
