// SPDX-License-Identifier: MIT OR Apache-2.0
//! Which back end the hosts of a test run on. [`on_each_backend`](crate::on_each_backend) makes two tests of one function: what
//! holds on SQLite holds on PostgreSQL.

use backend_postgres::PostgresStore;
use cortex::host::Settings;
use services::Database;
use std::sync::Arc;

/// Connections of one host to its database. Tests run beside each other on a server that may admit a hundred in all.
pub const CONNECTIONS_MAX: u32 = 4;

/// Where the hosts of one test keep their tenants. All hosts of a test that are given the same value share the same database.
#[derive(Clone)]
pub enum Backend {
    /// Files in each host's own directory.
    Sqlite,
    /// A database, which is dropped with the last of those who hold it.
    Postgres(Arc<Database>),
}

impl Backend {
    /// A database of its own for the test of this name. `None`: there is no server, and the test was counted as not run.
    #[must_use]
    pub fn postgres(test: &str) -> Option<Self> {
        services::postgres(test).map(|database| Self::Postgres(Arc::new(database)))
    }

    /// The same with nothing in it, for a test that needs several.
    ///
    /// # Panics
    /// Where the server makes no other database.
    #[must_use]
    pub fn another(&self, test: &str) -> Self {
        match self {
            Self::Sqlite => Self::Sqlite,
            Self::Postgres(_) => Self::postgres(test).expect("the server was there a moment ago"),
        }
    }

    /// Its name, for messages.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Sqlite => "SQLite",
            Self::Postgres(_) => "PostgreSQL",
        }
    }

    /// How the database is reached, where it is one.
    #[must_use]
    pub fn url(&self) -> Option<&str> {
        match self {
            Self::Sqlite => None,
            Self::Postgres(database) => Some(&database.url),
        }
    }

    /// Gives the settings of a host this back end.
    pub(crate) async fn choose(&self, settings: &mut Settings) {
        let Some(url) = self.url() else { return };
        settings.database = Some(open(url).await);
    }
}

/// Opens a database with few connections.
///
/// # Panics
/// Where it cannot be opened.
pub async fn open(url: &str) -> PostgresStore {
    let settings = backend_postgres::Settings { connections_max: CONNECTIONS_MAX, ..Default::default() };
    PostgresStore::open(url, settings).await.unwrap_or_else(|error| panic!("{error}"))
}

/// Makes tests of functions that take a [`Backend`]: each becomes a module of its name with a test `sqlite` and a test
/// `postgres`, which counts itself as not run where there is no server.
#[macro_export]
macro_rules! on_each_backend {
    ($($(#[$attribute:meta])* $name:ident),* $(,)?) => {$(
        $(#[$attribute])*
        mod $name {
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                super::$name($crate::backend::Backend::Sqlite).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                if let Some(backend) = $crate::backend::Backend::postgres(module_path!()) {
                    super::$name(backend).await;
                }
            }
        }
    )*};
}
