// SPDX-License-Identifier: MIT OR Apache-2.0
//! The audit of a log's folder: every hash is made again from the entries, compared with its tile, and the root over
//! all of them with the one that was signed. Nothing is repaired: what was signed cannot be changed, only restored from
//! a copy. May run beside the process that writes, for what a checkpoint covers does not change.

use super::checkpoint::{self, Checkpoint, Origin};
use super::files::{Files, entries};
use super::merkle::{self, Hash, Nodes, fold, leaf_hash};
use super::state::ENTRIES_MAX;
use super::tile::{Kind, TILE_LEVELS, TILE_WIDTH, Tile};
use crate::keys::PublicKey;
use std::io;
use std::path::Path;

/// The findings that are listed at most.
pub const FINDINGS_MAX: usize = 100;

/// What an audit found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// How many entries the checkpoint covers.
    pub entries: u64,
    /// The root that was signed.
    pub signed_root: Hash,
    /// The root over the entries; `None` where they could not all be read.
    pub root: Option<Hash>,
    /// What is wrong, at most [`FINDINGS_MAX`].
    pub findings: Vec<String>,
}

impl Report {
    /// Whether the log is what was signed.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.findings.is_empty() && self.root == Some(self.signed_root)
    }
}

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The files.
    #[error("the log cannot be read: {0}")]
    Io(#[from] io::Error),
    /// The checkpoint.
    #[error("{0}")]
    Checkpoint(#[from] checkpoint::Error),
    /// There is none.
    #[error("`{0}` has no checkpoint, so it is no log")]
    NoLog(String),
    /// Too many entries.
    #[error("the checkpoint covers {0} entries, more than a log has")]
    TooLarge(u64),
}

/// The newest checkpoint of the log in a folder, and the note that holds it; the signature is checked.
///
/// # Errors
/// Where the checkpoint is not there, or not this log's own.
pub fn newest(folder: &Path, origin: &Origin, key: &PublicKey) -> Result<(Checkpoint, String), Error> {
    let note = Files::at(folder).checkpoint()?.ok_or_else(|| Error::NoLog(folder.display().to_string()))?;
    Ok((Checkpoint::open(&note, origin, key)?, note))
}

/// Audits the log in a folder.
///
/// # Errors
/// Where the checkpoint is not there, or not this log's own. What is wrong with tiles and entries is in the report.
pub fn check(folder: &Path, origin: &Origin, key: &PublicKey) -> Result<Report, Error> {
    let (checkpoint, _) = newest(folder, origin, key)?;
    if checkpoint.size > ENTRIES_MAX {
        return Err(Error::TooLarge(checkpoint.size));
    }
    let mut audit = Audit { files: Files::at(folder), levels: Vec::new(), findings: Vec::new() };
    let root = audit.walk(checkpoint.size);
    if root.is_some_and(|root| root != checkpoint.root) {
        audit.find(String::from("the root over the entries is not the one that was signed"));
    }
    Ok(Report { entries: checkpoint.size, signed_root: checkpoint.root, root, findings: audit.findings })
}

struct Audit {
    files: Files,
    /// For each level of tiles the index of the tile at the right edge and its hashes, made from the entries.
    levels: Vec<(u64, Vec<Hash>)>,
    findings: Vec<String>,
}

impl Audit {
    fn find(&mut self, finding: String) {
        if self.findings.len() < FINDINGS_MAX {
            self.findings.push(finding);
        }
    }

    /// Goes over all entries and returns the root; `None` where some cannot be read.
    fn walk(&mut self, size: u64) -> Option<Hash> {
        for index in 0..size.div_ceil(TILE_WIDTH) {
            let tile = Tile { kind: Kind::Entries, index, width: (size - index * TILE_WIDTH).min(TILE_WIDTH) };
            match self.files.tile(tile) {
                Ok(bundle) => entries(&bundle).for_each(|entry| self.push(0, leaf_hash(entry))),
                Err(error) => {
                    self.find(format!(
                        "the entries of `{tile}` cannot be read, and nothing behind them is checked: {error}"
                    ));
                    return None;
                }
            }
        }
        for level in 0..self.levels.len() {
            self.compare(level);
        }
        merkle::root(&mut RightEdge(&self.levels), size).ok()
    }

    fn push(&mut self, level: usize, hash: Hash) {
        if self.levels.len() <= level {
            self.levels.push((0, Vec::new()));
        }
        let Some((_, hashes)) = self.levels.get_mut(level) else { return };
        hashes.push(hash);
        if hashes.len() as u64 == TILE_WIDTH {
            let above = fold(hashes.clone());
            self.compare(level);
            if let Some((index, hashes)) = self.levels.get_mut(level) {
                *index += 1;
                hashes.clear();
            }
            if let Some(above) = above {
                self.push(level + 1, above);
            }
        }
    }

    /// Compares a tile on disk with the hashes that the entries give.
    fn compare(&mut self, level: usize) {
        let Some((index, hashes)) = self.levels.get(level) else { return };
        let Ok(number) = u8::try_from(level) else { return };
        let tile = Tile { kind: Kind::Hashes(number), index: *index, width: hashes.len() as u64 };
        if hashes.is_empty() {
            return;
        }
        let finding = match self.files.hashes(number, tile.index, tile.width) {
            Ok(found) if found == *hashes => return,
            Ok(found) => {
                let first = found.iter().zip(hashes).position(|(found, made)| found != made).unwrap_or_default();
                format!("the hash {first} of the tile `{tile}` is not the one that the entries give")
            }
            Err(error) => format!("the tile `{tile}` cannot be read: {error}"),
        };
        self.find(finding);
    }
}

/// Hashes for the root alone, all of which are in tiles at the right edge.
struct RightEdge<'a>(&'a [(u64, Vec<Hash>)]);

impl Nodes for RightEdge<'_> {
    type Error = ();

    fn node(&mut self, level: u32, index: u64) -> Result<Hash, ()> {
        let first = index << (level % TILE_LEVELS);
        let within = usize::try_from(first % TILE_WIDTH).map_err(|_| ())?;
        let (edge, hashes) = usize::try_from(level / TILE_LEVELS).ok().and_then(|level| self.0.get(level)).ok_or(())?;
        let count = 1 << (level % TILE_LEVELS);
        let part = hashes.get(within..within + count).filter(|_| *edge == first / TILE_WIDTH).ok_or(())?;
        fold(part.to_vec()).ok_or(())
    }
}
