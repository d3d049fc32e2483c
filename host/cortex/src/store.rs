// SPDX-License-Identifier: MIT OR Apache-2.0
//! Where the host keeps its tenants' data: files in its own directory, or a PostgreSQL database that it may share with
//! others.

use crate::host::Settings;
use crate::kind;
use crate::layout::Layout;
use anyhow::Result;
use backend_postgres::PostgresStore;
use backend_sqlite::{SqliteState, SqliteStore, StoreLock};
use cap_state::State;
use cap_storage::{Dialect, Schema, Transfer};
use kernel_engine::Transactor;
use kernel_types::TenantId;
use std::os::unix::fs::DirBuilderExt as _;
use std::sync::Arc;
use std::time::Instant;

/// A back end, chosen by the settings.
pub enum Store {
    /// One SQLite file for each tenant.
    Sqlite(SqliteStore),
    /// A database.
    Postgres {
        /// The database.
        store: PostgresStore,
        /// The host's own directory, which still is this host's alone.
        lock: StoreLock,
    },
}

impl Store {
    /// Opens the files, or takes the database that the settings bring along.
    pub(crate) fn open(settings: &Settings, layout: &Layout) -> Result<Self> {
        let dialect = if settings.database.is_some() { Dialect::Postgres } else { Dialect::Sqlite };
        kind::check(layout, dialect)?;
        let store = match &settings.database {
            Some(store) => {
                let mut folders = std::fs::DirBuilder::new();
                folders.recursive(true).mode(0o700).create(layout.data())?;
                Self::Postgres { store: store.clone(), lock: StoreLock::acquire(&layout.data())? }
            }
            None => Self::Sqlite(SqliteStore::open(&layout.data(), settings.store.clone())?),
        };
        kind::remember(layout, dialect)?;
        Ok(store)
    }

    /// What statements are compiled for.
    #[must_use]
    pub fn dialect(&self) -> Dialect {
        match self {
            Self::Sqlite(_) => Dialect::Sqlite,
            Self::Postgres { .. } => Dialect::Postgres,
        }
    }

    pub(crate) fn transactor(&self) -> Arc<dyn Transactor> {
        match self {
            Self::Sqlite(store) => Arc::new(store.clone()),
            Self::Postgres { store, .. } => Arc::new(store.clone()),
        }
    }

    pub(crate) fn schema(&self) -> Arc<dyn Schema> {
        match self {
            Self::Sqlite(store) => Arc::new(store.clone()),
            Self::Postgres { store, .. } => Arc::new(store.clone()),
        }
    }

    /// Whether it can be asked anything now. Files can, as long as the host runs: where one cannot be written, the
    /// others and what reads go on.
    #[must_use]
    pub fn answers(&self) -> bool {
        match self {
            Self::Sqlite(_) => true,
            Self::Postgres { store, .. } => store.answers(),
        }
    }

    /// Whether other hosts may use it at the same time.
    #[must_use]
    pub const fn is_shared(&self) -> bool {
        matches!(self, Self::Postgres { .. })
    }

    /// What hosts remember: in the database, for all that share it, or in the host's own directory.
    pub(crate) async fn state(&self, layout: &Layout) -> Result<Arc<dyn State>> {
        Ok(match self {
            Self::Sqlite(_) => Arc::new(SqliteState::open(&layout.state()).await?),
            Self::Postgres { store, .. } => Arc::new(store.state().await?),
        })
    }

    /// How tenants are read out and taken in.
    pub(crate) fn transfer(&self) -> Arc<dyn Transfer> {
        match self {
            Self::Sqlite(store) => Arc::new(store.clone()),
            Self::Postgres { store, .. } => Arc::new(store.clone()),
        }
    }

    pub(crate) async fn create_tenant(&self, tenant: &TenantId) -> Result<bool> {
        Ok(match self {
            Self::Sqlite(store) => store.create_tenant(tenant).await?,
            Self::Postgres { store, .. } => store.create_tenant(tenant).await?,
        })
    }

    pub(crate) async fn shutdown(&self, deadline: Instant) -> bool {
        match self {
            Self::Sqlite(store) => store.shutdown(deadline).await,
            Self::Postgres { store, .. } => store.shutdown(deadline).await,
        }
    }
}
