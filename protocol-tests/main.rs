//! Tests against real peers.

mod tls;
