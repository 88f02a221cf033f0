//! A connection that is made again when it is lost.

use std::time::Duration;

use tokio_postgres::Client;

use crate::store::connect::{ConnectError, Messages, connect};
use crate::store::conninfo::ConnInfo;
use crate::telemetry::log;
use crate::telemetry::metrics;

/// How to reach the database, and what for.
#[derive(Clone, Debug)]
pub struct Link {
    /// Where, who and how.
    pub info: ConnInfo,
    /// What the connection is for.
    pub role: Role,
    /// How long connecting to one host may take.
    pub connect_timeout: Duration,
    /// How long a query may take; a connection that takes longer is given up.
    pub query_timeout: Duration,
}

/// What a connection is for; shown in `pg_stat_activity` and in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Commands of an administrator.
    Admin,
    /// The change feed.
    Feed,
    /// Writing back what peers told.
    Journal,
    /// Loading domains and entries.
    Lookups,
    /// Carrying out orders for the file system.
    Orders,
    /// What other daemons have counted, and what the policy service remembers.
    Policy,
}

impl Role {
    /// The name in the log.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Feed => "feed",
            Self::Journal => "journal",
            Self::Lookups => "lookups",
            Self::Orders => "orders",
            Self::Policy => "policy",
        }
    }

    fn application_name(self) -> &'static str {
        match self {
            Self::Admin => "postcote admin",
            Self::Feed => "postcote feed",
            Self::Journal => "postcote journal",
            Self::Lookups => "postcote lookups",
            Self::Orders => "postcote orders",
            Self::Policy => "postcote policy",
        }
    }
}

/// The pauses between attempts, which grow.
#[derive(Debug)]
pub struct Pauses(Duration);

impl Default for Pauses {
    fn default() -> Self {
        Self(Duration::from_millis(25))
    }
}

impl Pauses {
    const LONGEST: Duration = Duration::from_secs(2);

    /// The next pause, twice as long as the one before.
    #[expect(clippy::should_implement_trait, reason = "there is always a next one")]
    pub fn next(&mut self) -> Duration {
        self.0 = (self.0 * 2).min(Self::LONGEST);
        self.0
    }
}

impl Link {
    /// Connects once.
    ///
    /// # Errors
    /// Why not, with a hint.
    pub async fn connect(&self) -> Result<(Client, Messages), ConnectError> {
        connect(&self.info, self.role.application_name(), self.connect_timeout).await
    }

    /// Reports that the connection was lost.
    pub fn lost(&self, reason: &dyn std::fmt::Display) {
        metrics::database_lost_total().increment(1);
        log::database_lost(self.role.as_str(), reason);
    }
}
