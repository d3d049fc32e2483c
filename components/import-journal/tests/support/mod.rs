// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the tests share: hledger as the judge, generated books, a ledger in memory.
#![allow(dead_code, missing_docs, unreachable_pub, reason = "each test uses a part of it")]
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "helpers of tests"
)]

pub mod beancount;
pub mod generator;
pub mod hledger;
pub mod memory;
