// SPDX-License-Identifier: MIT OR Apache-2.0
//! The components that are measured, built from the checkout.

use anyhow::Result;
use sdk_build::{Builder, Bundle, Environment, Event};
use std::path::PathBuf;

/// Built components.
pub(crate) struct Bundles {
    /// The guest that does next to nothing.
    pub(crate) echo: Bundle,
    /// The ledger.
    pub(crate) accounting: Bundle,
    /// The reader of plain-text journals.
    pub(crate) import: Bundle,
}

impl Bundles {
    /// Builds what is not up to date; says so.
    pub(crate) fn build() -> Result<Self> {
        let builder = Builder::new(workspace(), Environment::of_process())?;
        let build = |folder: &str| {
            builder.build(folder.as_ref(), &mut |event| {
                if !matches!(event, Event::Output(_)) {
                    crate::say(&format!("  {event}"));
                }
            })
        };
        Ok(Self {
            echo: build("conformance/guests/echo")?,
            accounting: build("components/accounting")?,
            import: build("components/import-journal")?,
        })
    }
}

/// The checkout that this crate belongs to.
pub(crate) fn workspace() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).map(PathBuf::from).unwrap_or_default()
}
