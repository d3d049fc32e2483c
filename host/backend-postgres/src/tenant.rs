// SPDX-License-Identifier: MIT OR Apache-2.0
//! One tenant as this host knows it.

use crate::turn::Turns;
use kernel_types::TenantId;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::atomic::AtomicU64;

/// A tenant that the database holds.
pub(crate) struct Tenant {
    pub(crate) id: TenantId,
    pub(crate) turns: Turns,
    /// Tables that many rows were written to at once, and whether a foreign key of theirs points to the table itself.
    /// As many as components have tables. A migration, which could change it, empties it here; another host goes on for
    /// a while as it knows it, and would let a row come before the one that it refers to.
    pub(crate) self_references: Mutex<HashMap<String, bool>>,
    /// How many answers this host has recorded.
    pub(crate) answers: AtomicU64,
    /// How many bytes they take.
    pub(crate) answer_bytes: AtomicU64,
}
