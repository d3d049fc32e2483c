// SPDX-License-Identifier: MIT OR Apache-2.0
//! The back ends under test, each with an empty store of its own.

use backend_postgres::PostgresStore;
use backend_sqlite::SqliteStore;
use cap_storage::migrations::{MigrateError, Report};
use cap_storage::{Dialect, MigrationFile, Migrations, Schema};
use kernel_engine::Transactor;
use kernel_types::{ComponentId, TenantId};
use std::sync::Arc;

/// A back end with a store that is empty but for the tenant `demo`.
pub struct Backend {
    /// Its name, for messages.
    pub name: &'static str,
    /// What statements are compiled for.
    pub dialect: Dialect,
    /// Runs units of work.
    pub transactor: Arc<dyn Transactor>,
    /// Makes tables.
    pub schema: Arc<dyn Schema>,
    // Dropped last: where the store is.
    _place: Place,
}

enum Place {
    Directory { _directory: tempfile::TempDir },
    Database { _database: Box<services::Database> },
}

/// The tenant of all cases.
pub(crate) fn tenant() -> TenantId {
    TenantId::parse("demo").unwrap()
}

/// The component of all cases.
pub(crate) fn component() -> ComponentId {
    ComponentId::parse("demo-shop").unwrap()
}

impl Backend {
    /// The embedded one.
    pub async fn sqlite() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(directory.path(), backend_sqlite::Settings::default()).unwrap();
        store.create_tenant(&tenant()).await.unwrap();
        Self {
            name: "SQLite",
            dialect: Dialect::Sqlite,
            transactor: Arc::new(store.clone()),
            schema: Arc::new(store),
            _place: Place::Directory { _directory: directory },
        }
    }

    /// The one for many hosts, where there is a server.
    pub async fn postgres(test: &str) -> Option<Self> {
        let database = services::postgres(test)?;
        let store = PostgresStore::open(&database.url, backend_postgres::Settings::default()).await.unwrap();
        store.create_tenant(&tenant()).await.unwrap();
        Some(Self {
            name: "PostgreSQL",
            dialect: Dialect::Postgres,
            transactor: Arc::new(store.clone()),
            schema: Arc::new(store),
            _place: Place::Database { _database: Box::new(database) },
        })
    }

    /// Brings the component's tables to where these migrations, one text each, leave them.
    ///
    /// # Errors
    /// Where the back end refuses one.
    pub async fn migrate(&self, texts: &[&str]) -> Result<Report, MigrateError> {
        let names: Vec<String> = (1..=texts.len()).map(|number| format!("{number:04}_tables.sql")).collect();
        let files: Vec<MigrationFile<'_>> =
            names.iter().zip(texts).map(|(name, text)| MigrationFile { name, text }).collect();
        let migrations = Migrations::parse(self.dialect, &component(), &files).unwrap();
        self.schema.migrate(&tenant(), &migrations).await
    }
}
