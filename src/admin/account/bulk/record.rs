//! What one account has in a file, before its values are understood.

use crate::admin::account::bulk::field::Field;

/// The values of one account.
pub(super) struct Record {
    /// The line it starts in.
    pub(super) line: u64,
    pub(super) cells: Vec<Cell>,
}

/// One value.
pub(super) struct Cell {
    pub(super) field: Field,
    /// The line it starts in.
    pub(super) line: u64,
    pub(super) text: String,
}
