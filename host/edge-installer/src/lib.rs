// SPDX-License-Identifier: MIT OR Apache-2.0
//! From a package that somebody sent to a component that a tenant uses: every step a type that only the step before can
//! make.
//!
//! ```text
//! Layout -- Signed::of --> Signed -- check --> Checked -- admit --> Admissible -- install --> Installed
//!  read by     who signed, may they?   manifest and    not revoked, not older,   compiled, rehearsed without any
//!  edge-package                        binary agree    complete, its publisher's   capability, linked on trial
//!
//! Installed + what the tenant has -- Plan::of --> Plan -- an administrator signs --> SignedGrant -- Trust::accept --> Granted
//! ```
//!
//! [`Trust`] is what a site believes: roots, keys and a policy, given by files that its administrator wrote. The same
//! trust says who may publish what, who may consent for which tenant (`cortex/grants/<tenant>`), and who may revoke
//! (`cortex/revocations`). What is verified once is verified again whenever it is loaded: a database that hosts share
//! is no authority.
//!
//! Not here: networks, databases, the state of hosts, commands, and migrations; `host/cortex` joins them.

mod grant;
mod plan;
mod refusal;
mod release;
mod standing;
mod trust;

pub use edge_registry::SignedGrant;
pub use grant::{Consent, GRANT_FORMAT, GrantError, Granted, grant_name};
pub use plan::{Action, Call, Capability, Origin, Plan, Version, describe_signer};
pub use refusal::Refusal;
pub use release::{Admissible, Checked, Signed};
pub use standing::Standing;
pub use trust::Trust;
