// SPDX-License-Identifier: MIT OR Apache-2.0
//! Which components this host has, and which of them each tenant enabled, with which grants.
//!
//! The way of a component is a way of types, each made only by the step before: a directory is read and checked into a
//! [`Bundle`]; [`Registry::install`] compiles it and links it on trial into an [`Installed`]; [`Registry::make_ready`]
//! migrates a tenant's tables, and [`Registry::resume`] puts it into force, at once and wholly. Signatures, and plans that an
//! administrator reads, come between these steps with the signing service. What all that comes to is [`Remembered`], by this
//! host or by several that share a database.
//!
//! Not here: HTTP, databases, and how a bundle is built.

mod bundle;
mod enable;
mod files;
mod install;
mod legacy;
mod lifecycle;
mod providers;
mod state;

pub use bundle::{Bundle, BundleError};
pub use enable::{EnableError, Enabled, EnabledSet, Ready};
pub use files::Files;
pub use install::{InstallError, Installed, Registry};
pub use legacy::{ImportError, import};
pub use lifecycle::{Hook, LIFECYCLE};
pub use providers::Providers;
pub use state::{Choice, ComponentRecord, CredentialRecord, Entry, Remembered, Stored, TenantRecord};
