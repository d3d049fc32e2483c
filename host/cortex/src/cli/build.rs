// SPDX-License-Identifier: MIT OR Apache-2.0
//! `cortex build`: component crates into bundles.

use super::terminal::{self, Step};
use anyhow::{Context as _, Result};
use sdk_build::{Builder, Bundle, Environment, Event};
use std::path::{Path, PathBuf};

/// Which crates to build.
#[derive(Debug, clap::Args)]
pub(crate) struct Build {
    /// The crates' directories.
    #[arg(required = true, value_name = "CRATE")]
    crates: Vec<PathBuf>,
}

impl Build {
    pub(crate) fn run(self) -> Result<()> {
        for directory in &self.crates {
            let builder = Builder::around(directory, Environment::of_process())?;
            let directory = std::path::absolute(directory)?;
            let bundle = bundle(&builder, &directory)?;
            terminal::line(&format!("{} {}", bundle.digest, bundle.directory.display()));
        }
        Ok(())
    }
}

/// Builds one crate and shows how it goes.
pub(crate) fn bundle(builder: &Builder, directory: &Path) -> Result<Bundle> {
    let name = directory.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let step = Step::begin(&format!("building {name}"));
    let built = builder.build(directory, &mut |event| match event {
        Event::Output(line) => step.say(&line),
        other => step.say(&other.to_string()),
    });
    let bundle = built.with_context(|| format!("component `{name}` cannot be built"))?;
    step.done(&format!("component {name} is ready"));
    Ok(bundle)
}
