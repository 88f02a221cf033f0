//! A file of the journal. It only grows; when everything in it was carried over it goes.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write as _};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use rustix::fs::{FlockOperation, flock};

use crate::journal::record;
use crate::store::write_back::Write;
use crate::telemetry::log;

/// A file that this process holds; another one that wants it as well does not get it.
#[derive(Debug)]
pub(super) struct Segment {
    /// Its name without the ending, which the database knows it by.
    pub(super) name: String,
    path: PathBuf,
    file: File,
    /// Where the next line goes: all before it is on the disk.
    length: u64,
}

const ENDING: &str = ".journal";

impl Segment {
    /// Makes a new one.
    pub(super) fn create(directory: &Path) -> io::Result<Self> {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let mut random = [0; 4];
        getrandom::fill(&mut random).map_err(io::Error::other)?;
        // Names sort by age.
        let name = format!("{:020}-{:08x}", since.as_nanos(), u32::from_be_bytes(random));
        let path = directory.join(format!("{name}{ENDING}"));
        let mut options = OpenOptions::new();
        // Whoever looks for files must not find one that is not held yet.
        let begun = path.with_extension("begun");
        let file = options.create_new(true).read(true).write(true).mode(0o600).open(&begun)?;
        flock(&file, FlockOperation::NonBlockingLockExclusive)?;
        fs::rename(&begun, &path)?;
        File::open(directory)?.sync_all()?;
        Ok(Self { name, path, file, length: 0 })
    }

    /// Takes over all that nobody holds, oldest first, each with what stands in it.
    pub(super) fn adopt(directory: &Path) -> io::Result<Vec<(Self, Vec<Write>)>> {
        let mut paths: Vec<PathBuf> = Vec::new();
        for entry in fs::read_dir(directory)? {
            let path = entry?.path();
            if path.to_str().is_some_and(|path| path.ends_with(ENDING)) {
                paths.push(path);
            }
        }
        paths.sort();
        let mut adopted = Vec::new();
        for path in paths {
            let file = match OpenOptions::new().read(true).write(true).open(&path) {
                Ok(file) => file,
                // Its owner has just removed it.
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(error),
            };
            if flock(&file, FlockOperation::NonBlockingLockExclusive).is_err() || !path.exists() {
                continue;
            }
            adopted.push(Self::open(path, file)?);
        }
        Ok(adopted)
    }

    /// Reads what a process that has ended left. A last line that is not whole was never
    /// acknowledged.
    fn open(path: PathBuf, mut file: File) -> io::Result<(Self, Vec<Write>)> {
        let mut text = Vec::new();
        file.read_to_end(&mut text)?;
        let (mut writes, mut length) = (Vec::new(), 0);
        let lines: Vec<&[u8]> = text.split_inclusive(|octet| *octet == b'\n').collect();
        for (number, line) in lines.iter().enumerate() {
            let whole = line.strip_suffix(b"\n").and_then(|line| str::from_utf8(line).ok());
            let Some(write) = whole.and_then(record::read) else {
                // Lines are acknowledged together, so those behind one that was cut short were not
                // acknowledged either; unless the disk has lost something.
                if lines.iter().skip(number + 1).any(|rest| is_whole(rest)) {
                    log::journal_damaged(&path, number + 1);
                    fs::copy(&path, path.with_extension("journal.damaged"))?;
                }
                break;
            };
            writes.push(write);
            length += line.len();
        }
        let name = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default().to_owned();
        Ok((Self { name, path, file, length: length as u64 }, writes))
    }

    /// Puts writes on the disk; when this returns they stay there, come what may.
    pub(super) fn append<'a>(&mut self, writes: impl Iterator<Item = &'a Write>) -> io::Result<()> {
        let lines: String = writes.map(record::line).collect();
        let written = self.file.seek(SeekFrom::Start(self.length));
        let written = written.and_then(|_| self.file.write_all(lines.as_bytes()));
        match written.and_then(|()| self.file.sync_data()) {
            Ok(()) => {
                self.length += lines.len() as u64;
                Ok(())
            }
            Err(error) => {
                // What was refused must not be found later. After a failed sync nobody knows what
                // is on the disk, so the caller takes another file.
                let _ = self.file.set_len(self.length);
                let _ = self.file.sync_all();
                Err(error)
            }
        }
    }

    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// Removes it; everything in it stands somewhere else.
    pub(super) fn remove(self) -> io::Result<()> {
        fs::remove_file(&self.path)?;
        match self.path.parent() {
            Some(directory) => File::open(directory)?.sync_all(),
            None => Ok(()),
        }
    }
}

fn is_whole(line: &[u8]) -> bool {
    let text = line.strip_suffix(b"\n").and_then(|line| str::from_utf8(line).ok());
    text.and_then(record::read).is_some()
}
