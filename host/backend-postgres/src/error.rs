// SPDX-License-Identifier: MIT OR Apache-2.0
//! Why the store could not do what the host asked for. What a component sees is `cap_storage::SqlError` instead.

use kernel_types::TenantId;

/// Why an operation of the store failed. The texts are for the operator.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The URL of the database cannot be read.
    #[error("the database URL cannot be used: {0}; write `postgres://user:password@host:port/database`")]
    Url(String),
    /// The server is older than what the host writes for.
    #[error("the server has version {found}; PostgreSQL {known} or newer is needed")]
    Version {
        /// The server's major version.
        found: u32,
        /// The oldest that will do.
        known: u32,
    },
    /// The database keeps texts in another encoding.
    #[error("the database has the encoding `{0}`; make one with ENCODING 'UTF8'")]
    Encoding(String),
    /// The database was made by a later version of Cortex.
    #[error("the database has layout {found}; this version knows layouts up to {known}: use a newer one")]
    Layout {
        /// The layout that the database says.
        found: i64,
        /// The newest layout that this version knows.
        known: i64,
    },
    /// A limit of the settings lets nothing through.
    #[error("the setting `{setting}` {rule}")]
    Setting {
        /// Which one.
        setting: &'static str,
        /// The rule that it breaks.
        rule: &'static str,
    },
    /// The database holds no such tenant.
    #[error("there is no tenant `{0}`: create it first")]
    UnknownTenant(TenantId),
    /// The server refused or failed, or cannot be reached.
    #[error("the database failed: {0}")]
    Database(String),
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error.to_string())
    }
}
