//! The policy service.

mod dialogs;
