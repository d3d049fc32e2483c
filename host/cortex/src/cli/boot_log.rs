// SPDX-License-Identifier: MIT OR Apache-2.0
//! `cortex log boot`: what the host of a directory was started with, each time, as it signed it.

use super::terminal;
use anyhow::Result;
use cortex::boot;
use cortex::layout::Layout;
use serde_json::json;
use std::path::PathBuf;

/// What to look at.
#[derive(Debug, clap::Args)]
pub(crate) struct BootLog {
    /// The host's public key, kept elsewhere, in the place of `boot/public.pem` beside the log.
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,

    /// Prints the records as JSON, with what each host was started with.
    #[arg(long)]
    json: bool,
}

impl BootLog {
    pub(super) fn run(self, layout: &Layout) -> Result<()> {
        let boots = boot::read(layout, self.key.as_deref())?;
        if self.json {
            terminal::line(&format!("{:#}", json!({ "verified": true, "boots": boots })));
            return Ok(());
        }
        for boot in &boots {
            terminal::line(&format!("{}  {}  {}", boot.number, boot.at, boot.digest));
        }
        let first = boots.first().map_or(1, |boot| boot.number);
        if first > 1 {
            terminal::line(&format!("the records before {first} are in `boot-{}.log`", first.saturating_sub(1)));
        }
        terminal::line(&format!("{} records, every signature verified, none changed, moved or left out", boots.len()));
        Ok(())
    }
}
