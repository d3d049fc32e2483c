// SPDX-License-Identifier: MIT OR Apache-2.0
//! The wiring of the host: which capabilities, which back end, which edges. One explicit list, in [`host`].
//!
//! The binary `cortex` (in `main.rs`) is this and a command line; conformance tests and benchmarks use the same wiring.

mod administration;
pub mod backplane;
pub mod boot;
mod components;
pub mod configured;
mod follow;
pub mod host;
mod importing;
mod kind;
mod known;
pub mod layout;
pub mod lifecycle;
pub mod operator;
mod revocations;
pub mod running;
pub mod store;
mod tenants;
pub mod text;
pub mod transfer;
pub mod trusting;

pub use tenants::Chosen;
