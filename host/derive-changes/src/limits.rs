// SPDX-License-Identifier: MIT OR Apache-2.0
//! The limits on what a comparison costs and says. Contracts come from whoever wrote the component.

/// Pairs of types, fields and cases that one comparison looks at. The whole ledger has some thousand; what is larger
/// than this is called breaking, because nobody looked.
pub const STEPS_MAX: usize = 500_000;

/// Changes that are listed; the rest is counted, and is in the verdicts.
pub const CHANGES_MAX: usize = 1_000;

/// Operations that are listed with a change of a type; a type that all use changes for all.
pub const OPERATIONS_LISTED_MAX: usize = 20;

/// Faults that are listed for one component that would break; the rest is counted.
pub const FAULTS_MAX: usize = 20;

/// Characters of a name in what is said. Names of WIT may have any length.
pub(crate) const NAME_CHARACTERS_MAX: usize = 80;

/// Characters of the place of a change.
pub(crate) const ITEM_CHARACTERS_MAX: usize = 240;

/// How deep a type is written out where it is named in a change.
pub(crate) const DESCRIBED_DEPTH_MAX: usize = 4;
