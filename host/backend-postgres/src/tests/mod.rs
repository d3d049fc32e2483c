// SPDX-License-Identifier: MIT OR Apache-2.0
//! Tests against a server. Each has a database of its own; where no server can be had they count themselves as not run.

mod answers;
mod batch;
mod fixture;
mod load;
mod numbering;
mod role;
mod turns;
mod units;
mod wall;
