// SPDX-License-Identifier: MIT OR Apache-2.0
//! A component as it is published: an OCI artifact, which any registry keeps and any OCI tool copies.
//!
//! ```text
//! bundle (a folder) --Package::of_directory--> Package --+-- Layout::write --> OCI image layout (a folder)
//!                                                        |
//! statements (list of parts, provenance) --> Attachment -+-- Remote::push --> a registry
//!
//! Layout::read, Remote::pull: back again, every digest, length and path checked
//! ```
//!
//! A [`Package`] is its files; the manifest with its digest follows from them, so that reading one back is to compute it
//! again. One layer for each file, never packed: nothing to unpack, nothing that unpacks to more than it says, and the one
//! signed digest names the digest of every file. What is said about a package later is an [`Attachment`], an artifact whose
//! subject it is. The format is described in `docs/package-format.md`.
//!
//! Not here: signatures (`signing/`), what a host does with a package (`edge-registry`), and whether the manifest asks for
//! what the binary imports, which is found when it is installed.

mod attachment;
mod config;
pub mod dependencies;
mod directory;
pub mod fuzz;
pub mod json;
pub mod layout;
pub mod limits;
mod manifest;
pub mod media;
mod package;
pub mod path;
mod provenance;
pub mod remote;
mod sbom;
pub mod statement;

pub use attachment::Attachment;
pub use directory::FileFault;
pub use layout::{Layout, ReadError};
pub use manifest::{Annotations, Descriptor, ImageIndex, ImageManifest};
pub use package::{Package, PackageError};
