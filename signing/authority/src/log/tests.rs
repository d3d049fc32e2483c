// SPDX-License-Identifier: MIT OR Apache-2.0
//! The log as a whole: what it acknowledges, what survives, what is found out.

use super::checkpoint::{Checkpoint, Origin};
use super::merkle::{HASH_BYTES, Hash, Nodes, consistency, fold, inclusion, leaf_hash};
use super::tile::{Kind, TILE_WIDTH, Tile};
use super::*;
use crate::keys::file::FileKey;
use crate::keys::{Algorithm, LogKey};
use sigstore_types::Sha256Hash;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

struct Place {
    folder: tempfile::TempDir,
    key: LogKey,
}

impl Place {
    fn new() -> Self {
        let key = LogKey::new(Arc::new(FileKey::generate(Algorithm::Ed25519).unwrap())).unwrap();
        Self { folder: tempfile::tempdir().unwrap(), key }
    }

    fn origin() -> Origin {
        Origin::new("log.example.org").unwrap()
    }

    /// Opens the log; one that was just dropped may still be writing.
    fn open(&self) -> Log {
        loop {
            match Log::open(self.folder.path(), Self::origin(), self.key.clone()) {
                Err(OpenError::Io(error)) if error.kind() == io::ErrorKind::ResourceBusy => std::thread::yield_now(),
                other => break other.unwrap(),
            }
        }
    }

    fn audit(&self) -> fsck::Report {
        fsck::check(self.folder.path(), &Self::origin(), self.key.public_key()).unwrap()
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

fn entry(number: usize) -> Vec<u8> {
    format!("entry {number} {}", "x".repeat(number % 50)).into_bytes()
}

/// Logs entries `[from, to)`, all waiting at once, so that they come in batches.
async fn fill(log: &Log, from: usize, to: usize) -> Vec<Included> {
    let all = (from..to).map(|number| log.append(entry(number)));
    futures_util::future::join_all(all).await.into_iter().map(|included| included.unwrap()).collect()
}

fn theirs(hashes: &[Hash]) -> Vec<Sha256Hash> {
    hashes.iter().map(|hash| Sha256Hash::new(*hash)).collect()
}

/// What a monitor does: it has tiles and nothing else.
struct Monitor<'a>(&'a Log);

impl Nodes for Monitor<'_> {
    type Error = ();

