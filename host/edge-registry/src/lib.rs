// SPDX-License-Identifier: MIT OR Apache-2.0
//! Which components this host has, and which of them each tenant enabled, with which grants.
//!
//! The way of a component is a way of types, each made only by the step before: a package is checked into a [`Bundle`];
//! [`Registry::install`] takes it together with the proof that it was signed and admitted, compiles it, rehearses it
//! without any capability and links it on trial into an [`Installed`]; [`Registry::make_ready`] migrates a tenant's
//! tables, and [`Registry::resume`] puts it into force, at once and wholly. What all that comes to is [`Remembered`],
//! by this host or by several that share a database.
//!
//! Not here: HTTP, databases, how a package is built, and who may sign, plan and consent (`edge-installer`).

mod bundle;
mod enable;
mod install;
mod lifecycle;
mod providers;
mod state;

pub use bundle::{Bundle, BundleError};
pub use enable::{EnableError, Enabled, EnabledSet, Ready};
pub use install::{InstallError, Installed, Registry};
pub use lifecycle::{Hook, LIFECYCLE};
pub use providers::Providers;
pub use state::{
    Choice, ComponentRecord, CredentialRecord, Entry, Importing, ReleaseRecord, Remembered, RevocationsRecord,
    SignedGrant, Stored, TenantRecord,
};
