// SPDX-License-Identifier: MIT OR Apache-2.0
//! The accounting component: a double-entry ledger behind the interfaces of `cortex:accounting`.
//!
//! * `domain`: the rules, pure; what must never happen is made impossible here
//! * `store`: every SQL statement
//! * `service`: the operations, over any database
//! * `shell`: from the types of the contract to those of the domain and back
//!
//! It reads no clock, no file and no network: time and caller come through `cortex:context`, tables through `cortex:storage`.

mod bindings;
mod domain;
mod service;
mod shell;
mod store;

#[cfg(test)]
mod tests;

/// The component: what the host calls.
pub struct Component;
