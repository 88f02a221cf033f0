//! The `postcote` binary.

fn main() {}
