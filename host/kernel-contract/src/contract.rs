// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a component imports and exports.

use crate::operation::Operation;
use crate::types::Type;
use crate::{Error, binary, compile};
use kernel_types::{InterfaceId, OperationName, platform};
use std::sync::Arc;

/// Everything that a component asks for and offers, from its binary alone.
#[derive(Clone, Debug)]
pub struct Contract {
    pub(crate) imports: Vec<Import>,
    pub(crate) interfaces: Vec<Interface>,
}

/// An interface that a component imports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Import {
    /// The interface with its package and version.
    pub id: InterfaceId,
    /// The functions that the binary names, `[method]` and the like included, in its order.
    pub functions: Vec<String>,
    /// Whether it asks for anything.
    pub kind: ImportKind,
    /// Who has to provide it.
    pub provider: Provider,
}

/// Whether an import asks for anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ImportKind {
    /// Only value types: nothing is called through it, and nothing needs to be linked or granted.
    Types,
    /// Functions or resources.
    Functions,
}

/// Who has to provide an import.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Provider {
    /// The host: a capability, `cortex:storage` and its like or `wasi:*`.
    Platform,
    /// Another component, through its exported interface.
    Domain,
}

impl Provider {
    /// Who provides the interfaces of a package, `namespace:package`.
    #[must_use]
    pub fn of_package(package: &str) -> Self {
        if platform::is_platform(package) { Self::Platform } else { Self::Domain }
    }
}

/// An interface that a component exports.
#[derive(Clone, Debug)]
pub struct Interface {
    /// The interface with its package and version.
    pub id: InterfaceId,
    /// Its documentation.
    pub docs: Option<String>,
    /// The types that it names, in order.
    pub types: Vec<Type>,
    /// Its functions, in order.
    pub operations: Vec<Arc<Operation>>,
}

impl Contract {
    /// Reads the contract of a component from its binary.
    ///
    /// The types and the documentation are read and checked, code is not: the engine validates it when it compiles.
    ///
    /// # Errors
    /// Where the bytes are no component, are larger or deeper than the named limits, or where the component imports or
    /// exports what this host cannot offer or call.
    pub fn of_component(bytes: &[u8]) -> Result<Self, Error> {
        let outline = binary::outline(bytes)?;
        let decoded = binary::documented(bytes, &outline)?;
        compile::contract(&decoded, &outline)
    }

    /// Every interface that the component imports, those with types only included, in the binary's order.
    #[must_use]
    pub fn imports(&self) -> &[Import] {
        &self.imports
    }

    /// The interfaces that the component exports, in the binary's order.
    #[must_use]
    pub fn interfaces(&self) -> &[Interface] {
        &self.interfaces
    }

    /// Every operation of every exported interface.
    pub fn operations(&self) -> impl Iterator<Item = &Arc<Operation>> {
        self.interfaces.iter().flat_map(|interface| &interface.operations)
    }

    /// The operation of that name.
    #[must_use]
    pub fn operation(&self, name: &OperationName) -> Option<&Arc<Operation>> {
        self.operations().find(|operation| operation.name == *name)
    }
}
