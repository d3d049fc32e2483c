// SPDX-License-Identifier: MIT OR Apache-2.0
//! Reads plain-text accounting journals in hledger's format and posts them to the tenant's ledger.
//!
//! * `domain`: the format, its rules, and what becomes of it in a ledger; pure
//! * `shell`: from the types of the contract to those of the domain and back, and the ledger behind `cortex:accounting`
//!
//! It keeps no table and asks for no storage: everything that it changes, it changes by calling `cortex:accounting`. It does
//! not write journals, does not fetch included files and does not change what is in the ledger already.

mod bindings;
pub mod domain;
mod shell;

/// The component: what the host calls.
#[derive(Debug)]
pub struct Component;

#[cfg(target_arch = "wasm32")]
bindings::export!(Component with_types_in bindings);
