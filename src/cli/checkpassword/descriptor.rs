//! Descriptor 3, which the server has opened.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::AsRawFd;

use rustix::process::{PidfdFlags, PidfdGetfdFlags, getpid, pidfd_getfd, pidfd_open};

use crate::protocol::checkpassword::MAX_REQUEST;

const NUMBER: i32 = 3;

/// Reads to the end, but not much more than a request may have.
///
/// The descriptor itself stays open at its end, for taking it by its number is nothing that Rust
/// calls safe. The program can do nothing with it.
pub(super) fn read() -> io::Result<Vec<u8>> {
    // Without the system call, as in some containers, the way through /proc serves pipes, too.
    let file = duplicate().or_else(|_| File::open(format!("/proc/self/fd/{NUMBER}")))?;
    let mut input = Vec::with_capacity(MAX_REQUEST + 1);
    file.take(MAX_REQUEST as u64 + 1).read_to_end(&mut input)?;
    Ok(input)
}

fn duplicate() -> io::Result<File> {
    let ourselves = pidfd_open(getpid(), PidfdFlags::empty())?;
    if ourselves.as_raw_fd() == NUMBER {
        // It was free.
        return Err(rustix::io::Errno::BADF.into());
    }
    let copy = pidfd_getfd(&ourselves, NUMBER, PidfdGetfdFlags::empty())?;
    Ok(File::from(copy))
}
