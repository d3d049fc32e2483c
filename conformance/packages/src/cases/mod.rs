// SPDX-License-Identifier: MIT OR Apache-2.0
//! The cases, by what they forge.

mod content;
mod layout;
mod signature;

use crate::Case;

/// Every case.
#[must_use]
pub fn all() -> Vec<Case> {
    [layout::cases(), content::cases(), signature::cases()].into_iter().flatten().collect()
}
