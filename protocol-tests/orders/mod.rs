//! The file system: what orders make, move and delete, as root, in real directories.
//!
//! Only root can give files away, so for an ordinary user these tests are not run and say so; what
//! does not need root, such as the back-off, is tested beside its code.

mod create;
mod delete;
mod site;
