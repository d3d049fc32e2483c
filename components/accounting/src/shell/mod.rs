// SPDX-License-Identifier: MIT OR Apache-2.0
//! Between the contract and the operations: one file for each exported interface, which turns its types into those of the domain and
//! back. No rules.

mod calendar;
mod chart;
mod commodities;
mod convert;
mod journal;
mod journals;
mod platform;
mod rates;
mod reports;
mod settings;
mod statements;

pub(crate) use crate::bindings::cortex::types::types::Problem;
pub(crate) use crate::bindings::exports::cortex::accounting as contract;
pub(crate) use platform::Platform;
