// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a storage back end implements to make, change and remove a component's tables.

use super::{Migrations, PlanError};
use crate::session::BoxFuture;
use kernel_types::{ComponentId, TenantId};

/// What a migration did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// The names of the files that ran, in order; empty where nothing was to do.
    pub ran: Vec<String>,
    /// The number of the newest migration that the database has now; 0 where it has none.
    pub newest: u32,
}

/// What was removed with a component.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Removed {
    /// The tables, as the component named them, sorted.
    pub tables: Vec<String>,
}

/// Why a migration did not run. The database is as it was before.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MigrateError {
    /// The files do not fit what the database has.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// A statement failed.
    #[error("migration `{file}`, statement {statement}: {message}")]
    Statement {
        /// The file's name.
        file: String,
        /// Which statement of the file, from 1.
        statement: usize,
        /// What the engine said, with the component's own names.
        message: String,
    },
    /// The database cannot answer now.
    #[error("the database is unavailable: {0}")]
    Unavailable(String),
}

/// The tables of components in tenants' databases. Implemented by storage back ends.
///
/// An implementation runs all pending migrations of a component in one transaction, together with one row for each in a
/// table of its own that no component can name, holding component, number, file name and digest. The second wall of
/// [`crate::Session`] stands here too: a statement makes and changes tables of `migrations.component()` only.
pub trait Schema: Send + Sync + 'static {
    /// Brings the component's tables in this tenant up to date. Running it again does nothing.
    fn migrate<'a>(
        &'a self,
        tenant: &'a TenantId,
        migrations: &'a Migrations,
    ) -> BoxFuture<'a, Result<Report, MigrateError>>;

    /// Removes the component's tables and its record from this tenant: the danger is in the name of what calls it.
    fn remove<'a>(
        &'a self,
        tenant: &'a TenantId,
        component: &'a ComponentId,
    ) -> BoxFuture<'a, Result<Removed, MigrateError>>;
}
