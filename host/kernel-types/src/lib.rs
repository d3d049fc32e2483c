// SPDX-License-Identifier: MIT OR Apache-2.0
//! The vocabulary of the host: identifiers, digests, the caller, grants and limits.
//!
//! Every other crate speaks in these types. They are parsed once, at the edge, and cannot be wrong afterwards. There is
//! no IO here, no clock, no randomness, and nothing that decides.

mod caller;
mod digest;
mod grant;
mod id;
mod limits;
pub mod platform;
pub mod text;

pub use caller::{Caller, CallerKind, Permission, PermissionSet, Subject};
pub use digest::{Digest, DigestError};
pub use grant::{Grant, Grants};
pub use id::{ComponentId, IdError, InterfaceId, OperationName, PublisherId, RequestId, TenantId};
pub use limits::{Limit, Limits};

/// Whether an operation may change anything. Declared in the manifest, enforced by the storage back end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Effect {
    /// Runs on a snapshot; every change is refused by the engine.
    Read,
    /// Runs in a transaction of its own.
    Write,
}
