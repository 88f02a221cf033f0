//! An authentication server that nobody asks anything: Postfix will not know of logins without one.

use std::io::{Read, Write};
use std::path::Path;

use super::server::Server;

/// Greets on `path` as Dovecot does; who has logged in is then told by XCLIENT.
pub(crate) fn greeter(path: &Path) -> Server {
    Server::listen(path, |mut stream| {
        stream.write_all(b"VERSION\t1\t2\nMECH\tPLAIN\nSPID\t1\nCUID\t1\nDONE\n")?;
        // Kept until Postfix closes: an smtpd that loses its server stops the whole service.
        stream.read_to_end(&mut Vec::new()).map(drop)
    })
}
