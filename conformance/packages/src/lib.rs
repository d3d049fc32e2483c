// SPDX-License-Identifier: MIT OR Apache-2.0
//! Packages that somebody forged, each with the step that has to refuse it.
//!
//! Every [`Case`] makes a package as an OCI image layout in a folder, with signatures that are honestly made by keys
//! and by a whole signing service of this process. It makes it twice: with its fault, and without ([`Draft`] is the
//! same otherwise). Without it the package is accepted, with it refused at the step that the case names, so that
//! nothing is refused early by accident.
//!
//! [`refused`] walks the steps: what `edge-package` reads, what `signing-verify` believes and admits, what
//! `edge-registry` takes as a bundle, what the engine compiles. Not here: hostile code, which is in
//! `conformance/guests`, and hostile manifests, which are in `conformance/runner`.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what is wrong with a case fails the test"
)]

mod cases;
mod draft;
mod walk;
mod world;

pub use cases::all;
pub use draft::Draft;
pub use walk::{NAME, Site, refused};
pub use world::World;

use std::path::Path;

/// A forged package.
pub struct Case {
    /// What was done to it.
    pub name: &'static str,
    /// The step that has to refuse it: of `edge_package::layout::Step`, of `signing_verify::Step`, or of [`refused`].
    pub step: &'static str,
    make: fn(&World, bool) -> Draft,
}

impl Case {
    /// Writes the package as a layout, with its fault or without; returns what the site knows to which it is offered.
    #[must_use]
    pub fn write(&self, world: &World, folder: &Path, with_fault: bool) -> Site {
        let draft = (self.make)(world, with_fault);
        draft.write(folder);
        draft.site
    }
}

pub(crate) const fn case(name: &'static str, step: &'static str, make: fn(&World, bool) -> Draft) -> Case {
    Case { name, step, make }
}
