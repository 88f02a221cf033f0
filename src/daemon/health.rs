//! What those who watch the daemon are told.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::time::Instant;

use crate::telemetry::http::Status;
use crate::telemetry::metrics;

/// What `/readyz` and the gauges know.
#[derive(Debug, Default)]
pub(super) struct Health {
    serving: AtomicBool,
    contact: Mutex<Contact>,
}

#[derive(Debug, Default)]
struct Contact {
    last: Option<Instant>,
    away: Option<String>,
}

impl Health {
    /// Whether every listener is open.
    pub(super) fn serves(&self, serving: bool) {
        self.serving.store(serving, Ordering::Release);
    }

    /// Why the database is away; nothing means that it has just answered.
    pub(super) fn away(&self, reason: Option<String>) {
        if let Ok(mut contact) = self.contact.lock() {
            if reason.is_none() {
                contact.last = Some(Instant::now());
            }
            contact.away = reason;
        }
    }
}

impl Status for Health {
    fn refresh(&self) {
        if let Ok(contact) = self.contact.lock()
            && let Some(last) = contact.last
        {
            metrics::database_last_contact_seconds().set(last.elapsed().as_secs_f64());
        }
    }

    fn not_ready(&self) -> Option<String> {
        if self.serving.load(Ordering::Acquire) {
            return None;
        }
        let away = self.contact.lock().ok().and_then(|contact| contact.away.clone());
        Some(away.unwrap_or_else(|| "waiting for the database".to_owned()))
    }
}
