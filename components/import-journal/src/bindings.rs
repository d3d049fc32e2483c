// SPDX-License-Identifier: MIT OR Apache-2.0
//! Generated from `wit/`: the interface that the component exports and those that it calls. Nothing is written by hand here.
#![allow(missing_docs, unreachable_pub, unsafe_code, dead_code, reason = "generated code")]
#![allow(clippy::all, clippy::restriction, reason = "generated code")]

cortex_sdk::bindings!({
    world: "cortex:import-journal-component/import-journal",
    path: [
        "../../wit/types-1.0.0",
        "../../wit/log-1.0.0",
        "../../wit/accounting-1.0.0",
        "../../wit/import-journal-1.0.0",
        "wit",
    ],
    platform: [types, log, progress],
    pub_export_macro: true,
});
