// SPDX-License-Identifier: MIT OR Apache-2.0
//! Any bytes as a list of revocations that was really signed: refused, or one canonical list.

#![no_main]

#[path = "../../tests/support/mod.rs"]
mod support;

libfuzzer_sys::fuzz_target!(|data: &[u8]| support::any_list(data));
