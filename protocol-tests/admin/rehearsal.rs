//! Every command of every transcript is tried first: a dry run decides as the command does then,
//! and leaves every table as it was. So does whatever is refused.

use std::path::Path;

use tokio_postgres::Client;

use crate::admin::transcript::{self, Stage};
use crate::admin::transcripts;
use crate::support::pg;
use crate::support::scratch::Scratch;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dry_runs_and_refusals_leave_everything_as_it_was() {
    let (mut tried, mut refused) = (0, 0);
    for path in transcripts("protocol-tests/admin") {
        let seen = rehearse(&path).await;
        tried += seen.tried;
        refused += seen.refused;
    }
    // Else this would not be looking.
    assert!(tried > 300 && refused > 100, "{tried} commands tried, {refused} refused");
}

/// How much was seen.
#[derive(Default)]
struct Seen {
    tried: u32,
    refused: u32,
}

async fn rehearse(path: &Path) -> Seen {
    let (_, steps) = transcript::read(&std::fs::read_to_string(path).unwrap());
    let database = pg::database();
    let directory = Scratch::new();
    let config = directory.join("postcote.toml");
    std::fs::write(&config, "").unwrap();
    let mut seen = Seen::default();
    for step in steps {
        let mut stage = Stage::enter(&database, &config).await;
        let place = format!("{}: $ {}", path.file_name().unwrap().display(), step.command);
        let arguments = step.command.strip_prefix("postcote admin ");
        let Some(arguments) = arguments.filter(|words| !words.contains("--dry-run")) else {
            stage.run(&step).await.unwrap();
            continue;
        };
        let before = stage.fingerprint().await;
        let numbers = numbers(&stage.superuser).await;
        let dry = transcript::words(&format!("postcote admin --dry-run {arguments}"));
        let (_, would_be, _) = stage.command(&dry, &step.typed).await;
        assert!(stage.fingerprint().await == before, "{place}: a dry run has changed something");
        // Numbers are drawn for good, and what follows in the transcript counts on them.
        put_back(&stage.superuser, &numbers).await;
        let words = transcript::words(&step.command);
        let (_, is, _) = stage.command(&words, &step.typed).await;
        assert_eq!(would_be, is, "{place}: exit code when tried, and then");
        if is != 0 {
            assert!(stage.fingerprint().await == before, "{place}: refused, but not undone");
            seen.refused += 1;
        }
        seen.tried += 1;
    }
    seen
}

/// How far each sequence has counted.
async fn numbers(client: &Client) -> Vec<(String, i64, bool)> {
    let sequences = "SELECT sequencename::text, start_value, last_value FROM pg_sequences \
                     WHERE schemaname = 'postcote'";
    let rows = client.query(sequences, &[]).await.unwrap();
    let one = |row: &tokio_postgres::Row| {
        let last: Option<i64> = row.get(2);
        (row.get(0), last.unwrap_or(row.get(1)), last.is_some())
    };
    rows.iter().map(one).collect()
}

async fn put_back(client: &Client, numbers: &[(String, i64, bool)]) {
    for (sequence, value, is_called) in numbers {
        let put = "SELECT setval(format('postcote.%I', $1::text)::regclass, $2, $3)";
        client.query_one(put, &[sequence, value, is_called]).await.unwrap();
    }
}
