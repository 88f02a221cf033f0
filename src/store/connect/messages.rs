//! Keeps a session's traffic moving, and hands on what the server sends unasked.

use std::future::poll_fn;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::mpsc;
use tokio_postgres::tls::TlsStream;
use tokio_postgres::{AsyncMessage, Connection, Notification};

/// What the server sends on its own, until the session ends.
///
/// Dropping it loses notifications but not the session, which lives as long as its [`Client`](tokio_postgres::Client).
#[derive(Debug)]
pub struct Messages {
    received: mpsc::UnboundedReceiver<Result<Notification, tokio_postgres::Error>>,
}

impl Messages {
    /// Waits for the next notification; `None` once this side has closed the session.
    ///
    /// Cancellation-safe. Notifications wait without limit in memory: were the channel bounded, a
    /// full one would also hold up the answers to queries.
    ///
    /// # Errors
    /// The session was lost; [`chain`](super::chain) tells why. Nothing follows it.
    pub async fn next(&mut self) -> Option<Result<Notification, tokio_postgres::Error>> {
        self.received.recv().await
    }
}

/// Starts the task that moves the traffic of `connection` until it ends.
pub(super) fn drive<S, T>(mut connection: Connection<S, T>) -> Messages
where
    Connection<S, T>: Send + Unpin + 'static,
    S: AsyncRead + AsyncWrite + Unpin,
    T: TlsStream + Unpin,
{
    let (sender, received) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Some(message) = poll_fn(|context| connection.poll_message(context)).await {
            let lost = message.is_err();
            match message {
                Ok(AsyncMessage::Notification(notification)) => {
                    // Whoever dropped the receiver wants the session for its queries only.
                    let _ = sender.send(Ok(notification));
                }
                Ok(AsyncMessage::Notice(notice)) => {
                    tracing::debug!(severity = notice.severity(), "{}", notice.message());
                }
                Ok(_) => {}
                Err(error) => {
                    let _ = sender.send(Err(error));
                }
            }
            if lost {
                break;
            }
        }
    });
    Messages { received }
}
