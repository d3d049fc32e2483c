// SPDX-License-Identifier: MIT OR Apache-2.0
//! Where a state is kept for one test.

use backend_postgres::PostgresStore;
use backend_sqlite::SqliteState;
use cap_state::State;
use std::sync::Arc;

/// A file, or a database that hosts share.
pub(crate) enum Place {
    Sqlite(tempfile::TempDir),
    Postgres(Box<services::Database>),
}

impl Place {
    pub(crate) fn sqlite() -> Self {
        Self::Sqlite(tempfile::tempdir().unwrap())
    }

    /// [`None`]: there is no server.
    pub(crate) async fn postgres(test: &str) -> Option<Self> {
        services::postgres(test).map(|database| Self::Postgres(Box::new(database)))
    }

    /// Opens it as a host does.
    pub(crate) async fn open(&self) -> Arc<dyn State> {
        match self {
            Self::Sqlite(directory) => {
                Arc::new(SqliteState::open(&directory.path().join("state.sqlite")).await.unwrap())
            }
            Self::Postgres(database) => {
                let store = PostgresStore::open(&database.url, backend_postgres::Settings::default()).await.unwrap();
                Arc::new(store.state().await.unwrap())
            }
        }
    }

    /// Opens it as several hosts do at once, where several may.
    pub(crate) async fn open_some(&self) -> Vec<Arc<dyn State>> {
        match self {
            Self::Sqlite(_) => vec![self.open().await],
            Self::Postgres(_) => {
                let (one, other) = tokio::join!(self.open(), self.open());
                vec![one, other]
            }
        }
    }

    /// Cuts every connection to the database, as its restart would.
    pub(crate) async fn lose_connections(&self) {
        if let Self::Postgres(database) = self {
            database.disconnect_all();
        }
    }
}
