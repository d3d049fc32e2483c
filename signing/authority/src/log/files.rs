// SPDX-License-Identifier: MIT OR Apache-2.0
//! The log on disk: one file per tile and per bundle of entries, only ever appended to, and the checkpoint, replaced as a whole.
//!
//! ```text
//! lock                     held by the one process that writes
//! checkpoint               the signed note: what it covers counts, what lies beyond it does not exist
//! tile/0/x000/000          hashes of entries, 32 bytes each; tile/1/... hashes over 256 of them; ...
//! tile/entries/x000/000    entries, each behind its length in two bytes
//! ```
//!
//! A full file is exactly what C2SP tlog-tiles serves; a partial tile is the beginning of its file.

use super::merkle::{HASH_BYTES, Hash};
use super::tile::{Kind, TILE_WIDTH, Tile, full_path};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

/// The bytes of an entry at most: its length is written in two bytes. A certificate has about 1 kB, and a signature 72 bytes.
pub const ENTRY_BYTES_MAX: usize = 16 << 10;

/// The bytes of a bundle of entries at most.
const BUNDLE_BYTES_MAX: u64 = TILE_WIDTH * (2 + ENTRY_BYTES_MAX as u64);

/// The file with the checkpoint.
const CHECKPOINT: &str = "checkpoint";

/// The folder of a log, for reading.
#[derive(Debug, Clone)]
pub(crate) struct Files {
    folder: PathBuf,
}

impl Files {
    pub(crate) fn at(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }

    fn path(&self, kind: Kind, index: u64) -> PathBuf {
        self.folder.join("tile").join(full_path(kind, index))
    }

    /// The signed checkpoint; `None` in a folder that has none.
    pub(crate) fn checkpoint(&self) -> io::Result<Option<String>> {
        let limit = u64::try_from(super::checkpoint::CHECKPOINT_BYTES_MAX).unwrap_or(u64::MAX);
        match File::open(self.folder.join(CHECKPOINT)) {
            Ok(file) => {
                let mut text = String::new();
                file.take(limit + 1).read_to_string(&mut text)?;
                Ok(Some(text))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Whether there are entries.
    pub(crate) fn has_tiles(&self) -> bool {
        self.path(Kind::Hashes(0), 0).exists()
    }

    /// The hashes of a tile, as many as its width says.
    pub(crate) fn hashes(&self, level: u8, index: u64, width: u64) -> io::Result<Vec<Hash>> {
        let bytes = self.tile(Tile { kind: Kind::Hashes(level), index, width })?;
        Ok(bytes.as_chunks::<HASH_BYTES>().0.to_vec())
    }

    /// The bytes of a tile, as many as its width says.
    ///
    /// # Errors
    /// Also where the file is shorter.
    pub(crate) fn tile(&self, tile: Tile) -> io::Result<Vec<u8>> {
        let file = File::open(self.path(tile.kind, tile.index))?;
        let mut bytes = Vec::new();
        match tile.kind {
            Kind::Hashes(_) => {
                let length = tile.width.saturating_mul(HASH_BYTES as u64);
                file.take(length).read_to_end(&mut bytes)?;
                if bytes.len() as u64 != length {
                    return Err(short(&tile));
                }
            }
            Kind::Entries => {
                file.take(BUNDLE_BYTES_MAX).read_to_end(&mut bytes)?;
                let length = entries(&bytes).take(usize::try_from(tile.width).unwrap_or(usize::MAX));
                let (count, length) = length.fold((0_u64, 0), |(count, sum), entry| (count + 1, sum + 2 + entry.len()));
                if count != tile.width {
                    return Err(short(&tile));
                }
                bytes.truncate(length);
            }
        }
        Ok(bytes)
    }
}

fn short(tile: &Tile) -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, format!("the tile `{tile}` is shorter than the checkpoint says"))
}

/// The entries of a bundle; ends before one that is cut off.
pub(crate) fn entries(mut bundle: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let (length, rest) = bundle.split_first_chunk::<2>()?;
        let (entry, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
        bundle = rest;
        Some(entry)
    })
}

