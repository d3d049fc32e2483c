// SPDX-License-Identifier: MIT OR Apache-2.0
//! The storage back end for many hosts: a PostgreSQL database with a schema and a role for each component of each tenant.
//!
//! Each unit of work is one serializable transaction on one connection, begun with its first statement. Before a component's
//! statement the component's role is put in force (`SET LOCAL ROLE`): the server itself is the second wall behind
//! cap-storage. Two transactions that cannot both be are told apart by the server; the one that must give way ends with
//! `TransactError::Conflict`, and the kernel runs its unit again.
//!
//! It does not parse SQL, does not know what a component is but by its name, and decides nothing about permissions.
//! `docs/decisions/0008-postgresql.md` says why it is as it is, `README.md` what the host's role must be allowed.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use backend_postgres::{PostgresStore, Settings};
//! use kernel_types::TenantId;
//!
//! let store = PostgresStore::open("postgres://cortex@db.example/cortex", Settings::default()).await?;
//! store.create_tenant(&TenantId::parse("demo")?).await?;
//! # Ok(())
//! # }
//! ```

mod answers;
mod batch;
mod error;
mod failure;
mod health;
mod layout;
mod lease;
mod load;
mod migrate;
mod name;
mod redo;
mod session;
mod settings;
mod snapshot;
mod state;
mod statement;
mod store;
mod tables;
mod tenant;
mod text;
mod turn;
mod unit;
mod value;

pub use error::StoreError;
pub use settings::Settings;
pub use state::PostgresState;
pub use store::PostgresStore;

#[cfg(test)]
mod tests;
