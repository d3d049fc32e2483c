// SPDX-License-Identifier: MIT OR Apache-2.0
//! The file: made whole before it has its name, so that an empty or half file is never taken for a host that remembers
//! nothing.

use cap_state::StateError;
use rusqlite::{Connection, ErrorCode, OpenFlags};
use std::fs::{File, OpenOptions};
use std::io::Read as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::time::Duration;

/// `CRTS` in ASCII, in the header: a tenant's database has another one.
const APPLICATION_ID: u32 = 0x4352_5453;

/// The layout of the tables. Raised by a version that changes them.
const LAYOUT: i64 = 1;

/// How long another process, an operator's shell, may hold the file before a change is refused.
const BUSY_WAIT: Duration = Duration::from_secs(2);

const TABLES: &str = "
    CREATE TABLE installation (
        single INTEGER PRIMARY KEY CHECK (single = 1),
        revision INTEGER NOT NULL
    ) STRICT;
    INSERT INTO installation VALUES (1, 0);
    CREATE TABLE documents (
        kind TEXT NOT NULL,
        name TEXT NOT NULL,
        revision INTEGER NOT NULL,
        text TEXT,
        PRIMARY KEY (kind, name)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX documents_by_revision ON documents (revision, kind, name);
    CREATE TABLE blobs (digest TEXT PRIMARY KEY, bytes BLOB NOT NULL) STRICT;";

/// Opens the file, made where it is missing.
pub(super) fn open(path: &Path) -> Result<Connection, StateError> {
    if !path.try_exists().map_err(|error| refused(path, &error))? {
        make(path)?;
    }
    if !has_header(path).map_err(|error| refused(path, &error))? {
        return Err(StateError::Damaged(format!("`{}` is not the state of a host", path.display())));
    }
    let connection = connect(path).map_err(|error| failure(path, &error))?;
    let found = connection.query_row("PRAGMA user_version", [], |row| row.get(0));
    match found.map_err(|error| failure(path, &error))? {
        LAYOUT => Ok(connection),
        found => Err(StateError::Layout { found, known: LAYOUT }),
    }
}

/// Whether the file begins as one of ours does, by SQLite's file format. Looked at before the engine does, which would make an
/// empty file into an empty database.
fn has_header(path: &Path) -> std::io::Result<bool> {
    let mut header = Vec::new();
    File::open(path)?.take(100).read_to_end(&mut header)?;
    let id = header.get(68..72).and_then(|id| id.try_into().ok()).map(u32::from_be_bytes);
    Ok(header.starts_with(b"SQLite format 3\0") && id == Some(APPLICATION_ID))
}

/// Makes the file beside its place, durably, and gives it its name.
fn make(path: &Path) -> Result<(), StateError> {
    let new = path.with_extension("new");
    let files = || -> std::io::Result<()> {
        for leftover in [new.clone(), new.with_extension("new-journal")] {
            match std::fs::remove_file(&leftover) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        OpenOptions::new().create_new(true).write(true).mode(0o600).open(&new).map(drop)
    };
    files().map_err(|error| refused(&new, &error))?;
    let header = format!("PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {LAYOUT};");
    let fill = || {
        let connection = Connection::open_with_flags(&new, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        connection.execute_batch(&format!("BEGIN; {TABLES} {header} COMMIT;"))?;
        connection.close().map_err(|(_, error)| error)
    };
    fill().map_err(|error| failure(&new, &error))?;
    let name = || {
        File::open(&new)?.sync_all()?;
        std::fs::rename(&new, path)?;
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
        File::open(parent.unwrap_or(Path::new(".")))?.sync_all()
    };
    name().map_err(|error| refused(path, &error))
}

fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_NOFOLLOW;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY_WAIT)?;
    connection.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))?;
    connection.execute_batch("PRAGMA synchronous = FULL; PRAGMA cell_size_check = ON;")?;
    Ok(connection)
}

/// What the engine's error means.
pub(super) fn failure(path: &Path, error: &rusqlite::Error) -> StateError {
    let text = format!("`{}`: {error}", path.display());
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => StateError::Damaged(text),
        Some(_) => StateError::Unavailable(text),
        None => StateError::Damaged(text),
    }
}

fn refused(path: &Path, error: &std::io::Error) -> StateError {
    StateError::Unavailable(format!("`{}`: {error}", path.display()))
}
