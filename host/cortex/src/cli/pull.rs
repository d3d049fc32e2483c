// SPDX-License-Identifier: MIT OR Apache-2.0
//! `cortex pull`: a package from a registry into a layout, or into a bundle.

use super::package::{description, report};
use super::push::{Reach, runtime};
use super::terminal::{self, Step};
use anyhow::{Context as _, Result};
use std::path::PathBuf;

/// What to pull, and where to put it.
#[derive(Debug, clap::Args)]
pub(crate) struct Pull {
    /// What: `registry.example.org/acme/accounting@sha256:...`. A tag is whatever it is today.
    #[arg(value_name = "PLACE")]
    place: String,
    /// The folder of the layout; a layout there is replaced.
    #[arg(long, value_name = "LAYOUT")]
    out: PathBuf,
    /// A folder for the files of the package, as a bundle; a bundle there is replaced.
    #[arg(long, value_name = "BUNDLE")]
    unpack: Option<PathBuf>,
    #[command(flatten)]
    reach: Reach,
    /// Prints one object of JSON.
    #[arg(long)]
    json: bool,
}

impl Pull {
    pub(crate) fn run(self) -> Result<()> {
        let remote = self.reach.remote(&self.place)?;
        let step = Step::begin(&format!("pulling {}", self.place));
        let pulled = runtime()?.block_on(remote.pull())?;
        for skipped in &pulled.skipped {
            step.say(&format!("left out: {skipped}"));
        }
        let layout = &pulled.layout;
        layout.write(&self.out).with_context(|| format!("cannot write `{}`", self.out.display()))?;
        if let Some(folder) = &self.unpack {
            layout.package.unpack(folder).with_context(|| format!("cannot write `{}`", folder.display()))?;
        }
        step.done(&format!("pulled {} with {} attached", layout.package.digest(), layout.attachments.len()));
        if self.json {
            let mut object = description(layout);
            if let Some(fields) = object.as_object_mut() {
                fields.insert(String::from("place"), self.place.into());
                fields.insert(String::from("skipped"), pulled.skipped.into());
            }
            terminal::line(&object.to_string());
        } else {
            terminal::line(&report(layout, false));
        }
        Ok(())
    }
}
