// SPDX-License-Identifier: MIT OR Apache-2.0
//! The documentation of a component's WIT, carried in the component.
//!
//! The binary format has no place for it, and the tool chain drops it. So the SDK puts it into a custom section of its own,
//! [`SECTION`], after it has compared the WIT at hand with the types in the binary. The section is a JSON object from package
//! names with version (`cortex:accounting@1.0.0`) to the metadata of that package as `wit_parser::PackageMetadata` writes it.
//! It holds what the binary names and nothing else: here it is read, and refused where it speaks of anything else.

use crate::{binary, limits, name};
use std::collections::BTreeMap;
use wit_parser::{PackageId, PackageMetadata, Resolve};

/// The name of the custom section.
pub const SECTION: &str = "cortex:package-docs";

/// Why documentation and binary do not fit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// More than one section.
    #[error("there are two sections called `cortex:package-docs`, at most one may be there")]
    Twice,
    /// More bytes than documentation has.
    #[error("it has {bytes} bytes, at most {bytes_max} are read")]
    TooLarge {
        /// The bytes that it has.
        bytes: usize,
        /// The limit.
        bytes_max: usize,
    },
    /// Not the format.
    #[error("the section `cortex:package-docs` cannot be read: {detail}")]
    Malformed {
        /// What is wrong.
        detail: String,
    },
    /// It documents something that is not there.
    #[error("it speaks of what the binary does not have: {what}; build the component again from its WIT")]
    Unknown {
        /// What is not there.
        what: String,
    },
}

/// Adds the documentation of a section to the types of the same component.
pub(crate) fn inject(section: &[u8], resolve: &mut Resolve) -> Result<(), Error> {
    for (name, metadata) in parse(section)? {
        let quoted = name::quote(&name);
        let id = package(resolve, &name).ok_or_else(|| Error::Unknown { what: format!("package {quoted}") })?;
        metadata.inject(resolve, id).map_err(|error| Error::Unknown {
            what: format!("in package {quoted}: {}", binary::bounded(&format!("{error:#}"))),
        })?;
    }
    Ok(())
}

fn parse(section: &[u8]) -> Result<BTreeMap<String, PackageMetadata>, Error> {
    if section.len() > limits::DOCS_BYTES_MAX {
        return Err(Error::TooLarge { bytes: section.len(), bytes_max: limits::DOCS_BYTES_MAX });
    }
    serde_json::from_slice(section).map_err(|error| Error::Malformed { detail: binary::bounded(&error.to_string()) })
}

fn package(resolve: &Resolve, name: &str) -> Option<PackageId> {
    resolve.packages.iter().find(|(_, package)| package.name.to_string() == name).map(|(id, _)| id)
}
