//! `postcote admin` as people type it: each `.transcript` runs on a database of its own.

mod constraints;
mod failures;
mod rehearsal;
mod scale;
pub(crate) mod transcript;

use std::path::{Path, PathBuf};

/// Every transcript of a folder.
pub(crate) fn transcripts(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut transcripts: Vec<_> =
        files.filter(|path| path.extension().is_some_and(|e| e == "transcript")).collect();
    transcripts.sort();
    transcripts
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commands_answer_as_the_transcripts_say() {
    play_all("protocol-tests/admin").await;
}

/// Plays every transcript of a folder, and shows all that is not as it stands there.
pub(crate) async fn play_all(folder: &str) {
    let transcripts = transcripts(folder);
    assert!(!transcripts.is_empty());
    let mut failures = Vec::new();
    for path in transcripts {
        if let Err(failure) = transcript::play(&path).await {
            failures.push(failure);
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
