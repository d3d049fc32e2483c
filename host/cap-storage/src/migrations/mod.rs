// SPDX-License-Identifier: MIT OR Apache-2.0
//! Migrations: the numbered SQL files with which a component makes and changes its tables.
//!
//! Files are parsed and rewritten here, and compared with what a tenant's database has already; running them, in one
//! transaction and recorded with their digests, is the back end's part ([`Schema`]).

mod change;
mod column;
mod effect;
mod parse;
mod plan;
mod schema;
mod schema_statement;
mod table;

pub use effect::{Effect, Effects, RollBack};
pub use parse::{MigrationError, MigrationFile};
pub use plan::{Applied, PlanError};
pub use schema::{MigrateError, Removed, Report, Schema};

use kernel_types::{ComponentId, Digest};
use std::sync::Arc;

/// One migration file, parsed and rewritten into the component's namespace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Migration {
    pub(crate) number: u32,
    pub(crate) name: String,
    pub(crate) digest: Digest,
    pub(crate) statements: Vec<Arc<str>>,
    /// What each of them does.
    changes: Vec<change::Change>,
}

impl Migration {
    /// Its number, from 1.
    #[must_use]
    pub fn number(&self) -> u32 {
        self.number
    }

    /// The file's name, `0001_accounts.sql`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The digest of the file as written, with line ends as `\n`: a check-out with other line ends is the same file.
    #[must_use]
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// The statements for the engine, with physical names, in order.
    #[must_use]
    pub fn statements(&self) -> &[Arc<str>] {
        &self.statements
    }
}

/// All migrations of one version of a component, in ascending order from 1 without a gap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Migrations {
    pub(crate) component: ComponentId,
    pub(crate) list: Vec<Migration>,
}

impl Migrations {
    /// The component whose tables they make.
    #[must_use]
    pub fn component(&self) -> &ComponentId {
        &self.component
    }

    /// The migrations in order.
    #[must_use]
    pub fn as_slice(&self) -> &[Migration] {
        &self.list
    }
}

#[cfg(feature = "danger-unchecked")]
impl Migrations {
    /// Migrations as they stand, checked by nothing, each a file name and its statements with physical names. Only
    /// dev-dependencies switch the feature on.
    #[doc(hidden)]
    #[must_use]
    pub fn danger_unchecked(component: &ComponentId, files: &[(&str, &[&str])]) -> Self {
        let list = (1..).zip(files).map(|(number, (name, statements))| Migration {
            number,
            name: (*name).to_owned(),
            digest: Digest::of_parts(statements.iter().map(|statement| statement.as_bytes())),
            statements: statements.iter().map(|statement| Arc::from(*statement)).collect(),
            changes: Vec::new(),
        });
        Self { component: component.clone(), list: list.collect() }
    }
}
