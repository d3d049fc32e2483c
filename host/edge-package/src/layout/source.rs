// SPDX-License-Identifier: MIT OR Apache-2.0
//! Where the files of a layout come from.

use crate::directory::{self, FileFault};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// The files of a layout by name: `oci-layout`, `index.json`, `blobs/sha256/<64 hexadecimal digits>`.
pub trait Content {
    /// Reads a file of at most so many bytes; a longer one is not read whole.
    ///
    /// # Errors
    /// Where there is none, or it is longer or no regular file.
    fn read(&self, name: &str, bytes_max: u64) -> Result<Vec<u8>, FileFault>;
}

/// A folder. Links in it are not followed.
#[derive(Clone, Debug)]
pub struct Folder(pub PathBuf);

impl Content for Folder {
    fn read(&self, name: &str, bytes_max: u64) -> Result<Vec<u8>, FileFault> {
        directory::read(&self.0, name, bytes_max)
    }
}

/// Files in memory, for what was just made or fetched, and for tests.
#[derive(Clone, Debug, Default)]
pub struct Memory(pub BTreeMap<String, Vec<u8>>);

impl Content for Memory {
    fn read(&self, name: &str, bytes_max: u64) -> Result<Vec<u8>, FileFault> {
        let file = self.0.get(name).ok_or_else(|| std::io::Error::from(std::io::ErrorKind::NotFound))?;
        if u64::try_from(file.len()).unwrap_or(u64::MAX) > bytes_max {
            return Err(FileFault::TooLong { bytes_max });
        }
        Ok(file.clone())
    }
}
