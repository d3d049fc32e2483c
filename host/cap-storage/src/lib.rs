// SPDX-License-Identifier: MIT OR Apache-2.0
//! The capability `cortex:storage/sql`: a component's own tables, inside the unit of work.
//!
//! Three parts. The *portable subset* ([`Compiler`]): each statement is parsed, checked against a list of what is known,
//! and printed anew with the names of the component's namespace. *Migrations* ([`Migrations`]): the numbered files that
//! make the tables. The *capability*: the host functions, over the [`Session`] that a back end opened.
//! Beside them [`transfer`]: how a tenant's tables leave one back end and enter another.
//!
//! It knows no database: back ends implement [`Session`] and [`Schema`], and are the second wall behind this first one.

mod capability;
mod compiler;
#[cfg(feature = "danger-unchecked")]
mod danger;
mod dialect;
#[doc(hidden)]
pub mod fuzz;
pub mod limits;
pub mod migrations;
mod name;
mod savepoint;
mod session;
mod shared;
mod statement;
pub mod subset;
pub mod transfer;

pub use capability::Storage;
pub use compiler::Compiler;
pub use dialect::Dialect;
pub use migrations::{Migration, MigrationFile, Migrations, Schema};
pub use name::{logical_name, namespace, physical_name};
pub use savepoint::Savepoint;
pub use session::{BoxFuture, Budget, ConstraintKind, Parameters, Rows, SavepointStep, Session, SqlError, Value};
pub use shared::SharedSession;
pub use statement::{Statement, StatementKind};
pub use transfer::Transfer;
