//! What holds for every input, tried with many.

mod addresses;
mod answers;
mod codecs;
mod connection;
mod database;
mod dovecot;
mod text;
mod words;
