// SPDX-License-Identifier: MIT OR Apache-2.0
//! Packages to and from a registry of the OCI distribution specification 1.1, ours or anybody's.
//!
//! `oci-client` speaks the protocol for blobs; manifests and lists are read here, because they have to end somewhere: a
//! registry is a stranger, and so is every length that it names.

mod pull;
mod push;
mod reach;

pub use pull::Pulled;
pub use push::Pushed;
pub use reach::{Credentials, Place, Remote};

use crate::layout::ReadError;
use kernel_types::Digest;

/// Why a package did not go to or come from a registry.
#[derive(Debug, thiserror::Error)]
pub enum RemoteError {
    /// No name of a package in a registry.
    #[error(
        "`{0}` names no package in a registry: write `registry.example.org/acme/fleet:1.0.0`, or end it with `@sha256:...`"
    )]
    Name(String),
    /// Without a digest a tag is whatever it is today.
    #[error("`{0}` has neither tag nor digest: end it with `:1.0.0` or `@sha256:...`")]
    Unspecific(String),
    /// The registry cannot be reached, or broke off too often.
    #[error("{what}: {cause}")]
    Transport {
        /// What was tried.
        what: String,
        /// What the client says, with its causes.
        cause: String,
    },
    /// The registry says no.
    #[error("{what}: the registry answers {status}: {text}")]
    Refused {
        /// What was tried.
        what: String,
        /// The status of HTTP.
        status: u16,
        /// What it says, shortened.
        text: String,
    },
    /// It sends more than it may.
    #[error("{what}: the registry sends more than {bytes_max} bytes")]
    TooLong {
        /// What was read.
        what: String,
        /// How many it may have.
        bytes_max: u64,
    },
    /// It sends something else.
    #[error("{what}: the registry sends {found}, not {wanted}")]
    Other {
        /// What was read.
        what: String,
        /// The digest of what came.
        found: Digest,
        /// The digest that was wanted.
        wanted: Digest,
    },
    /// What came is no package.
    #[error(transparent)]
    Package(#[from] ReadError),
    /// It took too long altogether.
    #[error("it took more than {seconds_max} seconds")]
    TooSlow {
        /// How long it may take.
        seconds_max: u64,
    },
}
