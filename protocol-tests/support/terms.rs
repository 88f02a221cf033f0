//! On which terms a test runs: what it may need, and how it says that it could not run.

use std::io::Write;
use std::time::{Duration, Instant};

/// Tells whether this is a CI run, where a test that cannot run is a failure.
pub(crate) fn in_ci() -> bool {
    std::env::var_os("CI").is_some_and(|value| !value.is_empty() && value != "false")
}

/// Tells whether the test may go on because this process is root's.
///
/// # Panics
///
/// In CI, where a peer that cannot be started is a failure.
pub(crate) fn runs_as_root(test: &str) -> bool {
    rustix::process::geteuid().is_root()
        || {
            not_run(
                test,
                "it starts a private Postfix, enters a Debian 13 root, or gives files to others, and only \
             root may",
                "run `make test` as root, or `.ci/run` where `sudo -n` works",
            );
            false
        }
}

/// Says loudly that `test` was not run; the test then returns without having tested anything.
///
/// # Panics
///
/// In CI, where nothing may be left out.
pub(crate) fn not_run(test: &str, why: &str, hint: &str) {
    assert!(!in_ci(), "{test} could not run: {why}\n\nhint: {hint}");
    // The handle itself, since cargo hides what a passing test prints with the macros.
    let notice = format!("\n*** NOT RUN: {test}: {why}; hint: {hint}\n");
    std::io::stderr().write_all(notice.as_bytes()).unwrap();
}

/// Waits until `condition` gives a value, asking every few milliseconds.
///
/// # Panics
///
/// When `deadline` has passed, naming `what` was waited for.
pub(crate) fn wait_for<T>(
    what: &str,
    deadline: Duration,
    mut condition: impl FnMut() -> Option<T>,
) -> T {
    let start = Instant::now();
    loop {
        if let Some(value) = condition() {
            return value;
        }
        assert!(start.elapsed() < deadline, "waited {deadline:?} in vain for {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}
