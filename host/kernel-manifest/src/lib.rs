// SPDX-License-Identifier: MIT OR Apache-2.0
//! `cortex.yaml`: what a component says of itself that WIT cannot say. Text comes in, a [`Manifest`] comes out that the
//! rest of the host trusts, or [`Faults`]: all of them, each with line, column, key, what was expected, what was found
//! and the nearest known word.
//!
//! ```
//! use kernel_manifest::Manifest;
//!
//! let manifest = Manifest::parse(r#"
//! id: greeter
//! version: 1.0.0
//! title: Greeter
//! description: Greets whoever asks.
//! licence: MIT OR Apache-2.0
//! world: component
//! operations:
//!   greeting.greet: { effect: read, rest: { method: GET, path: "/greetings/{name}" } }
//! "#)?;
//! let permissions: Vec<_> = manifest.operations.values().map(|operation| operation.permission.0.as_ref()).collect();
//! assert_eq!(permissions, ["greeter.greeting.greet"]);
//!
//! let faults = Manifest::parse("id: greeter\nversion: 1.0\nlicense: MIT\n").unwrap_err();
//! assert!(faults.to_string().contains("3:1: `license`: expected a known key, found `license`; did you mean `licence`?"));
//! # Ok::<(), kernel_manifest::Faults>(())
//! ```
//!
//! There is no IO here: files that a manifest names are not opened, time zones not looked up, and whether the host
//! offers a capability is found out when the component is linked. The format is described in `docs/manifest.md`, and in
//! one list of keys in the module `raw`, from which the reader and [`json_schema`] both come.

mod capability;
mod check;
mod contract;
mod fault;
mod limit;
mod manifest;
mod raw;
mod read;
mod record;
mod resolve;
mod schema;
#[cfg(test)]
mod tests;
mod word;
pub mod yaml;

pub use capability::CapabilityScope;
pub(crate) use contract::Declared;
pub use fault::{Collector, FAULTS_MAX, Fault, Faults, Place};
pub use manifest::{
    Capability, Declaration, Hooks, Manifest, Method, Missed, Operation, Rest, Schedule, View, ViewKind,
};
pub use schema::json_schema;
pub use semver::Version;
pub use word::{
    Cron, CronField, FilePath, HostPattern, InterfaceName, Licence, PathTemplate, Segment, TimeZoneName, WorldName,
};
pub use yaml::{BYTES_MAX, DEPTH_MAX, NODES_MAX};
