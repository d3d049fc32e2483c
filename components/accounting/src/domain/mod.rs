// SPDX-License-Identifier: MIT OR Apache-2.0
//! The rules of the ledger, as pure functions over plain values. No bindings, no SQL, no clock: everything that a rule needs is
//! an argument, and everything that it finds is in its result.

pub(crate) mod account;
pub(crate) mod balance;
pub(crate) mod books;
pub(crate) mod calendar;
pub(crate) mod chart_file;
pub(crate) mod commodity;
pub(crate) mod conversion;
pub(crate) mod csv;
pub(crate) mod date;
pub(crate) mod decimal;
pub(crate) mod dimension;
pub(crate) mod entry;
pub(crate) mod iso4217;
pub(crate) mod journal;
pub(crate) mod page;
pub(crate) mod posted;
pub(crate) mod problem;
pub(crate) mod rate;
pub(crate) mod statement;
pub(crate) mod template;
pub(crate) mod text;
pub(crate) mod trial_balance;
pub(crate) mod valuation;
