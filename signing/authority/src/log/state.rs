// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the writer keeps in memory: the size, the right edge of the tree, and which entries there are. It is built from the
//! files at each start; a batch of entries makes a new one from it, which counts only once it is on disk.

use super::files::{Addition, Files};
use super::merkle::{self, Hash, Nodes, fold, leaf_hash};
use super::tile::{Kind, LEVELS_MAX, TILE_LEVELS, TILE_WIDTH, Tile};
use std::collections::{BTreeMap, HashMap};
use std::io;

/// The entries of one log at most; then a new log is begun (`docs/signing-service.md`). It bounds the memory that knows every
/// entry (about 40 bytes each) and the time of a start, which reads every hash.
pub const ENTRIES_MAX: u64 = 1 << 24;

/// Tiles by level and index.
type Tiles = BTreeMap<(u8, u64), Vec<Hash>>;

/// The log as far as a checkpoint covers it.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) size: u64,
    pub(crate) root: Hash,
    /// The tile at the right edge of each level, and after a batch those that it filled.
    tiles: Tiles,
    /// The bytes of the bundle at the right edge.
    bundle_bytes: u64,
    /// The indexes of entries by the beginning of their hashes.
    known: HashMap<u64, u64>,
}

/// What a batch adds.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    additions: BTreeMap<(Kind, u64), Addition>,
    /// Tiles that it touches, as they are after it.
    tiles: Tiles,
    known: HashMap<u64, u64>,
    size: u64,
    bundle_bytes: u64,
}

impl State {
    /// Reads the right edge and every hash of an entry.
    pub(crate) fn load(files: &Files, size: u64) -> io::Result<Self> {
        let mut tiles = Tiles::new();
        for level in 0..LEVELS_MAX {
            let count = size >> (u32::from(level) * TILE_LEVELS);
            let (index, width) = (count / TILE_WIDTH, count % TILE_WIDTH);
            if width > 0 {
                tiles.insert((level, index), files.hashes(level, index, width)?);
            }
        }
        let (index, width) = (size / TILE_WIDTH, size % TILE_WIDTH);
        let bundle = if width > 0 { files.tile(Tile { kind: Kind::Entries, index, width })? } else { Vec::new() };
        let mut known = HashMap::new();
        for index in 0..size.div_ceil(TILE_WIDTH) {
            let begin = index * TILE_WIDTH;
            for (number, hash) in (begin..).zip(files.hashes(0, index, (size - begin).min(TILE_WIDTH))?) {
                known.entry(beginning(&hash)).or_insert(number);
            }
        }
        let mut state = Self { size, root: merkle::empty_root(), tiles, bundle_bytes: bundle.len() as u64, known };
        state.root = merkle::root(&mut state.nodes(files, &Tiles::new()), size)?;
        Ok(state)
    }

