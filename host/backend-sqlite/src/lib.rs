// SPDX-License-Identifier: MIT OR Apache-2.0
//! The embedded storage back end: one SQLite database file for each tenant.
//!
//! Units of work that write go through one writer for each tenant, which runs those that wait one after another in one
//! transaction, a savepoint each, and commits once; answers leave after the commit. Units that read run beside it on
//! snapshots. The engine itself is the second wall behind cap-storage: its authorizer lets a component reach nothing but
//! the tables that begin with its own prefix.
//!
//! It does not parse SQL, does not know what a component is but by its name, and decides nothing about permissions.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use backend_sqlite::{Settings, SqliteStore};
//! use kernel_types::TenantId;
//!
//! let store = SqliteStore::open(".cortex".as_ref(), Settings::default())?;
//! let tenant = TenantId::parse("demo")?;
//! store.create_tenant(&tenant).await?;
//! store.write_host(&tenant, |tables| tables.put("grant", "accounting", "{}")).await?;
//! # Ok(())
//! # }
//! ```

mod answers;
mod authorizer;
mod connection;
mod directory;
mod drive;
mod error;
mod failure;
mod guard;
mod host_tables;
mod load;
mod migrate;
mod queue;
mod reader;
mod redo;
mod restore;
mod run;
mod session;
mod settings;
mod snapshot;
mod state;
mod stats;
mod store;
mod sweeper;
mod tables;
mod tenant;
mod ticket;
mod value;
mod writer;

pub use directory::StoreLock;
pub use error::StoreError;
pub use host_tables::HostTables;
pub use settings::Settings;
pub use state::SqliteState;
pub use stats::Stats;
pub use store::SqliteStore;

#[cfg(test)]
mod tests;
