// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a contract looks like to people and tools: JSON Schemas of single operations ([`schema`]) and the OpenAPI document
//! of all enabled components ([`openapi`]), both from a `kernel_contract::Contract` alone.
//!
//! Nothing is decided here. A request is guarded by the typed lift of `kernel_contract`, whatever a schema says; tests hold
//! the two together.

pub mod openapi;
pub mod schema;

/// `kebab-case` of WIT -> `snake_case` of JSON, as `kernel_contract` has it in every label.
fn snake(kebab: &str) -> String {
    kebab.replace('-', "_")
}
