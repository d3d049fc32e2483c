// SPDX-License-Identifier: MIT OR Apache-2.0
//! Plain-text accounting journals and how they become entries of a ledger: pure rules, no bindings, no IO.
//!
//! The format and its meaning are those of hledger 1.25 (`hledger help journal`, section JOURNAL FORMAT). The way of a text:
//! [`parser`] reads it into a [`journal::Journal`], [`balance`] makes every transaction sum to zero and checks the balance
//! assertions, [`plan`] maps the books to the ledger's accounts, commodities and lines, and [`importer`] asks the ledger
//! (a trait, [`ledger::Ledger`]) to take them.

mod alias;
mod amount;
pub mod balance;
pub mod books;
mod comment;
mod conversion;
mod cursor;
pub mod date;
mod dates;
pub mod decimal;
mod directive;
pub mod fault;
mod fiscal_years;
pub mod identity;
pub mod importer;
mod infer;
pub mod journal;
pub mod ledger;
pub mod limits;
pub mod names;
mod number;
pub mod options;
pub mod parser;
mod plan;
pub mod report;
mod resolve;
pub mod running;
mod style;
mod transaction;
pub mod valuation;
mod verify;
