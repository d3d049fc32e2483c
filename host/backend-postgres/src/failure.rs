// SPDX-License-Identifier: MIT OR Apache-2.0
//! The server's errors in the words of the contract, by their SQLSTATE (PostgreSQL's appendix A), never by their text: that
//! comes in the server's language. Physical names are turned back into the component's own.

use cap_storage::{ConstraintKind, SqlError, logical_name, namespace};
use kernel_types::ComponentId;
use sqlx::postgres::PgDatabaseError;

/// The longest text of the server that is passed on, in characters: it may quote a statement.
const MESSAGE_CHARS_MAX: usize = 300;

/// Why a statement failed, and what that means for its transaction.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Fault {
    /// The statement is at fault; the transaction goes on behind its last savepoint.
    Told(SqlError),
    /// A key exists already. Which columns it has must be asked.
    Key {
        /// The table as the component named it.
        table: String,
        /// The index, by its physical name.
        index: String,
    },
    /// A table was changed by a migration since the statement was prepared. It must be prepared anew.
    Stale,
    /// It ran for longer than it may.
    Cancelled,
    /// Another transaction was first. The unit of work would succeed if it were run again.
    Conflict(String),
    /// The connection or the server cannot go on.
    Lost(String),
}

impl From<SqlError> for Fault {
    fn from(error: SqlError) -> Self {
        match error {
            SqlError::Unavailable(detail) => Self::Lost(detail),
            other => Self::Told(other),
        }
    }
}

/// What the server said when a statement failed. `changes`: it was to change rows.
pub(crate) fn fault(component: &ComponentId, changes: bool, error: &sqlx::Error) -> Fault {
    match error {
        sqlx::Error::Database(inner) => match inner.try_downcast_ref::<PgDatabaseError>() {
            Some(error) => of_code(component, changes, error),
            None => Fault::Lost(bounded(&error.to_string())),
        },
        other => Fault::Lost(bounded(&other.to_string())),
    }
}

/// Whether the connection, and not what was asked of it, is at fault: another may do.
pub(crate) fn is_of_connection(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Database(inner) => inner.code().is_some_and(|code| code.starts_with("57P")),
        sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::Protocol(_) => true,
        _ => false,
    }
}

fn of_code(component: &ComponentId, changes: bool, error: &PgDatabaseError) -> Fault {
    let told = |error| Fault::Told(error);
    let text = own_names(component, error.message());
    let own_table = || error.table().and_then(|table| logical_name(component, table)).unwrap_or_default().to_owned();
    let rule = |kind| {
        let columns = if kind == ConstraintKind::NotNull { error.column().map(str::to_owned) } else { None };
        told(SqlError::Constraint { kind, table: own_table(), columns: columns.into_iter().collect() })
    };
    let refused = |message| told(SqlError::Refused { message, position: None });
    match error.code() {
        // serialization_failure, deadlock_detected, lock_not_available
        "40001" | "40P01" | "55P03" => Fault::Conflict(text),
        // The only error of its kind that executing a prepared statement has: `cached plan must not change result type`.
        "0A000" if error.routine() == Some("RevalidateCachedQuery") => Fault::Stale,
        "57014" => Fault::Cancelled,
        "23505" => Fault::Key { table: own_table(), index: error.constraint().unwrap_or_default().to_owned() },
        "23502" => rule(ConstraintKind::NotNull),
        "23503" | "23001" => rule(ConstraintKind::ForeignKey),
        "23514" => rule(ConstraintKind::Check),
        // datatype_mismatch, invalid_text_representation, cannot_coerce
        "42804" | "22P02" | "42846" if changes => rule(ConstraintKind::DataType),
        // numeric_value_out_of_range, division_by_zero
        "22003" | "22012" => told(SqlError::Arithmetic(text)),
        // insufficient_privilege
        "42501" => refused("the statement reaches what is not the component's own".to_owned()),
        // read_only_sql_transaction
        "25006" => {
            refused("the operation only reads: declare `effect: write` in the manifest to change rows".to_owned())
        }
        code if code.starts_with("42") => told(SqlError::Syntax { message: text, position: None }),
        // feature_not_supported, cardinality_violation, data_exception, program_limit_exceeded, invalid_schema_name
        code if ["0A", "21", "22", "54", "3F"].iter().any(|class| code.starts_with(class)) => refused(text),
        code => Fault::Lost(format!("{text} (SQLSTATE {code})")),
    }
}

/// Takes the component's prefix off every name in a text, and cuts it to a bounded length.
fn own_names(component: &ComponentId, text: &str) -> String {
    bounded(&text.replace(&namespace(component), ""))
}

fn bounded(text: &str) -> String {
    text.chars().take(MESSAGE_CHARS_MAX).collect()
}
