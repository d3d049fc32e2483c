// SPDX-License-Identifier: MIT OR Apache-2.0
//! Any bytes into every parser of the signing service: refused or read, never more.

#![no_main]

#[path = "../../tests/support/parsers.rs"]
mod parsers;

libfuzzer_sys::fuzz_target!(|data: &[u8]| parsers::any_bytes(data));
