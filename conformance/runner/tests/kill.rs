// SPDX-License-Identifier: MIT OR Apache-2.0
//! Kill -9 during a posting load, fifty times: no acknowledged entry is lost, none is there twice or in part, and numbers are
//! gapless. Whatever is sent again under its key is answered and done once.
//!
//! A kill takes the process and leaves what the system has of its files; that a commit reaches the disk itself is for
//! `synchronous=FULL`, which `backend-sqlite` tests, and for the server's own settings.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "a helper of a test is a test"
)]

#[path = "kill/load.rs"]
mod load;
#[path = "kill/verify.rs"]
mod verify;

use conformance::backend::Backend;
use conformance::books::{self, ACCOUNTING, path};
use conformance::process::Process;
use conformance::random::Random;
use load::Round;
use serde_json::json;
use verify::Known;

conformance::on_each_backend!(nothing_acknowledged_is_lost_and_nothing_is_there_in_part);

/// Kills on each back end.
const KILLS: u64 = 50;

/// Clients that post at the same time.
const CLIENTS: u64 = 6;

/// The load is killed after at most so many acknowledged calls.
const CALLS_MAX: u64 = 30;

/// And at most so many microseconds later: a batch takes a few milliseconds.
const DELAY_US_MAX: u64 = 6_000;

/// Three accounts for each round, so that a round's lines are found without reading all others.
fn accounts(round: u64) -> [String; 3] {
    ["A", "B", "C"].map(|which| format!("R{round:02}{which}"))
}

fn start(backend: &Backend, directory: &tempfile::TempDir) -> Process {
    Process::start(env!("CARGO_BIN_EXE_conformance-host"), backend, directory.path(), &[ACCOUNTING])
}

async fn nothing_acknowledged_is_lost_and_nothing_is_there_in_part(backend: Backend) {
    let checked = tokio::task::spawn_blocking(move || kill_and_check(&backend));
    checked.await.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()));
}

fn kill_and_check(backend: &Backend) {
    let directory = tempfile::tempdir().unwrap();
    let mut process = start(backend, &directory);
    books::set_up(&process.client).unwrap();
    let all: Vec<_> =
        (0..KILLS).flat_map(accounts).map(|code| json!({ "code": code, "name": code, "kind": "asset" })).collect();
    process.client.call(&path("chart/create-accounts"), &json!({ "accounts": all })).unwrap().ok();
    let mut random = Random::new(0x0c0f_fee5);
    let mut known = Known::default();
    for number in 0..KILLS {
        let round = Round::new(number, accounts(number));
        let after = (random.below(CALLS_MAX), random.below(DELAY_US_MAX));
        let sent = round.run(&mut process, CLIENTS, random.next(), after);
        process = start(backend, &directory);
        known.check_round(&process.client, &round, &sent);
    }
    known.check_all(&process.client);
    known.report();
}
