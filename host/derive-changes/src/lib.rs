// SPDX-License-Identifier: MIT OR Apache-2.0
//! What an upgrade changes for those who use a component: the contract of the installed version compared with that of
//! the new one, type by type, as both were decoded from the binaries. `docs/upgrades.md` says which change is
//! compatible for whom.
//!
//! There are two kinds of consumers, and each change has a verdict for each. *HTTP* callers write requests and read
//! answers as JSON, by names: what they sent before has to mean the same, and what they get has to be what they know.
//! *Components* are linked to an interface of an exact version and call it with typed values: the engine demands equal
//! types, so nearly every change of a type breaks them, and what is added beside it does not.
//!
//! - [`changes`]: all of it, as JSON or as text.
//! - [`breaks`]: which of the other components would break, and at which function. Only what a component really imports counts.
//!
//! Nothing is decided here: the engine links, or refuses, by itself. Not here: what the new version imports, which is a
//! matter of grants and of [`kernel_contract::Contract::imports`]; paths, permissions and effects, which the manifest
//! says and not the contract; texts of documentation; and names of types, which no caller sees.

mod breaks;
mod change;
mod compare;
pub mod limits;
mod path;
mod words;

pub use breaks::{Break, Fault, breaks};
pub use change::{Change, Changes, Verdict, What};
pub use compare::changes;
