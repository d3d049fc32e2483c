// SPDX-License-Identifier: MIT OR Apache-2.0
//! A registry of OCI artifacts: what the distribution specification 1.1 asks of one, for a house or a test, in one program
//! over one folder.
//!
//! ```text
//! serve (connections) -> http (the API, a file for each thing) -> Store (files, whole or not at all)
//!                              |
//!                            Access (tokens, rights below a name)
//! ```
//!
//! Stock clients push and pull with it: blobs in one piece, in several, taken up again, mounted; manifests by tag and
//! digest; tags in pages; what is attached to a manifest, by type. Everything a stranger can send has a limit in
//! [`Settings`]. What is kept is found by its digest, which was computed while it came in.
//!
//! Not here: what an artifact means and whether it is signed (a host decides that when it installs one), TLS (a proxy in
//! front), several registries on one folder, a catalogue of repositories, and digests other than SHA-256.

mod access;
mod error;
mod http;
mod manifest;
mod name;
mod server;
mod settings;
mod store;

pub use access::{Access, Right};
pub use error::{Code, Refusal};
pub use manifest::{IMAGE_INDEX, IMAGE_MANIFEST, Manifest};
pub use name::{Reference, Repository};
pub use server::serve;
pub use settings::{Deletion, Settings};
pub use store::{Collected, Meta, Page, Store, Upload, Writer};
