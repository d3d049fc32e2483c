// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the author of a component in Rust needs beside the generated bindings of the component's own world.
//!
//! * the platform's interfaces as modules: [`types`], [`sql`], [`context`], [`log`], [`progress`]; [`bindings!`] makes a
//!   component's own bindings share them
//! * statements and typed rows: [`query`], [`execute`], [`params!`], [`Row`], [`in_savepoint`]
//! * refusals: [`Problem`] and its constructors, [`Faults`] to report all faults together, [`Pointer`] to say where
//! * lines in the log: [`error!`], [`warn!`], [`info!`], [`debug!`], [`trace!`]
//!
//! It has no domain rules, no dependencies but the bindings' own, and no state: a component that uses little of it grows
//! little by it. It compiles natively as well, so that a component's rules are tested without WebAssembly; only a call of
//! an import panics there.
//!
//! ```
//! use cortex_sdk::{Faults, Pointer, Problem};
//!
//! fn check(amounts: &[i64]) -> Result<(), Problem> {
//!     let mut faults = Faults::new();
//!     for (index, amount) in amounts.iter().enumerate() {
//!         if *amount == 0 {
//!             let place = Pointer::root().field("lines").item(index).field("amount");
//!             faults.add(place, "zero-amount", "the amount is `0`: leave the line out");
//!         }
//!     }
//!     faults.into_result("invalid-entry", "the entry has faults")
//! }
//!
//! let problem = check(&[5, 0]).unwrap_err();
//! assert_eq!(problem.fields[0].path, "/lines/1/amount");
//! ```

mod bindings;
mod database;
mod macros;
mod panics;
mod pointer;
mod problem;
mod row;
mod value;

pub use bindings::cortex::context::context;
pub use bindings::cortex::log::{log, progress};
pub use bindings::cortex::storage::sql;
pub use bindings::cortex::types::types;
pub use database::{execute, execute_many, in_savepoint, query, query_one, query_optional};
pub use panics::log_panics;
pub use pointer::Pointer;
pub use problem::{Faults, Problem, ProblemKind};
pub use row::{FromValue, Row, RowError, Rows};
pub use value::Value;

#[doc(hidden)]
pub use wit_bindgen;
