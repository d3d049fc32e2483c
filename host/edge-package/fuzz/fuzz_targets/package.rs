// SPDX-License-Identifier: MIT OR Apache-2.0
//! Any bytes as JSON, as a layout, and as a component with a list of dependencies: refused, or read as it was written.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| edge_package::fuzz::fuzz_one(data));
