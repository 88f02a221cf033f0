//! A database, the daemon, and a Dovecot that asks it, on one scratch directory.

use std::fs;
use std::os::unix::fs::chown;
use std::sync::Arc;

use super::instance::{Dovecot, Installed, printed};
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
        setup.listen = ["auth:login", "master:auth-master", "dict:dict"]
            .map(|pair| pair.split_once(':').unwrap())
            .map(|(protocol, name)| {
                let path = scratch.join(name);
                format!(
                    "\n[[listen]]\nprotocol = \"dovecot-{protocol}\"\naddress = \"unix:{}\"\nmode = \"0666\"\n",
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
