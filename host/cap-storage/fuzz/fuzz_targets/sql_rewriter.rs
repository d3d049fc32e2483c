// SPDX-License-Identifier: MIT OR Apache-2.0
//! Any bytes as a statement and as a migration: what is compiled stays in its namespace, and nothing panics.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| cap_storage::fuzz::fuzz_one(data));
