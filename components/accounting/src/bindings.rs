// SPDX-License-Identifier: MIT OR Apache-2.0
//! Generated from `wit/`: the interfaces that the component exports and imports. Nothing is written by hand here. In tests the types
//! can be read from and written as JSON, for the scenarios.
#![allow(missing_docs, unreachable_pub, unsafe_code, dead_code, reason = "generated code")]
#![allow(clippy::all, clippy::restriction, reason = "generated code")]

#[cfg(not(test))]
wit_bindgen::generate!({
    path: [
        "../../wit/types-1.0.0",
        "../../wit/storage-1.0.0",
        "../../wit/context-1.0.0",
        "../../wit/accounting-1.0.0",
        "wit",
    ],
    world: "cortex:accounting-component/accounting",
    generate_all,
});

#[cfg(test)]
wit_bindgen::generate!({
    path: [
        "../../wit/types-1.0.0",
        "../../wit/storage-1.0.0",
        "../../wit/context-1.0.0",
        "../../wit/accounting-1.0.0",
        "wit",
    ],
    world: "cortex:accounting-component/accounting",
    generate_all,
    additional_derives: [serde::Serialize, serde::Deserialize],
    additional_derives_ignore: ["savepoint"],
});

#[cfg(target_arch = "wasm32")]
export!(ExportedComponent);
#[cfg(target_arch = "wasm32")]
use crate::Component as ExportedComponent;