    fn nodes<'a>(&'a self, files: &'a Files, fresh: &'a Tiles) -> TileNodes<'a> {
        TileNodes { files, fresh, kept: &self.tiles, memo: HashMap::new() }
    }

    /// The index of an entry that is there already.
    pub(crate) fn find(&self, files: &Files, batch: &Batch, hash: &Hash) -> io::Result<Option<u64>> {
        let key = beginning(hash);
        let Some(index) = batch.known.get(&key).or_else(|| self.known.get(&key)).copied() else { return Ok(None) };
        // Eight bytes can be made to collide; the whole hash cannot.
        let found = self.nodes(files, &batch.tiles).node(0, index)?;
        Ok((found == *hash).then_some(index))
    }

    /// An empty batch on top.
    pub(crate) fn begin(&self) -> Batch {
        Batch { size: self.size, bundle_bytes: self.bundle_bytes, ..Batch::default() }
    }

    /// Puts an entry on top of the batch, and says which index it will have.
    pub(crate) fn push(&self, batch: &mut Batch, entry: &[u8]) -> u64 {
        let index = batch.size;
        let hash = leaf_hash(entry);
        batch.known.entry(beginning(&hash)).or_insert(index);
        if index.is_multiple_of(TILE_WIDTH) {
            batch.bundle_bytes = 0;
        }
        let offset = batch.bundle_bytes;
        let place = (Kind::Entries, index / TILE_WIDTH);
        let addition = batch.additions.entry(place).or_insert_with(|| Addition { offset, bytes: Vec::new() });
        let length = u16::try_from(entry.len()).unwrap_or(u16::MAX);
        addition.bytes.extend(length.to_be_bytes());
        addition.bytes.extend(entry);
        batch.bundle_bytes += 2 + entry.len() as u64;
        self.push_hash(batch, 0, index, hash);
        batch.size += 1;
        index
    }

    /// Puts a hash at its place in a level, and the hash over a tile that it fills into the level above.
    fn push_hash(&self, batch: &mut Batch, level: u8, position: u64, hash: Hash) {
        let (index, within) = (position / TILE_WIDTH, position % TILE_WIDTH);
        let kept = || self.tiles.get(&(level, index)).cloned().unwrap_or_default();
        let tile = batch.tiles.entry((level, index)).or_insert_with(kept);
        tile.push(hash);
        let filled = (within + 1 == TILE_WIDTH).then(|| fold(tile.clone())).flatten();
        let offset = within * hash.len() as u64;
        let place = (Kind::Hashes(level), index);
        let addition = batch.additions.entry(place).or_insert_with(|| Addition { offset, bytes: Vec::new() });
        addition.bytes.extend(hash);
        if let Some(above) = filled {
            self.push_hash(batch, level + 1, index, above);
        }
    }

    /// The root of the tree with the batch.
    pub(crate) fn root_with(&self, files: &Files, batch: &Batch) -> io::Result<Hash> {
        merkle::root(&mut self.nodes(files, &batch.tiles), batch.size)
    }

    /// Proofs for the entries with these indexes in the tree with the batch.
    pub(crate) fn proofs(&self, files: &Files, batch: &Batch, indexes: &[u64]) -> io::Result<Vec<Vec<Hash>>> {
        let mut nodes = self.nodes(files, &batch.tiles);
        indexes.iter().map(|index| merkle::inclusion(&mut nodes, *index, batch.size)).collect()
    }

    /// Takes the batch in, once it is on disk.
    pub(crate) fn absorb(&mut self, batch: Batch, root: Hash) {
        self.size = batch.size;
        self.root = root;
        self.bundle_bytes = batch.bundle_bytes;
        self.tiles.extend(batch.tiles);
        self.tiles.retain(|_, tile| (tile.len() as u64) < TILE_WIDTH);
        for (key, index) in batch.known {
            self.known.entry(key).or_insert(index);
        }
    }
}

impl Batch {
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// What is to be written, to which files.
    pub(crate) fn additions(&self) -> impl Iterator<Item = (Kind, u64, &Addition)> {
        self.additions.iter().map(|((kind, index), addition)| (*kind, *index, addition))
    }
}

fn beginning(hash: &Hash) -> u64 {
    hash.first_chunk::<8>().map_or(0, |bytes| u64::from_be_bytes(*bytes))
}

/// Hashes of subtrees from tiles: those in memory, else the files.
struct TileNodes<'a> {
    files: &'a Files,
    fresh: &'a Tiles,
    kept: &'a Tiles,
    /// What was computed; as many as one walk over the tree asks for.
    memo: HashMap<(u32, u64), Hash>,
}

impl Nodes for TileNodes<'_> {
    type Error = io::Error;

    fn node(&mut self, level: u32, index: u64) -> io::Result<Hash> {
        if let Some(hash) = self.memo.get(&(level, index)) {
            return Ok(*hash);
        }
        let lost = || io::Error::other(format!("the hash {index} of level {level} is not in its tile"));
        let tile_level = u8::try_from(level / TILE_LEVELS).map_err(|_| lost())?;
        let first = index << (level % TILE_LEVELS);
        let count = 1_usize << (level % TILE_LEVELS);
        let place = (tile_level, first / TILE_WIDTH);
        let within = usize::try_from(first % TILE_WIDTH).map_err(|_| lost())?;
        let in_memory = self.fresh.get(&place).or_else(|| self.kept.get(&place));
        let hashes = match in_memory {
            Some(tile) => tile.get(within..within + count).ok_or_else(lost)?.to_vec(),
            None => {
                let width = u64::try_from(within + count).map_err(|_| lost())?;
                self.files.hashes(tile_level, place.1, width)?.split_off(within)
            }
        };
        let hash = fold(hashes).ok_or_else(lost)?;
        self.memo.insert((level, index), hash);
        Ok(hash)
    }
}
