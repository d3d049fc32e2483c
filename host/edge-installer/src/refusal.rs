// SPDX-License-Identifier: MIT OR Apache-2.0
//! Why a package is not installed: the step, what was found, and what to do.

use edge_package::ReadError;
use edge_registry::{BundleError, InstallError};
use kernel_types::ComponentId;
use signing_verify::Refused;

/// A package was refused. Nothing of it remains but, at most, machine code.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// It is no package.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// It is not trusted.
    #[error(transparent)]
    Trust(#[from] Refused),
    /// Manifest and binary do not agree, or a file of it means nothing to a host.
    #[error("refused at check: {0}; ask the publisher for a package whose parts agree")]
    Check(#[from] BundleError),
    /// The component is another publisher's on this site.
    #[error(
        "refused at publisher: component `{id}` is `{owner}` on this site, and this package is `{found}`: its tables are not \
         given to another publisher; ask for another id"
    )]
    Publisher {
        /// Which component.
        id: ComponentId,
        /// Whose it is.
        owner: String,
        /// Who it is from.
        found: String,
    },
    /// The list of revocations is too old, or there is none where the site asks for one.
    #[error("refused at revocation-list: {0}; load the newest list (`cortex revoke`)")]
    List(String),
    /// It does not compile, or asks for what this host does not have.
    #[error("refused at compile: {0}")]
    Install(#[from] InstallError),
}

impl Refusal {
    /// The name of the step that refused it.
    #[must_use]
    pub fn step(&self) -> String {
        match self {
            Self::Read(error) => error.step.to_string(),
            Self::Trust(refused) => refused.step.to_string(),
            Self::Check(_) => String::from("check"),
            Self::Publisher { .. } => String::from("publisher"),
            Self::List(_) => String::from("revocation-list"),
            Self::Install(InstallError::Rehearse { .. }) => String::from("rehearse"),
            Self::Install(_) => String::from("compile"),
        }
    }
}
