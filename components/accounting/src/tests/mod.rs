// SPDX-License-Identifier: MIT OR Apache-2.0
//! Tests of the whole component over SQLite, natively: the exported functions run as they are, a database in memory stands where the
//! host's would.

mod calls;
mod chart;
pub(crate) mod database;
mod drafts;
mod faults;
mod invariants;
mod limits;
mod model;
mod plans;
mod reports;
mod scenarios;
mod setup;
mod walls;
