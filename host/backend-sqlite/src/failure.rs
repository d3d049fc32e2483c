// SPDX-License-Identifier: MIT OR Apache-2.0
//! The engine's errors in the words of the contract. Physical names are turned back into the component's own, and
//! nothing of files or of other components is said.

use crate::connection::INSTRUCTIONS_MAX;
use cap_storage::{ConstraintKind, SqlError, logical_name, namespace};
use kernel_types::ComponentId;
use rusqlite::ffi::{self, ErrorCode};

/// The longest text of the engine that is passed on, in characters: it may quote a statement.
const MESSAGE_CHARS_MAX: usize = 300;

/// What the engine said when a statement failed.
pub(crate) fn sql_error(component: &ComponentId, error: &rusqlite::Error) -> SqlError {
    match error {
        rusqlite::Error::SqliteFailure(code, message) => {
            of_code(component, *code, message.as_deref().unwrap_or_default())
        }
        rusqlite::Error::SqlInputError { error, msg, .. } => of_code(component, *error, msg),
        rusqlite::Error::MultipleStatement => SqlError::Refused {
            message: "one statement at a time: send the second one by itself".into(),
            position: None,
        },
        rusqlite::Error::InvalidParameterCount(given, wanted) => {
            SqlError::Parameter(format!("{given} parameters are given, the statement takes {wanted}"))
        }
        other => SqlError::Unavailable(bounded(&other.to_string())),
    }
}

/// What the engine said when a statement could not be compiled. A program of more instructions than it may have
/// (`SQLITE_LIMIT_VDBE_OP`) is told as memory that is used up, and nothing else of a statement of bounded length is.
pub(crate) fn compile_error(component: &ComponentId, error: &rusqlite::Error) -> SqlError {
    match error.sqlite_error_code() {
        Some(ErrorCode::OutOfMemory) => SqlError::Refused {
            message: format!("the statement compiles to more than {INSTRUCTIONS_MAX} instructions: send it in parts"),
            position: None,
        },
        _ => sql_error(component, error),
    }
}

/// What ends the text of an error that says that there is no room.
const FULL: &str = "; free space on its disk, and the tenant is served again without a restart";

/// Whether a database or its disk has no room.
pub(crate) fn is_full(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::DiskFull)
}

/// Likewise, of what a statement's failure became.
pub(crate) fn says_full(error: &SqlError) -> bool {
    matches!(error, SqlError::Unavailable(text) if text.ends_with(FULL))
}

/// What an operator can do about a database that cannot be opened or written, to stand behind what the engine says of
/// it.
pub(crate) fn remedy(error: &rusqlite::Error) -> &'static str {
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => FULL,
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => {
            "; let the host's user write the file and its directory, and see whether the file system is mounted read-only"
        }
        Some(ErrorCode::CannotOpen) => {
            "; see whether the file and its directory are there, and may be read and written by the host's user"
        }
        Some(ErrorCode::SystemIoFailure) => "; see what the system's log says of its disk",
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => "; restore the tenant from a backup",
        _ => "",
    }
}

/// Whether a commit that failed so has left nothing behind for certain. Where the disk failed, the last of it may have
/// been written, and be found when the file is opened again.
pub(crate) fn is_certain(error: &rusqlite::Error) -> bool {
    !matches!(error.sqlite_error_code(), Some(ErrorCode::SystemIoFailure))
}

fn of_code(component: &ComponentId, error: ffi::Error, message: &str) -> SqlError {
    let text = own_names(component, message);
    match error.code {
        ErrorCode::ConstraintViolation => constraint(component, error.extended_code, message),
        ErrorCode::TypeMismatch => constraint(component, ffi::SQLITE_CONSTRAINT_DATATYPE, message),
        ErrorCode::AuthorizationForStatementDenied => SqlError::Refused {
            message: format!("the statement reaches beyond the component's own tables and functions ({text})"),
            position: None,
        },
        ErrorCode::ReadOnly => SqlError::Refused {
            message: "the operation only reads: declare `effect: write` to change".into(),
            position: None,
        },
        ErrorCode::TooBig => SqlError::Refused {
            message: format!("a value or the statement is too long for the database ({text})"),
            position: None,
        },
        ErrorCode::ParameterOutOfRange => SqlError::Parameter(text),
        ErrorCode::Unknown if message.contains("integer overflow") => {
            SqlError::Arithmetic("the result does not fit 64 bits".into())
        }
        ErrorCode::Unknown => SqlError::Syntax { message: text, position: None },
        _ => {
            let error = rusqlite::Error::SqliteFailure(error, None);
            SqlError::Unavailable(format!("{text}{}", remedy(&error)))
        }
    }
}

