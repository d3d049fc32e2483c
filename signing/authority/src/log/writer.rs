// SPDX-License-Identifier: MIT OR Apache-2.0
//! The one thread that writes. For each batch: entries and tiles, synced; then the checkpoint, signed and synced; then the
//! answers. A crash anywhere leaves the checkpoint of the batch before, and what lies beyond it is overwritten: nobody has a
//! checkpoint that covers it. When something fails, the state is read anew from disk before the next batch.

use super::checkpoint::{Checkpoint, Origin};
use super::files::WritableFiles;
use super::merkle::leaf_hash;
use super::state::{Batch, ENTRIES_MAX, State};
use super::{AppendError, Included, OpenError, Published};
use crate::keys::{LogKey, Signer as _};
use parking_lot::RwLock;
use std::path::Path;
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot};

/// The entries that may wait: two batches.
pub const QUEUE_ENTRIES_MAX: usize = 2_048;

/// The entries of one batch: the time for it stays below a second also on a slow disk.
pub const BATCH_ENTRIES_MAX: usize = 1_024;

/// An entry that waits.
pub(super) struct Command {
    pub(super) entry: Vec<u8>,
    pub(super) answer: oneshot::Sender<Result<Included, AppendError>>,
}

pub(super) struct Writer {
    files: WritableFiles,
    origin: Origin,
    key: LogKey,
    /// `None` after a failure.
    state: Option<State>,
    published: Arc<RwLock<Published>>,
}

impl Writer {
    pub(super) fn open(folder: &Path, origin: Origin, key: LogKey) -> Result<Self, OpenError> {
        let files = WritableFiles::take(folder)?;
        if files.files.checkpoint()?.is_none() {
            if files.files.has_tiles() {
                return Err(OpenError::NoCheckpoint);
            }
            let root = super::merkle::empty_root();
            files.set_checkpoint(&Checkpoint { origin: origin.clone(), size: 0, root }.sign(&key)?)?;
        }
        let (state, published) = load(&files, &origin, &key)?;
        Ok(Self { files, origin, key, state: Some(state), published: Arc::new(RwLock::new(published)) })
    }

    pub(super) fn published(&self) -> Arc<RwLock<Published>> {
        Arc::clone(&self.published)
    }

    pub(super) fn run(mut self, mut queue: mpsc::Receiver<Command>) {
        let mut waiting = Vec::with_capacity(BATCH_ENTRIES_MAX);
        while queue.blocking_recv_many(&mut waiting, BATCH_ENTRIES_MAX) > 0 {
            self.write(std::mem::take(&mut waiting));
        }
    }

    fn write(&mut self, commands: Vec<Command>) {
        let (entries, answers): (Vec<_>, Vec<_>) =
            commands.into_iter().map(|command| (command.entry, command.answer)).unzip();
        let results = self.commit(&entries).unwrap_or_else(|error| {
            tracing::error!(%error, entries = entries.len(), "a batch could not be written");
            self.state = None;
            vec![Err(AppendError::Failed); entries.len()]
        });
        for (answer, result) in answers.into_iter().zip(results) {
            // Whoever went away finds the entry in the log all the same.
            let _ = answer.send(result);
        }
    }

    /// Writes a batch and says for each entry what became of it; an error where that is not known.
    fn commit(&mut self, entries: &[Vec<u8>]) -> Result<Vec<Result<Included, AppendError>>, OpenError> {
        if self.state.is_none() {
            let (state, published) = load(&self.files, &self.origin, &self.key)?;
            *self.published.write() = published;
            self.state = Some(state);
        }
        let Some(state) = &mut self.state else { return Err(OpenError::Root) };
        let mut batch = state.begin();
        let places = place(state, &self.files, &mut batch, entries)?;
        if batch.size() == state.size {
            return Ok(places.into_iter().map(|place| place.and(Err(AppendError::Failed))).collect());
        }
        for (kind, index, addition) in batch.additions() {
            self.files.add(kind, index, addition)?;
        }
        let (size, root) = (batch.size(), state.root_with(&self.files.files, &batch)?);
        let indexes: Vec<u64> = places.iter().filter_map(|place| place.as_ref().ok().copied()).collect();
        let mut proofs = state.proofs(&self.files.files, &batch, &indexes)?.into_iter();
        let checkpoint = Checkpoint { origin: self.origin.clone(), size, root }.sign(&self.key)?;
        self.files.set_checkpoint(&checkpoint)?;
        let checkpoint: Arc<str> = checkpoint.into();
        state.absorb(batch, root);
        *self.published.write() = Published { size, checkpoint: Arc::clone(&checkpoint) };
        let results = places.into_iter().map(|place| {
            let index = place?;
            let proof = proofs.next().ok_or(AppendError::Failed)?;
            Ok(Included { index, size, root, proof, checkpoint: Arc::clone(&checkpoint) })
        });
        Ok(results.collect())
    }
}

/// Gives each entry its place on top of the batch, or says why it gets none.
fn place(
    state: &State,
    files: &WritableFiles,
    batch: &mut Batch,
    entries: &[Vec<u8>],
) -> Result<Vec<Result<u64, AppendError>>, OpenError> {
    let mut places = Vec::with_capacity(entries.len());
    for entry in entries {
        let found = state.find(&files.files, batch, &leaf_hash(entry))?;
        places.push(match found {
            Some(index) => Err(AppendError::Duplicate { index }),
            None if batch.size() >= ENTRIES_MAX => Err(AppendError::Full),
            None => Ok(state.push(batch, entry)),
        });
    }
    Ok(places)
}

/// Reads what the checkpoint on disk covers, and checks that it is what was signed.
fn load(files: &WritableFiles, origin: &Origin, key: &LogKey) -> Result<(State, Published), OpenError> {
    let note = files.files.checkpoint()?.ok_or(OpenError::NoCheckpoint)?;
    let checkpoint = Checkpoint::open(&note, origin, key.public_key())?;
    let state = State::load(&files.files, checkpoint.size)?;
    if state.root != checkpoint.root {
        return Err(OpenError::Root);
    }
    Ok((state, Published { size: checkpoint.size, checkpoint: note.into() }))
}