/// What is added to one file.
#[derive(Debug)]
pub(crate) struct Addition {
    /// Where it begins; what stands there or behind it was never covered by a checkpoint.
    pub(crate) offset: u64,
    /// What it is.
    pub(crate) bytes: Vec<u8>,
}

/// The folder, for the one process that writes.
#[derive(Debug)]
pub(crate) struct WritableFiles {
    pub(crate) files: Files,
    /// Locked as long as the value lives.
    lock: File,
}

impl Drop for WritableFiles {
    /// The lock belongs to the open file, of which a process that was just forked holds a copy for a moment.
    fn drop(&mut self) {
        let _ = self.lock.unlock();
    }
}

impl WritableFiles {
    /// Takes the folder, made where it is not there.
    pub(crate) fn take(folder: &Path) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        let lock = OpenOptions::new().create(true).truncate(false).write(true).open(folder.join("lock"))?;
        lock.try_lock().map_err(|error| match error {
            fs::TryLockError::WouldBlock => {
                io::Error::new(io::ErrorKind::ResourceBusy, "another process writes to this log")
            }
            fs::TryLockError::Error(error) => error,
        })?;
        Ok(Self { files: Files::at(folder), lock })
    }

    /// Adds to one file, and returns when it is on disk.
    pub(crate) fn add(&self, kind: Kind, index: u64, addition: &Addition) -> io::Result<()> {
        let path = self.files.path(kind, index);
        let is_new = addition.offset == 0;
        if is_new && let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        let file = OpenOptions::new().create(is_new).truncate(false).write(true).open(&path)?;
        file.set_len(addition.offset)?;
        file.write_all_at(&addition.bytes, addition.offset)?;
        file.sync_data()?;
        if is_new {
            // The names on the way to it must be on disk too.
            let parents = path.ancestors().skip(1).take_while(|parent| parent.starts_with(&self.files.folder));
            for parent in parents {
                File::open(parent)?.sync_all()?;
            }
        }
        Ok(())
    }

    /// Replaces the checkpoint, and returns when it is on disk.
    pub(crate) fn set_checkpoint(&self, note: &str) -> io::Result<()> {
        let folder = &self.files.folder;
        let new = folder.join("checkpoint.new");
        let mut file = File::create(&new)?;
        file.write_all(note.as_bytes())?;
        file.sync_all()?;
        fs::rename(&new, folder.join(CHECKPOINT))?;
        File::open(folder)?.sync_all()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_process_writes() {
        let folder = tempfile::tempdir().unwrap();
        let first = WritableFiles::take(folder.path()).unwrap();
        let second = WritableFiles::take(folder.path()).unwrap_err();
        assert_eq!(second.kind(), io::ErrorKind::ResourceBusy);
        drop(first);
        WritableFiles::take(folder.path()).unwrap();
    }

    #[test]
    fn what_lies_beyond_is_overwritten_and_partial_tiles_are_the_beginning() {
        let folder = tempfile::tempdir().unwrap();
        let files = WritableFiles::take(folder.path()).unwrap();
        let add = |offset, bytes: &[u8]| {
            files.add(Kind::Entries, 1_000, &Addition { offset, bytes: bytes.to_vec() }).unwrap();
        };
        add(0, b"\0\x02ab\0\x05lost?");
        add(4, b"\0\x01c\0\0");
        let read = |width| files.files.tile(Tile { kind: Kind::Entries, index: 1_000, width });
        assert_eq!(read(1).unwrap(), b"\0\x02ab");
        assert_eq!(read(3).unwrap(), b"\0\x02ab\0\x01c\0\0");
        assert_eq!(read(4).unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
        assert!(files.files.hashes(0, 0, 1).is_err());
        assert_eq!(entries(b"\0\x01a\0\x09b").collect::<Vec<_>>(), [b"a"]);
    }
}
