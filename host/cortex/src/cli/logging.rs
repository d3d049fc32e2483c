// SPDX-License-Identifier: MIT OR Apache-2.0
//! Log lines on standard error, as text or as one JSON object a line.

use super::terminal;
use anyhow::{Result, anyhow};
use tracing_subscriber::EnvFilter;

/// How log lines are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Format {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// Starts logging.
pub(crate) fn start(filter: &str, format: Format) -> Result<()> {
    let shown: String = filter.chars().take(80).collect();
    let parsed = filter.parse::<EnvFilter>();
    let filter = parsed.map_err(|_| anyhow!("`{shown}` is no log filter: write `level` or `target=level,...`"))?;
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let started = match format {
        Format::Text => lines.try_init(),
        Format::Json => {
            terminal::leave_to_log();
            lines.json().flatten_event(true).try_init()
        }
    };
    started.map_err(|error| anyhow!("logging cannot be started: {error}"))
}
