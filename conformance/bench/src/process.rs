// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the system says of a process and of the machine (Linux: `/proc`, see proc(5)).

use anyhow::{Context as _, Result};
use std::time::Duration;

/// Clock ticks in a second, `sysconf(_SC_CLK_TCK)`: 100 on every Linux that user space sees.
const TICKS_PER_SECOND: u64 = 100;

/// The processor time that a process has used, user and system, all threads.
pub(crate) fn cpu(process: u32) -> Result<Duration> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat"))?;
    // The name of the command, in parentheses, may hold anything; utime and stime are the 12th and 13th field behind it.
    let fields = stat.rsplit_once(')').context("a strange stat file")?.1;
    let ticks: u64 = fields.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum();
    Ok(Duration::from_millis(ticks.saturating_mul(1_000 / TICKS_PER_SECOND)))
}

/// What a process holds.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Holds {
    /// Resident memory, in kB.
    pub(crate) resident_kb: u64,
    /// Open file descriptors.
    pub(crate) files: u64,
}

/// Reads what a process holds.
pub(crate) fn holds(process: u32) -> Result<Holds> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    let field = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
    };
    let files = std::fs::read_dir(format!("/proc/{process}/fd"))?.count();
    Ok(Holds { resident_kb: field("VmRSS"), files: u64::try_from(files).unwrap_or(u64::MAX) })
}

/// The memory that a process of another user shares with nobody, in kB, where it may be read.
pub(crate) fn private_kb(process: i32) -> Option<f64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"))?;
    line.split_whitespace().next()?.parse().ok()
}

/// The machine in general terms, and how busy it is.
pub(crate) fn machine() -> String {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZeroUsize::get);
    let information = read("/proc/cpuinfo");
    let model = information.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    let model = model.map_or("an unknown processor", |(_, model)| model.trim());
    let system = read("/etc/os-release");
    let system = system.lines().find_map(|line| line.strip_prefix("PRETTY_NAME=")).unwrap_or("\"unknown\"");
    let load = read("/proc/loadavg");
    let load: Vec<&str> = load.split_whitespace().take(2).collect();
    format!(
        "{cores} processors ({model}), {}; load averages of the last 1 and 5 minutes: {}\n",
        system.trim_matches('"'),
        load.join(" and ")
    )
}
