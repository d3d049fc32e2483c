// SPDX-License-Identifier: MIT OR Apache-2.0
//! Why a binary has no contract that this host can keep.

use crate::docs;

/// Why [`crate::Contract::of_component`] refuses a binary.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// More bytes than a component may have.
    #[error("the component has {bytes} bytes, at most {bytes_max} are read")]
    TooLarge {
        /// The bytes that it has.
        bytes: usize,
        /// The limit.
        bytes_max: usize,
    },
    /// No WebAssembly at all.
    #[error("this is no WebAssembly: it does not begin with the bytes 00 61 73 6d")]
    NotWasm,
    /// A core module where a component is needed.
    #[error(
        "this is a core WebAssembly module, not a component: wrap it with `sdk/build` (or `wasm-tools component new`)"
    )]
    CoreModule,
    /// A package of WIT in binary form, which has types but no code.
    #[error("this is a WIT package in binary form, not a component: it has nothing to run")]
    WitPackage,
    /// Cut off, or not valid.
    #[error("the component is truncated or malformed at byte {offset}: {detail}")]
    Malformed {
        /// Where in the binary.
        offset: u64,
        /// What the validator says.
        detail: String,
    },
    /// Nested deeper than any composition is.
    #[error("components are nested more than {depth_max} deep")]
    TooDeep {
        /// The limit.
        depth_max: usize,
    },
    /// More imports and exports than any component has.
    #[error("the component has more than {externs_max} imports and exports")]
    TooManyExterns {
        /// The limit.
        externs_max: usize,
    },
    /// An import that is no interface with a version.
    #[error(
        "the import {name} is {what}: a component imports interfaces with a version, `namespace:package/interface@1.0.0`"
    )]
    Import {
        /// Its name, in backticks.
        name: String,
        /// What it is.
        what: String,
    },
    /// An export that is no interface with a version.
    #[error(
        "the export {name} is {what}: operations live in interfaces with a version, `namespace:package/interface@1.0.0`"
    )]
    Export {
        /// Its name, in backticks.
        name: String,
        /// What it is.
        what: String,
    },
    /// An export that only the host may offer.
    #[error(
        "the component exports {name}, which belongs to the platform: export an interface of the component's own package"
    )]
    ExportsPlatform {
        /// Its name, in backticks.
        name: String,
    },
    /// Two interfaces of the same name, so that `interface.function` would mean two operations.
    #[error("the component exports two interfaces called `{interface}`: rename one of them")]
    DuplicateInterface {
        /// The interface's own name.
        interface: String,
    },
    /// A type that cannot cross the boundary between the host and a domain.
    #[error("{place} uses {what}: {remedy}")]
    Type {
        /// Where: the interface with the function or the type.
        place: String,
        /// What is used.
        what: String,
        /// What to use instead.
        remedy: String,
    },
    /// A name that cannot stand in a route.
    #[error("{place}: {source}")]
    Name {
        /// The interface.
        place: String,
        /// Why.
        source: kernel_types::IdError,
    },
    /// The section with the documentation does not fit the binary.
    #[error("the documentation in the component: {0}")]
    Docs(#[from] docs::Error),
    /// Valid, but the types cannot be written as WIT.
    #[error("the component's types cannot be read as WIT: {detail}")]
    Decode {
        /// What the decoder says.
        detail: String,
    },
}