/// Which rule of which table: the extended code and the text that SQLite builds (`UNIQUE constraint failed: t.a, t.b`).
fn constraint(component: &ComponentId, extended_code: i32, message: &str) -> SqlError {
    let kind = match extended_code {
        ffi::SQLITE_CONSTRAINT_FOREIGNKEY => ConstraintKind::ForeignKey,
        ffi::SQLITE_CONSTRAINT_NOTNULL => ConstraintKind::NotNull,
        ffi::SQLITE_CONSTRAINT_CHECK => ConstraintKind::Check,
        ffi::SQLITE_CONSTRAINT_DATATYPE => ConstraintKind::DataType,
        _ => ConstraintKind::Unique,
    };
    let places = match kind {
        ConstraintKind::Unique | ConstraintKind::NotNull => message.split_once("failed: ").map(|(_, places)| places),
        // `cannot store TEXT value in INTEGER column t.c`
        ConstraintKind::DataType => message.rsplit_once(" column ").map(|(_, place)| place),
        ConstraintKind::ForeignKey | ConstraintKind::Check => None,
    };
    let mut table = "";
    let mut columns = Vec::new();
    for (name, column) in places.unwrap_or_default().split(", ").filter_map(|place| place.split_once('.')) {
        if let Some(own) = logical_name(component, name) {
            table = own;
            columns.push(column.to_owned());
        }
    }
    SqlError::Constraint { kind, table: table.to_owned(), columns }
}

/// Takes the component's prefix off every name in a text, and cuts it to a bounded length.
fn own_names(component: &ComponentId, text: &str) -> String {
    bounded(&text.replace(&namespace(component), ""))
}

fn bounded(text: &str) -> String {
    text.chars().take(MESSAGE_CHARS_MAX).collect()
}

/// Whether the engine cannot be trusted with this transaction any more.
pub(crate) fn is_unavailable(error: &SqlError) -> bool {
    matches!(error, SqlError::Unavailable(_))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(code: i32, message: &str, expected: &str) {
        let component = ComponentId::parse("import-journal").unwrap();
        let error = rusqlite::Error::SqliteFailure(ffi::Error::new(code), Some(message.into()));
        assert_eq!(format!("{:?}", sql_error(&component, &error)), expected, "{code} {message}");
    }

    #[test]
    fn the_engines_codes_become_the_contracts_words() {
        check(
            ffi::SQLITE_CONSTRAINT_UNIQUE,
            "UNIQUE constraint failed: import_journal__runs.year, import_journal__runs.number",
            r#"Constraint { kind: Unique, table: "runs", columns: ["year", "number"] }"#,
        );
        check(
            ffi::SQLITE_CONSTRAINT_PRIMARYKEY,
            "UNIQUE constraint failed: import_journal__runs.id",
            r#"Constraint { kind: Unique, table: "runs", columns: ["id"] }"#,
        );
        check(
            ffi::SQLITE_CONSTRAINT_NOTNULL,
            "NOT NULL constraint failed: import_journal__runs.id",
            r#"Constraint { kind: NotNull, table: "runs", columns: ["id"] }"#,
        );
        check(
            ffi::SQLITE_CONSTRAINT_DATATYPE,
            "cannot store TEXT value in INTEGER column import_journal__runs.id",
            r#"Constraint { kind: DataType, table: "runs", columns: ["id"] }"#,
        );
        check(
            ffi::SQLITE_CONSTRAINT_FOREIGNKEY,
            "FOREIGN KEY constraint failed",
            r#"Constraint { kind: ForeignKey, table: "", columns: [] }"#,
        );
        check(
            ffi::SQLITE_CONSTRAINT_CHECK,
            "CHECK constraint failed: amount > 0",
            r#"Constraint { kind: Check, table: "", columns: [] }"#,
        );
        check(ffi::SQLITE_MISMATCH, "datatype mismatch", r#"Constraint { kind: DataType, table: "", columns: [] }"#);
        check(ffi::SQLITE_ERROR, "integer overflow", r#"Arithmetic("the result does not fit 64 bits")"#);
        check(
            ffi::SQLITE_ERROR,
            "no such table: import_journal__nothing",
            r#"Syntax { message: "no such table: nothing", position: None }"#,
        );
        check(
            ffi::SQLITE_FULL,
            "database or disk is full",
            r#"Unavailable("database or disk is full; free space on its disk, and the tenant is served again without a restart")"#,
        );
        check(
            ffi::SQLITE_CORRUPT,
            "database disk image is malformed",
            r#"Unavailable("database disk image is malformed; restore the tenant from a backup")"#,
        );
        check(
            ffi::SQLITE_NOTADB,
            "file is not a database",
            r#"Unavailable("file is not a database; restore the tenant from a backup")"#,
        );
        check(ffi::SQLITE_BUSY, "database is locked", r#"Unavailable("database is locked")"#);
        check(
            ffi::SQLITE_IOERR,
            "disk I/O error",
            r#"Unavailable("disk I/O error; see what the system's log says of its disk")"#,
        );
    }
}
