// SPDX-License-Identifier: MIT OR Apache-2.0
//! The limits on what this crate reads. Each is enforced where it is named in an error.

/// Bytes of a component. Ours are under one megabyte; a component with an interpreter inside is about twelve.
pub const COMPONENT_BYTES_MAX: usize = 64 << 20;

/// Top-level imports and exports of a component together. The largest WASI worlds have about fifty; the decoder recurses
/// once for each package in a chain, and a thousand frames fit every stack.
pub const EXTERNS_MAX: usize = 1_000;

/// Components and modules nested in one another. A composition nests a few levels.
pub const NESTING_DEPTH_MAX: usize = 16;

/// Bytes of the section with the documentation. The documentation of `wit/` together is under a hundred kilobytes.
pub const DOCS_BYTES_MAX: usize = 4 << 20;

/// How deep a type may nest. [`JSON_DEPTH_MAX`] is two more, so that every value of every type can be written.
pub const TYPE_DEPTH_MAX: usize = 62;

/// Nodes of one named type, or of one anonymous type with everything inside it that has no name. Schemas are as long as
/// their types; the largest real records have a few hundred fields.
pub const TYPE_NODES_MAX: usize = 10_000;

/// How deep a JSON text may nest: nothing deeper fits any type.
pub const JSON_DEPTH_MAX: usize = TYPE_DEPTH_MAX + 2;

/// Values in a JSON text, names of fields not counted. A thousand journal entries of ten lines are about a hundred
/// thousand; a million keep the host's memory for one request under a hundred megabytes.
pub const JSON_VALUES_MAX: usize = 1_000_000;

/// Values that the arguments of one call may have once lifted: absent fields and single bytes count, too. It bounds what
/// a short text of `{}` can blow up to.
pub const LIFTED_VALUES_MAX: usize = 1_000_000;

/// Faults that are reported of one request. A person mends a few at a time; the rest is counted.
pub const FAULTS_MAX: usize = 100;
