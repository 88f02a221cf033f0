//! Who comes near a limit is told of once, to a program, too.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use crate::policy::dialogs::house;
use crate::policy::until;
use crate::support::scratch::Scratch;

/// Writes what it is told, a line each time, and then does not end.
const PROGRAM: &str = "#!/bin/sh
echo \"$POSTCOTE_EVENT $POSTCOTE_UID $POSTCOTE_LOGIN $POSTCOTE_SUBJECT $POSTCOTE_USED of \\
$POSTCOTE_LIMIT $POSTCOTE_WHAT per $POSTCOTE_SPAN\" >> told
exec sleep 60
";

#[tokio::test(flavor = "multi_thread")]
async fn a_program_is_told_once_of_each() {
    let scratch = Scratch::new();
    let (program, told) = (scratch.join("program"), scratch.join("told"));
    let script = PROGRAM.replace(">> told", &format!(">> {}", told.display()));
    fs::write(&program, script).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let house = house(&format!(
        "fixture: policy\nconfig: policy.account-limits = [\"messages-per-hour = 5\"]\n\
         config: policy.warn-program = \"{}\"\n",
        program.display()
    ))
    .await;
    let message = "protocol_state=END-OF-MESSAGE sasl_username=anna@shop.example recipient_count=1";
    for number in 0..8 {
        let answer = house.ask(message, number).await;
        assert_eq!(answer == "DUNNO", number < 5, "{number}: {answer}");
    }
    let lines = || fs::read_to_string(&told).unwrap_or_default().lines().count();
    until("two warnings", || async { lines() >= 2 }).await;
    // What came too often would have come by now: programs were started in this order.
    let mut seen: Vec<_> =
        fs::read_to_string(&told).unwrap().lines().map(ToOwned::to_owned).collect();
    seen.sort();
    let expected = [
        "near 70000 anna@shop.example account 3 of 5 messages per hour",
        "reached 70000 anna@shop.example account 5 of 5 messages per hour",
    ];
    assert_eq!(seen, expected);
}
