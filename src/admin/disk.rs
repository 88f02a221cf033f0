//! What lies on the disk of this host.

use std::fs;
use std::io::{self, ErrorKind};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use crate::admin::report::Report;

/// What du(1) would say of a directory, in bytes. Why not, if it cannot be told, goes to the
/// report.
pub(super) fn usage(home: &str, report: &mut Report) -> Option<u64> {
    let mut total = 0;
    let mut open = vec![PathBuf::from(home)];
    while let Some(path) = open.pop() {
        match measure(&path) {
            Ok((blocks, inside)) => {
                total += blocks;
                open.extend(inside);
            }
            // Mail comes and goes meanwhile.
            Err(error) if error.kind() == ErrorKind::NotFound && path != Path::new(home) => {}
            Err(error) if error.kind() == ErrorKind::NotFound => {
                report.note(format!("there is no `{home}` on this host"));
                return None;
            }
            Err(error) => {
                report.warn(format!("`{}` cannot be read: {error}", path.display()));
                return None;
            }
        }
    }
    Some(total)
}

/// What one file takes; of a directory also what is inside. Follows no symbolic link.
fn measure(path: &Path) -> io::Result<(u64, Vec<PathBuf>)> {
    let metadata = fs::symlink_metadata(path)?;
    let mut inside = Vec::new();
    if metadata.is_dir() {
        for entry in fs::read_dir(path)? {
            inside.push(entry?.path());
        }
    }
    // The unit of st_blocks, whatever the blocks of the file system are.
    Ok((metadata.blocks() * 512, inside))
}
