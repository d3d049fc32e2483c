// SPDX-License-Identifier: MIT OR Apache-2.0
//! Tests of the whole: from a binary to values, JSON and documents.

mod arguments;
mod contract;
mod docs;
mod hostile;
mod json;
mod lift;
mod lower;