    fn node(&mut self, level: u32, index: u64) -> Result<Hash, ()> {
        let first = index << (level % 8);
        let width = first % TILE_WIDTH + (1 << (level % 8));
        let tile = Tile { kind: Kind::Hashes(u8::try_from(level / 8).unwrap()), index: first / TILE_WIDTH, width };
        let bytes = self.0.tile(tile).unwrap().unwrap();
        let hashes = bytes.as_chunks::<HASH_BYTES>().0[usize::try_from(first % TILE_WIDTH).unwrap()..].to_vec();
        Ok(fold(hashes).unwrap())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_acknowledged_entry_has_a_proof_and_stays_after_a_restart() {
    let place = Place::new();
    let mut log = place.open();
    assert_eq!(log.size(), 0);
    let mut done = 0;
    let mut checkpoints = vec![];
    for to in [1, 2, 255, 256, 257, 700, 1_900] {
        let included = fill(&log, done, to).await;
        for (number, included) in (done..).zip(&included) {
            let checkpoint = Checkpoint::open(&included.checkpoint, &Place::origin(), place.key.public_key()).unwrap();
            assert_eq!((checkpoint.size, checkpoint.root), (included.size, included.root));
            let leaf = Sha256Hash::new(leaf_hash(&entry(number)));
            let root = Sha256Hash::new(included.root);
            sigstore_merkle::verify_inclusion_proof(
                &leaf,
                included.index,
                included.size,
                &theirs(&included.proof),
                &root,
            )
            .unwrap();
            // The same proof from the tiles.
            assert_eq!(inclusion(&mut Monitor(&log), included.index, included.size).unwrap(), included.proof);
            checkpoints.push((included.size, included.root));
        }
        done = to;
        drop(log);
        log = place.open();
        assert_eq!(log.size(), done as u64);
    }
    let (size, root) = *checkpoints.last().unwrap();
    for (old, before) in checkpoints {
        let proof = consistency(&mut Monitor(&log), old, size).unwrap();
        let (before, root) = (Sha256Hash::new(before), Sha256Hash::new(root));
        sigstore_merkle::verify_consistency_proof(old, size, &theirs(&proof), &before, &root).unwrap();
    }
    let report = place.audit();
    assert!(report.is_sound(), "{report:?}");
    assert_eq!(report.entries, 1_900);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_is_logged_once() {
    let place = Place::new();
    let log = place.open();
    fill(&log, 0, 300).await;
    assert_eq!(log.append(entry(7)).await.unwrap_err(), AppendError::Duplicate { index: 7 });
    // Within one batch, and after a restart.
    let twice = futures_util::future::join(log.append(b"twice".to_vec()), log.append(b"twice".to_vec())).await;
    assert_eq!((twice.0.unwrap().index, twice.1.unwrap_err()), (300, AppendError::Duplicate { index: 300 }));
    drop(log);
    let log = place.open();
    assert_eq!(log.append(b"twice".to_vec()).await.unwrap_err(), AppendError::Duplicate { index: 300 });
    assert_eq!(log.append(vec![0; ENTRY_BYTES_MAX + 1]).await.unwrap_err(), AppendError::TooLong);
    assert_eq!(log.size(), 301);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_checkpoint_covers_does_not_exist() {
    let place = Place::new();
    let log = place.open();
    fill(&log, 0, 250).await;
    let before = std::fs::read(place.file("checkpoint")).unwrap();
    fill(&log, 250, 600).await;
    drop(log);
    // The process ended after the tiles and before the checkpoint.
    loop {
        match files::WritableFiles::take(place.folder.path()) {
            Ok(_) => break,
            Err(_) => std::thread::yield_now(),
        }
    }
    std::fs::write(place.file("checkpoint"), before).unwrap();
    let log = place.open();
    assert_eq!(log.size(), 250);
    assert_eq!(log.tile(Tile::parse("0/000").unwrap()).unwrap(), None);
    assert!(log.tile(Tile::parse("0/000.p/250").unwrap()).unwrap().is_some());
    // Other entries come in their place, of other lengths.
    let included = futures_util::future::join_all((0..20).map(|n| log.append(vec![n; 3]))).await;
    assert_eq!(included.into_iter().map(|one| one.unwrap().index).max(), Some(269));
    drop(log);
    assert_eq!(place.open().size(), 270);
    assert!(place.audit().is_sound());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_queue_says_so_and_loses_nothing() {
    let place = Place::new();
    let log = place.open();
    // So many more than the queue holds that no writer keeps up with one who only asks.
    let count = QUEUE_ENTRIES_MAX + 40 * BATCH_ENTRIES_MAX;
    let all = futures_util::future::join_all((0..count).map(|number| log.append(entry(number)))).await;
    let refused = all.iter().filter(|one| matches!(one, Err(AppendError::Busy))).count();
    let logged = all.iter().filter(|one| one.is_ok()).count();
    assert!(refused > 0, "the queue has a bound");
    assert_eq!(refused + logged, count);
    assert_eq!(log.size(), logged as u64);
    assert!(place.audit().is_sound());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_fails_and_comes_back_makes_no_fork() {
    let place = Place::new();
    let log = place.open();
    fill(&log, 0, 10).await;
    // A folder where the next checkpoint is written: also root cannot write it.
    std::fs::create_dir(place.file("checkpoint.new")).unwrap();
    for number in 10..13 {
        assert_eq!(log.append(entry(number)).await.unwrap_err(), AppendError::Failed);
        assert_eq!(log.size(), 10);
    }
    std::fs::remove_dir(place.file("checkpoint.new")).unwrap();
    let included = log.append(entry(12)).await.unwrap();
    assert_eq!((included.index, included.size), (10, 11));
    assert!(place.audit().is_sound());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_is_not_what_was_signed_is_not_opened_and_fsck_says_where() {
    let place = Place::new();
    let log = place.open();
    fill(&log, 0, 600).await;
    drop(log);
    drop(place.open());
    let bytes = |name: &str| std::fs::read(place.file(name)).unwrap();
    let names = ["tile/0/000", "tile/0/002", "tile/1/000", "tile/entries/001", "tile/entries/002"];
    for name in names {
        let good = bytes(name);
        for position in [0, 1, good.len() / 2, good.len() - 1] {
            let mut bad = good.clone();
            bad[position] ^= 1;
            std::fs::write(place.file(name), &bad).unwrap();
            let report = place.audit();
            assert!(!report.is_sound() && !report.findings.is_empty(), "{name} {position}: {report:?}");
        }
        std::fs::write(place.file(name), &good[..good.len() - 1]).unwrap();
        assert!(!place.audit().is_sound(), "{name} cut");
        std::fs::remove_file(place.file(name)).unwrap();
        assert!(!place.audit().is_sound(), "{name} gone");
        std::fs::write(place.file(name), &good).unwrap();
        assert!(place.audit().is_sound(), "{name} restored");
    }
    // The right edge is compared with the checkpoint at each start.
    let open = || Log::open(place.folder.path(), Place::origin(), place.key.clone());
    while matches!(open(), Err(OpenError::Io(error)) if error.kind() == io::ErrorKind::ResourceBusy) {}
    let good = bytes("tile/0/002");
    let mut bad = good.clone();
    bad[5] ^= 1;
    std::fs::write(place.file("tile/0/002"), &bad).unwrap();
    let refused = loop {
        match open() {
            Err(OpenError::Io(error)) if error.kind() == io::ErrorKind::ResourceBusy => std::thread::yield_now(),
            other => break other.err().unwrap(),
        }
    };
    assert!(matches!(refused, OpenError::Root), "{refused}");
    std::fs::write(place.file("tile/0/002"), &good).unwrap();
    std::fs::remove_file(place.file("checkpoint")).unwrap();
    assert!(matches!(open(), Err(OpenError::NoCheckpoint)));
}

#[tokio::test]
async fn another_key_or_name_does_not_open_a_log() {
    let place = Place::new();
    drop(place.open());
    let other = Place::new();
    let wait = |origin: Origin, key: &LogKey| loop {
        match Log::open(place.folder.path(), origin.clone(), key.clone()) {
            Err(OpenError::Io(error)) if error.kind() == io::ErrorKind::ResourceBusy => std::thread::yield_now(),
            other => break other.err().unwrap(),
        }
    };
    assert!(matches!(wait(Place::origin(), &other.key), OpenError::Checkpoint(checkpoint::Error::Signature)));
    let name = Origin::new("other.example.org").unwrap();
    assert!(matches!(wait(name, &place.key), OpenError::Checkpoint(checkpoint::Error::OtherLog(_))));
    assert!(place.file("checkpoint").metadata().unwrap().permissions().mode() & 0o400 != 0);
}
