// SPDX-License-Identifier: MIT OR Apache-2.0
//! The contract of a component: everything that the host derives from its binary alone.
//!
//! [`Contract::of_component`] reads the types of a component's imports and exports and the documentation that the SDK put
//! beside them. From it come the operations with typed `JSON -> Val` ([`Operation::lift`], [`Arguments`]) and
//! `Val -> JSON` ([`Operation::lower`]). `docs/json-mapping.md` is the mapping as a table.
//!
//! Nothing here runs a component, knows HTTP, or decides who may call: the typed lift is the guard of the input's *shape*,
//! the domain that of its meaning. Two contracts are not compared here, and none is described for readers: JSON Schema,
//! OpenAPI and WIT text are made by the crates `derive-*`, from what is public here.

mod argument;
mod binary;
pub mod binding;
mod compile;
mod contract;
pub mod docs;
mod error;
mod fault;
mod format;
pub mod json;
mod lift;
pub mod limits;
pub mod lower;
mod name;
mod operation;
mod problem;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod types;

pub use argument::Arguments;
pub use binary::{Decoded, decode};
pub use binding::{Binding, Leaf};
pub use contract::{Contract, Import, ImportKind, Interface, Provider};
pub use error::Error;
pub use fault::{Fault, FaultCode, Faults, Source};
pub use format::Format;
pub use lower::Outcome;
pub use operation::{Failure, Operation, Output, Parameter};
pub use problem::{FieldProblem, Problem, ProblemKind, problem_from_val};
pub use types::{Case, Definition, Field, Integer, Kind, Label, Members, Type, TypeName, Width};
