// SPDX-License-Identifier: MIT OR Apache-2.0
//! Why a layout is refused: the step that refused it, the place, and what is wrong there.

use crate::directory::FileFault;
use crate::json::JsonFault;
use crate::package::PackageError;
use crate::path::PathFault;
use kernel_types::Digest;
use std::fmt;

/// The steps of reading, in their order. What a step lets pass, the next may rely on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// The file `oci-layout`.
    Layout,
    /// The file `index.json`.
    Index,
    /// The manifests that the index names.
    Manifest,
    /// The layers as the package's manifest describes them; none is read yet.
    Layers,
    /// The contents: each of the length and the digest that was said.
    Contents,
    /// The package that the contents are: its manifest computed again and compared.
    Package,
    /// What is attached.
    Attachments,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Layout => "layout",
            Self::Index => "index",
            Self::Manifest => "manifest",
            Self::Layers => "layers",
            Self::Contents => "contents",
            Self::Package => "package",
            Self::Attachments => "attachments",
        })
    }
}

/// A layout was refused.
#[derive(Debug, thiserror::Error)]
#[error("the package is refused at the step `{step}`: {place}: {fault}")]
pub struct ReadError {
    /// The step that refused it.
    pub step: Step,
    /// The file, layer or manifest at fault.
    pub place: String,
    /// What is wrong with it.
    pub fault: Fault,
}

/// What is wrong.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// A file cannot be read, is a link, or is longer than it may be.
    #[error("it {0}")]
    File(#[from] FileFault),
    /// No JSON, or a key twice, or a field missing.
    #[error("no such JSON: {0}")]
    Json(#[from] JsonFault),
    /// What was packed into one run of bytes ends in the middle, or names a file twice.
    #[error("it is cut, or names a file twice")]
    Packed,
    /// Another version of the layout or the schema.
    #[error("version `{0}` is not known")]
    Version(String),
    /// Another media type or artifact type than must stand there.
    #[error("its type is `{found}`, expected `{expected}`; layers are never packed or encrypted")]
    Type {
        /// What stands there.
        found: String,
        /// What must stand there.
        expected: &'static str,
    },
    /// More bytes claimed than allowed; nothing was read.
    #[error("it claims {claimed} bytes, at most {bytes_max} are read")]
    Claim {
        /// What it claims.
        claimed: u64,
        /// What it may have.
        bytes_max: u64,
    },
    /// Too many layers or manifests.
    #[error("there are {found}, at most {max}")]
    TooMany {
        /// How many there are.
        found: usize,
        /// How many there may be.
        max: usize,
    },
    /// The content is not as long as its descriptor says.
    #[error("it has {found} bytes, its descriptor says {said}")]
    Length {
        /// How many there are.
        found: u64,
        /// What its descriptor says.
        said: u64,
    },
    /// The content is another one than its descriptor names.
    #[error("its digest is {found}, its descriptor says {said}")]
    Digest {
        /// The content's digest.
        found: Digest,
        /// What its descriptor says.
        said: Digest,
    },
    /// A path that leads out of the package.
    #[error("it may not stand in a package: {0}")]
    Path(#[from] PathFault),
    /// The same path or manifest twice.
    #[error("it stands there twice")]
    Twice,
    /// No package, or several.
    #[error("{found} manifests without a subject: a layout holds exactly one package")]
    Packages {
        /// How many there are.
        found: usize,
    },
    /// Attached to something else.
    #[error("it is attached to {0}, which is not the package")]
    Subject(Digest),
    /// Not as many layers as an attachment has.
    #[error("it has {0} layers; what is attached has exactly one")]
    Payloads(usize),
    /// The files are no package.
    #[error("{0}")]
    Package(#[from] Box<PackageError>),
    /// The files are a package, but another manifest follows from them.
    #[error("its {0} is not the one that follows from the files")]
    Differs(&'static str),
}

impl ReadError {
    pub(crate) fn new(step: Step, place: impl Into<String>, fault: impl Into<Fault>) -> Self {
        Self { step, place: place.into(), fault: fault.into() }
    }
}
