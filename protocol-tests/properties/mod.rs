//! What holds for every input, tried with many.

mod addresses;
mod answers;
mod codecs;
mod connection;
mod database;
mod dovecot;
mod policy;
mod text;
mod words;
