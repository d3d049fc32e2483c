// SPDX-License-Identifier: MIT OR Apache-2.0
//! A package as an OCI image layout: a folder with `oci-layout`, `index.json` and `blobs/sha256`, which other people's
//! tools read and copy.

pub(crate) mod claims;
mod error;
mod pack;
mod read;
mod source;
mod write;

pub use error::{Fault, ReadError, Step};
pub use source::{Content, Folder, Memory};

use crate::attachment::Attachment;
use crate::manifest::ImageIndex;
use crate::media;
use crate::package::Package;

/// The content of the file `oci-layout`.
pub(crate) const LAYOUT: &[u8] = br#"{"imageLayoutVersion":"1.0.0"}"#;

/// A package with what is attached to it.
#[derive(Clone, Debug)]
pub struct Layout {
    /// The package.
    pub package: Package,
    /// What is attached to it, in the order of the index.
    pub attachments: Vec<Attachment>,
}

impl Layout {
    /// The index: the package under its version, and what is attached.
    #[must_use]
    pub fn index(&self) -> ImageIndex {
        let subject = self.package.descriptor();
        let package = subject.clone().with(media::REF_NAME, &tag(&self.package.manifest().version.to_string()));
        let attached = self.attachments.iter().map(|attachment| attachment.descriptor(&subject));
        ImageIndex::of(std::iter::once(package).chain(attached).collect())
    }
}

/// A version as a tag: a tag has no `+`.
#[must_use]
pub fn tag(version: &str) -> String {
    version.replace('+', "_").chars().take(128).collect()
}
