// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a host was started with: a document whose digest is equal for equal inputs, and the signed, chained log of
//! them.

mod document;
mod log;

pub use document::{Document, FORMAT, TrustDigests};
pub use log::{Boot, LINE_BYTES_MAX, LOG_BYTES_MAX, LOG_NAME, Link, LogFault, Verification, line, record, verify};
