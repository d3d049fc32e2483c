// SPDX-License-Identifier: MIT OR Apache-2.0
//! The process is killed while publishers log: every acknowledged entry is there afterwards, at its place, and every checkpoint that
//! was handed out is of the same history.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod common;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use common::{Process, Publisher};
use serde_json::Value;
use signing_authority::folder;
use signing_authority::log::fsck;
use signing_authority::log::merkle::{HASH_BYTES, Hash, Nodes, consistency, fold, leaf_hash, root};
use sigstore_types::Sha256Hash;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::mpsc;

const ROUNDS: u64 = 4;
const CLIENTS: u64 = 12;
const ACKNOWLEDGED_EACH_ROUND: usize = 60;

/// What a publisher was told.
struct Receipt {
    index: u64,
    body: Vec<u8>,
    size: u64,
    root: Hash,
}

fn receipt(answer: &Value) -> Receipt {
    let number = |path: &str| answer.pointer(path).unwrap().as_str().unwrap().parse::<u64>().unwrap();
    let bytes = |path: &str| STANDARD.decode(answer.pointer(path).unwrap().as_str().unwrap()).unwrap();
    Receipt {
        index: number("/logIndex"),
        body: bytes("/canonicalizedBody"),
        size: number("/inclusionProof/treeSize"),
        root: bytes("/inclusionProof/rootHash").try_into().unwrap(),
    }
}

/// Logs until nobody answers.
async fn log(
    url: String,
    publisher: Arc<Publisher>,
    numbers: Arc<AtomicU64>,
    receipts: mpsc::UnboundedSender<Receipt>,
) {
    let client = reqwest::Client::new();
    loop {
        let number = numbers.fetch_add(1, Ordering::Relaxed);
        let request = publisher.entry(&number.to_be_bytes());
        let sent = client.post(format!("{url}/api/v2/log/entries")).header("content-type", "application/json");
        let Ok(answer) = sent.body(request.to_string()).send().await else { return };
        let status = answer.status();
        let Ok(text) = answer.text().await else { return };
        assert_eq!(status, 201, "{text}");
        if receipts.send(receipt(&serde_json::from_str(&text).unwrap())).is_err() {
            return;
        }
    }
}

/// What a monitor has: tiles over HTTP, all hashes of entries read once.
struct Monitor(Vec<Hash>);

impl Monitor {
    async fn read(url: &str, size: u64) -> (Self, Vec<Vec<u8>>) {
        let (mut hashes, mut entries) = (vec![], vec![]);
        for index in 0..size.div_ceil(256) {
            let width = (size - index * 256).min(256);
            let part = if width < 256 { format!(".p/{width}") } else { String::new() };
            let tile = common::get(&format!("{url}/api/v2/tile/0/{index:03}{part}")).await;
            hashes.extend(tile.as_chunks::<HASH_BYTES>().0.iter().copied());
            let mut bundle = common::get(&format!("{url}/api/v2/tile/entries/{index:03}{part}")).await;
            while !bundle.is_empty() {
                let length = usize::from(u16::from_be_bytes([bundle[0], bundle[1]]));
                entries.push(bundle[2..2 + length].to_vec());
                bundle.drain(..2 + length);
            }
        }
        (Self(hashes), entries)
    }
}

impl Nodes for Monitor {
    type Error = ();

    fn node(&mut self, level: u32, index: u64) -> Result<Hash, ()> {
        let begin = usize::try_from(index << level).unwrap();
        fold(self.0[begin..begin + (1 << level)].to_vec()).ok_or(())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_acknowledged_entry_is_lost_and_no_history_forks() {
    let folder = tempfile::tempdir().unwrap();
    let folder = common::authority(folder.path(), vec![]);
    let publisher = Arc::new(Publisher::new());
    let numbers = Arc::new(AtomicU64::new(0));
    let mut receipts = vec![];
    for _ in 0..ROUNDS {
        let mut process = Process::start(&folder);
        let (sender, mut told) = mpsc::unbounded_channel();
        let clients = (0..CLIENTS)
            .map(|_| {
                tokio::spawn(log(process.url.clone(), Arc::clone(&publisher), Arc::clone(&numbers), sender.clone()))
            })
            .collect::<Vec<_>>();
        drop(sender);
        let begun = receipts.len();
        while receipts.len() < begun + ACKNOWLEDGED_EACH_ROUND {
            receipts.push(told.recv().await.expect("clients log as long as the process lives"));
        }
        process.kill();
        for client in clients {
            client.await.unwrap();
        }
        while let Ok(receipt) = told.try_recv() {
            receipts.push(receipt);
        }
        let (log, origin, key) = folder::fsck(&folder, common::PASSPHRASE).unwrap();
        let report = fsck::check(&log, &origin, &key).unwrap();
        assert!(report.is_sound(), "{report:?}");
    }

    let process = Process::start(&folder);
    let checkpoint = String::from_utf8(common::get(&format!("{}/api/v2/checkpoint", process.url)).await).unwrap();
    let size: u64 = checkpoint.lines().nth(1).unwrap().parse().unwrap();
    let (mut monitor, entries) = Monitor::read(&process.url, size).await;
    let head = root(&mut monitor, size).unwrap();
    assert_eq!(STANDARD.encode(head), checkpoint.lines().nth(2).unwrap());
    for receipt in &receipts {
        let index = usize::try_from(receipt.index).unwrap();
        assert_eq!(entries.get(index), Some(&receipt.body), "entry {index}");
        assert_eq!(monitor.0[index], leaf_hash(&receipt.body));
        let proof = consistency(&mut monitor, receipt.size, size).unwrap();
        let proof: Vec<Sha256Hash> = proof.into_iter().map(Sha256Hash::new).collect();
        let (before, head) = (Sha256Hash::new(receipt.root), Sha256Hash::new(head));
        sigstore_merkle::verify_consistency_proof(receipt.size, size, &proof, &before, &head).unwrap();
    }
    // Each was logged once.
    let mut digests: Vec<_> = entries.iter().map(|entry| digest(&SHA256, entry).as_ref().to_vec()).collect();
    digests.sort();
    digests.dedup();
    assert_eq!(digests.len(), entries.len());
}
