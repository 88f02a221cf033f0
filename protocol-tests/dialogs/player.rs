//! Plays a dialog over a connection.

use std::sync::Arc;
use std::time::Duration;

use postcote::directory::Directory;
use postcote::handler::{Handler, SocketmapHandler, TableAnswers, TcpTableHandler};
use postcote::protocol::{Codec, Socketmap, TcpTable};
use postcote::server::Shutdown;
use postcote::server::connection::{Patience, serve};
use tokio::io::{DuplexStream, duplex};

use super::file::{Dialog, Expected};
use crate::support::wire::{Client, text};

/// Sends each request when the one before is answered, and says which replies are wrong.
pub(super) async fn play(dialog: &Dialog, client: &mut Client) -> Vec<String> {
    let mut failures = Vec::new();
    for step in &dialog.steps {
        let asked = String::from_utf8_lossy(&step.send);
        let at = format!("{}:{}: {}", dialog.path.display(), step.line, shortened(&asked));
        let got = match client.ask(&step.send).await {
            Ok(reply) => reply,
            Err(error) => {
                failures.push(format!("{at}\n  the connection ended: {error}"));
                return failures;
            }
        };
        if let Err(expected) = compare(&step.expected, &text(&got)) {
            let got = shortened(&text(&got));
            failures.push(format!("{at}\n  expected {expected}\n  got      {got}"));
        }
    }
    failures
}

fn compare(expected: &Expected, got: &str) -> Result<(), String> {
    let (holds, shown) = match expected {
        Expected::Exactly(reply) => (got == reply, reply.clone()),
        Expected::Starting(start) => (got.starts_with(start.as_str()), format!("{start}…")),
        Expected::Octets(start, octets) => {
            let rest = got.strip_prefix(start.as_str());
            (rest.is_some_and(|rest| rest.len() == *octets), format!("{start}{{{octets} octets}}"))
        }
    };
    if holds { Ok(()) } else { Err(shown) }
}

fn shortened(text: &str) -> String {
    if text.len() < 300 {
        return text.to_owned();
    }
    let start: String = text.chars().take(100).collect();
    format!("{start}… ({} octets)", text.len())
}

/// Connects to the loop that serves connections, without a socket in between.
pub(super) fn connect<D: Directory + 'static>(
    answers: &Arc<TableAnswers<D>>,
    dialog: &Dialog,
) -> Client {
    let (ours, theirs) = duplex(64 * 1024);
    let answers = Arc::clone(answers);
    match dialog.table {
        None => spawn(theirs, Socketmap, SocketmapHandler::new(answers)),
        Some(table) => spawn(theirs, TcpTable::default(), TcpTableHandler::new(answers, table)),
    }
    Client::new(ours, dialog.framing)
}

fn spawn<C>(stream: DuplexStream, codec: C, handler: impl Handler<C>)
where
    C: Codec + Send + 'static,
    C::Request: Send,
    C::Reply: Send + Sync,
{
    tokio::spawn(async move {
        let patience = Patience { idle: None, stalled: Duration::from_secs(100) };
        // The daemon never ends while this one plays.
        let (shutdown, _drain) = Shutdown::new();
        serve(stream, codec, &handler, patience, shutdown).await
    });
}
