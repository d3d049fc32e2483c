// SPDX-License-Identifier: MIT OR Apache-2.0
//! The transparency log. [`Log::append`] answers once the entry, the tiles over it and a signed checkpoint that covers it are on
//! disk, with the proof; one thread writes, and takes all entries that wait in one batch, so that the disk is waited for once.
//!
//! [`merkle`] is the tree, [`tile`] the addresses of tiles, [`checkpoint`] what is signed, [`entry`] what may be logged,
//! [`fsck`] the audit that believes nothing but the entries. Not here: HTTP (`http`), witnesses, and removal, which a log does
//! not have.

pub mod checkpoint;
pub mod entry;
mod files;
pub mod fsck;
pub mod merkle;
mod state;
#[cfg(test)]
mod tests;
pub mod tile;
mod writer;

pub use files::ENTRY_BYTES_MAX;
pub use state::ENTRIES_MAX;
pub use writer::{BATCH_ENTRIES_MAX, QUEUE_ENTRIES_MAX};

use crate::keys::{LogKey, Signer as _};
use checkpoint::Origin;
use files::Files;
use merkle::Hash;
use parking_lot::RwLock;
use std::io;
use std::path::Path;
use std::sync::Arc;
use tile::Tile;
use tokio::sync::{mpsc, oneshot};

/// An entry that is in the log, and the proof.
#[derive(Debug, Clone)]
pub struct Included {
    /// Its place.
    pub index: u64,
    /// The size of the tree that the proof is for.
    pub size: u64,
    /// The root of that tree.
    pub root: Hash,
    /// The proof, from the leaf upwards.
    pub proof: Vec<Hash>,
    /// The signed checkpoint of that tree.
    pub checkpoint: Arc<str>,
}

/// What readers may see: never more than a checkpoint on disk covers.
#[derive(Debug, Clone)]
struct Published {
    size: u64,
    checkpoint: Arc<str>,
}

/// A running log. Dropping it ends the writer once the entries that wait are written.
pub struct Log {
    commands: mpsc::Sender<writer::Command>,
    published: Arc<RwLock<Published>>,
    files: Files,
    origin: Origin,
    id: [u8; 32],
}

impl Log {
    /// Opens the log in a folder, or begins one.
    ///
    /// # Errors
    /// Where another process has it, it cannot be read, or it is not what this key signed.
    pub fn open(folder: &Path, origin: Origin, key: LogKey) -> Result<Self, OpenError> {
        let id = origin.log_id(key.public_key());
        let writer = writer::Writer::open(folder, origin.clone(), key)?;
        let published = writer.published();
        let (commands, queue) = mpsc::channel(QUEUE_ENTRIES_MAX);
        let thread = std::thread::Builder::new().name(String::from("log-writer"));
        thread.spawn(move || writer.run(queue)).map_err(OpenError::Io)?;
        Ok(Self { commands, published, files: Files::at(folder), origin, id })
    }

    /// Its name.
    #[must_use]
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Its id in a trusted root.
    #[must_use]
    pub fn id(&self) -> &[u8; 32] {
        &self.id
    }

    /// Logs an entry.
    ///
    /// # Errors
    /// See [`AppendError`]; after [`AppendError::Failed`] the entry may or may not be there.
    pub async fn append(&self, entry: Vec<u8>) -> Result<Included, AppendError> {
        if entry.len() > ENTRY_BYTES_MAX {
            return Err(AppendError::TooLong);
        }
        let (answer, answered) = oneshot::channel();
        let command = writer::Command { entry, answer };
        self.commands.try_send(command).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => AppendError::Busy,
            mpsc::error::TrySendError::Closed(_) => AppendError::Failed,
        })?;
        answered.await.map_err(|_| AppendError::Failed)?
    }

    /// The newest signed checkpoint.
    #[must_use]
    pub fn checkpoint(&self) -> Arc<str> {
        Arc::clone(&self.published.read().checkpoint)
    }

    /// How many entries the newest checkpoint covers.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.published.read().size
    }

    /// The bytes of a tile, where the newest checkpoint covers all of it.
    ///
    /// # Errors
    /// Where it cannot be read.
    pub fn tile(&self, tile: Tile) -> io::Result<Option<Vec<u8>>> {
        if !tile.is_within(self.size()) {
            return Ok(None);
        }
        self.files.tile(tile).map(Some)
    }
}

/// Why a log is not opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The files.
    #[error("the log cannot be read or written: {0}")]
    Io(#[from] io::Error),
    /// The checkpoint.
    #[error("the log is not opened: {0}")]
    Checkpoint(#[from] checkpoint::Error),
    /// The key.
    #[error("the log's key: {0}")]
    Key(#[from] crate::keys::Error),
    /// Entries that no checkpoint covers.
    #[error(
        "the log has tiles but no checkpoint: restore `checkpoint` from a backup; a new one could contradict what was handed out"
    )]
    NoCheckpoint,
    /// The tiles are not what was signed.
    #[error("the root over the tiles is not the one of the checkpoint: nothing is written; run `fsck` to see where")]
    Root,
}

/// Why an entry is not logged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AppendError {
    /// It is there.
    #[error("the entry is in the log already, at index {index}")]
    Duplicate {
        /// Where.
        index: u64,
    },
    /// It is too long.
    #[error("the entry has more than {ENTRY_BYTES_MAX} bytes")]
    TooLong,
    /// Too many wait.
    #[error("the log has as many entries waiting as it may; try again later")]
    Busy,
    /// No more entries.
    #[error("the log has {ENTRIES_MAX} entries and takes no more; use its successor")]
    Full,
    /// The disk or the key failed.
    #[error("the entry could not be written; it may be in the log or not")]
    Failed,
}
