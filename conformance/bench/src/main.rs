// SPDX-License-Identifier: MIT OR Apache-2.0
//! Benchmarks: `cargo run --release -p bench` measures everything and prints one table; names of topics narrow it.
//!
//! What is compared is measured side by side in the same run: rounds of the one and of the other alternate, and the table
//! shows medians. Servers and the load generator are processes of their own (this binary, started again), so that what
//! each of them costs can be read from the system. Nothing here is a test and nothing fails for being slow.

#![expect(clippy::float_arithmetic, reason = "measurements; no money is counted here")]

mod baseline;
mod bundles;
mod child;
mod http;
mod ledger;
mod load;
mod measure;
mod pgbench;
mod process;
mod role;
mod rows;
mod server;
mod table;
mod wire;

use anyhow::{Context as _, Result};
use clap::Parser as _;
use rows::Topic;
use std::io::Write as _;
use std::path::PathBuf;
use std::time::Duration;

/// Measures Cortex on this machine.
#[derive(Debug, clap::Parser)]
struct Arguments {
    /// What is measured; everything where nothing is named.
    topics: Vec<Topic>,

    /// Rounds, of which the median counts.
    #[arg(long, default_value_t = 5)]
    rounds: usize,

    /// How long a round under load takes, in seconds.
    #[arg(long, default_value_t = 3.0)]
    seconds: f64,
}

/// What every topic is measured with.
struct Context {
    rounds: usize,
    round: Duration,
    bundles: bundles::Bundles,
    /// Empty at the start; on the disk that the checkout is on.
    scratch: PathBuf,
    /// What later runs use again.
    kept: PathBuf,
}

fn main() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    if std::env::args().nth(1).as_deref() == Some(child::ROLE) {
        return role::play(&runtime);
    }
    let arguments = Arguments::parse();
    runtime.block_on(measure(arguments))
}

async fn measure(arguments: Arguments) -> Result<()> {
    let kept = bundles::workspace().join("target/bench-data");
    std::fs::create_dir_all(&kept)?;
    // Held until the end: two runs at a time would measure each other.
    let lock = std::fs::File::create(kept.join("lock"))?;
    lock.try_lock().context("another run measures now; wait for it to end")?;
    let scratch = kept.join("scratch");
    if scratch.exists() {
        std::fs::remove_dir_all(&scratch)?;
    }
    std::fs::create_dir_all(&scratch)?;
    say("building the components");
    let bundles = tokio::task::spawn_blocking(bundles::Bundles::build).await??;
    let round = Duration::from_secs_f64(arguments.seconds);
    let context = Context { rounds: arguments.rounds.max(1), round, bundles, scratch, kept };
    let mut table = table::Table::default();
    for topic in Topic::ALL {
        if arguments.topics.is_empty() || arguments.topics.contains(topic) {
            say(&format!("measuring: {}", topic.title()));
            topic.measure(&context, &mut table).await.with_context(|| format!("measuring: {}", topic.title()))?;
        }
    }
    std::fs::remove_dir_all(&context.scratch)?;
    writeln!(std::io::stdout().lock(), "{}\n{table}", process::machine())?;
    Ok(())
}

/// Progress, to standard error.
fn say(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}
