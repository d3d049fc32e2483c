// SPDX-License-Identifier: MIT OR Apache-2.0
//! Why the store could not do what the host asked for. What a component sees is `cap_storage::SqlError` instead.

use crate::failure::remedy;
use kernel_engine::TransactError;
use kernel_types::TenantId;
use std::path::PathBuf;

/// Why an operation of the store failed. The texts are for the operator.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A file or a directory cannot be made, read or locked.
    #[error("`{path}` cannot be used: {source}", path = .path.display())]
    File {
        /// Which one.
        path: PathBuf,
        /// What the operating system says.
        source: std::io::Error,
    },
    /// Another process holds the store.
    #[error("`{path}` is in use by another process: stop it or choose another directory", path = .path.display())]
    Locked {
        /// The lock file.
        path: PathBuf,
    },
    /// The store was opened outside of a tokio runtime.
    #[error("the store needs a running tokio runtime: open it inside one")]
    NoRuntime,
    /// A limit of the settings contradicts another.
    #[error("the setting `{setting}` {rule}")]
    Setting {
        /// Which one.
        setting: &'static str,
        /// The rule that it breaks.
        rule: &'static str,
    },
    /// The store holds no such tenant.
    #[error("there is no tenant `{0}`: create it first")]
    UnknownTenant(TenantId),
    /// The engine refused or failed.
    #[error("the database of `{tenant}` failed: {detail}")]
    Database {
        /// Whose database.
        tenant: TenantId,
        /// What the engine says.
        detail: String,
    },
    /// The database was written by a later version of Cortex.
    #[error("the database of `{tenant}` has layout {found}; this version knows layouts up to {known}: use a newer one")]
    Layout {
        /// Whose database.
        tenant: TenantId,
        /// The layout that the file says.
        found: i64,
        /// The newest layout that this version knows.
        known: i64,
    },
    /// A host document breaks a rule.
    #[error("the document `{key}` of kind `{kind}` is refused: {rule}")]
    Document {
        /// Its kind.
        kind: String,
        /// Its key.
        key: String,
        /// The rule that it breaks.
        rule: String,
    },
    /// The unit of work did not reach its end.
    #[error(transparent)]
    Transact(#[from] TransactError),
}

impl StoreError {
    pub(crate) fn file(path: &std::path::Path, source: std::io::Error) -> Self {
        Self::File { path: path.to_owned(), source }
    }

    pub(crate) fn database(tenant: &TenantId, error: &rusqlite::Error) -> Self {
        Self::Database { tenant: tenant.clone(), detail: format!("{error}{}", remedy(error)) }
    }
}
