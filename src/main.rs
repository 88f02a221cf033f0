//! The `postcote` binary; everything it does is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    postcote::cli::run(std::env::args_os())
}
