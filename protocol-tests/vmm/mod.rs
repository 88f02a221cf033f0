//! The commands of vmm as their users type them: each `.transcript` here runs on a database and with
//! a configuration of its own. `postcote admin` may be used in between.

mod program;
mod readme;
mod typed;

use crate::admin::play_all;

pub(crate) use typed::{is_vmm, run};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn vmm_answers_as_the_transcripts_say() {
    play_all("protocol-tests/vmm").await;
}
