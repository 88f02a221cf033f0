//! Has Dovecot make the mailboxes of its own formats.

use std::ffi::OsStr;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;

use crate::disk::{Step, Watch};
use crate::mail::FolderName;
use crate::orders::execute::Undone;

/// Longer than Dovecot takes for a user database that has to be asked over the network.
const PATIENCE: Duration = Duration::from_mins(1);
/// So much of what it said is kept.
const WORDS: usize = 500;

/// Makes the inbox and the folders that a user lacks. Dovecot runs and knows the user, or else it
/// fails, which is worth another try.
pub(super) async fn make_folders(
    doveadm: &Path,
    login: &str,
    folders: &[FolderName],
    subscribe: bool,
    watch: &(dyn Watch + Send + Sync),
) -> Result<(), Undone> {
    // Dovecot takes these for a pattern that many users match.
    if login.contains(['*', '?']) {
        let why = format!("Dovecot cannot be told to work for `{login}` alone");
        return Err(Undone::Failed(why));
    }
    watch.before(Step::Dovecot)?;
    let listed = call(doveadm, "list", login, &[]).await?;
    let has = |name: &str| listed.lines().any(|line| line == name);
    let wanted =
        ["INBOX".to_owned()].into_iter().chain(folders.iter().map(FolderName::with_slashes));
    let lacking: Vec<String> = wanted.filter(|name| !has(name)).collect();
    if !lacking.is_empty() {
        watch.before(Step::Dovecot)?;
        call(doveadm, "create", login, &lacking).await?;
    }
    if subscribe && !folders.is_empty() {
        watch.before(Step::Dovecot)?;
        let names: Vec<String> = folders.iter().map(FolderName::with_slashes).collect();
        call(doveadm, "subscribe", login, &names).await?;
    }
    Ok(())
}

/// Runs one command, without a shell, and returns what it printed.
async fn call(doveadm: &Path, verb: &str, login: &str, names: &[String]) -> Result<String, Undone> {
    let shown = format!("`{} mailbox {verb} -u {login}`", doveadm.display());
    let mut command = Command::new(doveadm);
    command
        .args(["mailbox", verb, "-u", login])
        .args(names.iter().map(OsStr::new))
        .env_clear()
        .env("PATH", "/usr/bin:/bin:/usr/sbin:/sbin")
        .stdin(Stdio::null())
        .kill_on_drop(true);
    let output = match tokio::time::timeout(PATIENCE, command.output()).await {
        Err(_) => {
            let seconds = PATIENCE.as_secs();
            return Err(Undone::Failed(format!("{shown} was not done after {seconds} s")));
        }
        Ok(Err(error)) => return Err(Undone::Failed(format!("cannot run {shown}: {error}"))),
        Ok(Ok(output)) => output,
    };
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let words = String::from_utf8_lossy(&output.stderr);
    let words: String = words.split_whitespace().collect::<Vec<_>>().join(" ");
    let words: String = words.chars().take(WORDS).collect();
    Err(Undone::Failed(format!("{shown} failed ({}): {words}", output.status)))
}
