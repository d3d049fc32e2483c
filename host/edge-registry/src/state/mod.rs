// SPDX-License-Identifier: MIT OR Apache-2.0
//! What hosts remember of components, tenants and credentials: the documents of `cap-state`, with types.

pub(crate) mod records;
mod remembered;

pub use records::{
    Choice, ComponentRecord, CredentialRecord, Entry, Importing, ReleaseRecord, RevocationsRecord, SignedGrant, Stored,
    TenantRecord,
};
pub use remembered::Remembered;
