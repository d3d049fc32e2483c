// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the storage back ends must have in common: the same statements on each of them, with the same rows and the same
//! errors. The cases are data, in `cases/`; whoever writes another back end adds it to [`Backend`] and has the whole suite.
//!
//! Statements go the way that a component's go (compiled from the portable subset for the back end's dialect, run through the
//! session of a unit of work), without a component around them.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a helper of tests fails by panicking"
)]

mod backend;
mod case;
mod outcome;
mod unit;
mod value;

pub use backend::Backend;
pub use case::{Step, expected, parse};
pub use outcome::render;
pub use unit::{Answer, BUDGET, Sql, Work};
pub use value::{parse_list, show};
