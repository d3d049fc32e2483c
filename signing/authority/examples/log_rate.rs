// SPDX-License-Identifier: MIT OR Apache-2.0
//! Measures the log: how many entries a second, each verified, on disk and proved, and how long each waited. The wait is the age
//! of what a checkpoint covers. `cargo run --release -p signing-authority --example log_rate [entries] [at a time] [folder]`

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use signing_authority::keys::file::FileKey;
use signing_authority::keys::{Algorithm, LogKey, Signer as _};
use signing_authority::log::checkpoint::Origin;
use signing_authority::log::entry::Request;
use signing_authority::log::{Log, fsck};
use std::error::Error;
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

fn request(key: &FileKey, number: usize) -> Result<String, Box<dyn Error>> {
    let message = number.to_be_bytes();
    let value = serde_json::json!({"hashedRekordRequestV002": {
        "digest": STANDARD.encode(digest(&SHA256, &message).as_ref()),
        "signature": {
            "content": STANDARD.encode(key.sign(&message)?),
            "verifier": {"keyDetails": "PKIX_ECDSA_P256_SHA_256", "publicKey": {"rawBytes": STANDARD.encode(key.public_key().der())}},
        },
    }});
    Ok(value.to_string())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let mut number = |default| arguments.next().map_or(Ok(default), |text| text.parse::<usize>());
    let (entries, at_a_time) = (number(20_000)?, number(256)?);
    let folder = arguments.next().map_or_else(|| std::env::temp_dir().join("cortex-log-rate"), PathBuf::from);
    let key = FileKey::generate(Algorithm::EcdsaP256Sha256)?;
    let requests: Vec<String> = (0..entries).map(|number| request(&key, number)).collect::<Result<_, _>>()?;
    let log_key = LogKey::new(Arc::new(FileKey::generate(Algorithm::Ed25519)?))?;
    let public = log_key.public_key().clone();
    let origin = Origin::new("log.example.org")?;
    let log = Arc::new(Log::open(&folder, origin.clone(), log_key)?);
    let (requests, next) = (Arc::new(requests), Arc::new(AtomicUsize::new(0)));
    let begun = Instant::now();
    let mut tasks = Vec::new();
    for _ in 0..at_a_time {
        let (log, requests, next) = (Arc::clone(&log), Arc::clone(&requests), Arc::clone(&next));
        tasks.push(tokio::spawn(async move {
            let mut waits = Vec::new();
            while let Some(text) = requests.get(next.fetch_add(1, Ordering::Relaxed)) {
                let begun = Instant::now();
                let request: Request = serde_json::from_str(text).map_err(|error| error.to_string())?;
                let entry = request.into_entry().map_err(|error| error.to_string())?;
                log.append(entry).await.map_err(|error| error.to_string())?;
                waits.push(begun.elapsed());
            }
            Ok::<_, String>(waits)
        }));
    }
    let mut waits = Vec::new();
    for task in tasks {
        waits.extend(task.await??);
    }
    let all = begun.elapsed();
    waits.sort();
    let at =
        |part: usize| waits.get(waits.len().saturating_mul(part) / 1_000).or(waits.last()).copied().unwrap_or_default();
    let rate = u128::try_from(entries)? * 1_000 / all.as_millis().max(1);
    writeln!(
        std::io::stdout(),
        "{entries} entries, {at_a_time} at a time: {rate} a second; waited {:?} in the middle, {:?} for 99 of 100, {:?} at most",
        at(500),
        at(990),
        waits.last().copied().unwrap_or_default(),
    )?;
    let report = fsck::check(&folder, &origin, &public)?;
    writeln!(
        std::io::stdout(),
        "audited in {:?}: {}",
        begun.elapsed() - all,
        if report.is_sound() { "sound" } else { "NOT sound" }
    )?;
    drop(log);
    std::fs::remove_dir_all(&folder)?;
    Ok(())
}
