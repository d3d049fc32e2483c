// SPDX-License-Identifier: MIT OR Apache-2.0
//! A log file that does not grow without end: full, it becomes `<file>.1`, and what was that `<file>.2`. Whoever else
//! rotates it (`logrotate` with `copytruncate`) sets `log.file-bytes-max` high.

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

/// The file.
pub(crate) struct Rotating {
    path: PathBuf,
    /// [`None`] after a fault: it is opened anew for the next line.
    file: Option<File>,
    length: u64,
    bytes_max: u64,
    files_max: u64,
}

impl Rotating {
    /// Opens the file to append to it.
    pub(crate) fn open(path: &Path, bytes_max: u64, files_max: u64) -> std::io::Result<Self> {
        let mut rotating = Self { path: path.to_owned(), file: None, length: 0, bytes_max, files_max };
        rotating.reopen()?;
        Ok(rotating)
    }

    fn reopen(&mut self) -> std::io::Result<()> {
        // What was logged may be of interest to nobody else.
        let file = OpenOptions::new().create(true).append(true).mode(0o600).open(&self.path)?;
        self.length = file.metadata()?.len();
        self.file = Some(file);
        Ok(())
    }

    /// Writes a line, into the next file where this one is full. After a fault the next line tries anew.
    pub(crate) fn write(&mut self, line: &[u8]) -> std::io::Result<()> {
        let written = self.try_write(line);
        if written.is_err() {
            self.file = None;
        }
        written
    }

    fn try_write(&mut self, line: &[u8]) -> std::io::Result<()> {
        if self.file.is_none() {
            self.reopen()?;
        }
        let after = self.length.saturating_add(line.len() as u64);
        if self.length > 0 && after > self.bytes_max {
            self.rotate()?;
        }
        if let Some(file) = &mut self.file {
            file.write_all(line)?;
            self.length = self.length.saturating_add(line.len() as u64);
        }
        Ok(())
    }

    /// Moves every file on by one; the oldest is overwritten.
    fn rotate(&mut self) -> std::io::Result<()> {
        self.file = None;
        for number in (0..self.files_max.saturating_sub(1)).rev() {
            match std::fs::rename(self.numbered(number), self.numbered(number.saturating_add(1))) {
                Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        if self.files_max <= 1 {
            std::fs::remove_file(&self.path)?;
        }
        self.reopen()
    }

    fn numbered(&self, number: u64) -> PathBuf {
        if number == 0 {
            return self.path.clone();
        }
        let mut name = OsString::from(&self.path);
        name.push(format!(".{number}"));
        name.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    fn files(folder: &Path) -> Vec<(String, String)> {
        let mut files: Vec<_> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap())
            .map(|entry| (entry.file_name().into_string().unwrap(), std::fs::read_to_string(entry.path()).unwrap()))
            .collect();
        files.sort();
        files
    }

    fn check(files_max: u64, expected: &[(&str, &str)]) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let mut rotating = Rotating::open(&path, 4, files_max).unwrap();
        for line in ["a\n", "b\n", "c\n", "d\n", "e\n"] {
            rotating.write(line.as_bytes()).unwrap();
        }
        let expected: Vec<_> = expected.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
        assert_eq!(files(folder.path()), expected, "{files_max}");
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn full_files_are_moved_on_and_the_oldest_is_lost() {
        check(1, &[("log", "e\n")]);
        check(2, &[("log", "e\n"), ("log.1", "c\nd\n")]);
        check(3, &[("log", "e\n"), ("log.1", "c\nd\n"), ("log.2", "a\nb\n")]);
        check(9, &[("log", "e\n"), ("log.1", "c\nd\n"), ("log.2", "a\nb\n")]);
    }

    #[test]
    fn a_line_longer_than_a_file_is_written_whole_and_a_fault_does_not_last() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("below/log");
        assert!(Rotating::open(&path, 4, 2).is_err());
        std::fs::create_dir(folder.path().join("below")).unwrap();
        let mut rotating = Rotating::open(&path, 4, 2).unwrap();
        rotating.write(b"a long line\n").unwrap();
        std::fs::rename(folder.path().join("below"), folder.path().join("away")).unwrap();
        assert!(rotating.write(b"b\n").is_err());
        std::fs::create_dir(folder.path().join("below")).unwrap();
        rotating.write(b"c\n").unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "c\n");
    }
}
