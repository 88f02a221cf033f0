//! Many peers, rude peers, and how the daemon comes and goes.

mod crowd;
mod guesses;
mod malformed;
mod nonsense;
mod policy;
mod start;
mod stop;
mod users;
