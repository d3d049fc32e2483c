// SPDX-License-Identifier: MIT OR Apache-2.0
//! Small files, written whole or not at all.

use std::fs::File;
use std::io::{ErrorKind, Write as _};
use std::path::Path;
use uuid::Uuid;

/// How the names of files begin that are not finished; they lie among the uploads.
pub(super) const UNFINISHED: &str = "tmp-";

/// Writes a file by way of a new one among the uploads of the store.
pub(super) fn write(root: &Path, path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let new = root.join("uploads").join(format!("{UNFINISHED}{}", Uuid::new_v4()));
    let mut file = File::create_new(&new)?;
    let written = file.write_all(bytes).and_then(|()| file.sync_all()).and_then(|()| rename(&new, path));
    if written.is_err() {
        let _ = std::fs::remove_file(&new);
    }
    written
}

/// Moves a file that was synced to its place, durably.
pub(super) fn rename(from: &Path, to: &Path) -> std::io::Result<()> {
    std::fs::rename(from, to)?;
    to.parent().map_or(Ok(()), sync)
}

/// Makes the names in a folder durable.
pub(super) fn sync(folder: &Path) -> std::io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Makes an empty file, or makes one young again.
pub(super) fn mark(path: &Path) -> std::io::Result<()> {
    let file = File::options().create(true).append(true).open(path)?;
    file.set_modified(std::time::SystemTime::now())?;
    path.parent().map_or(Ok(()), sync)
}

/// Removes a file; whether it was there.
pub(super) fn remove(path: &Path) -> std::io::Result<bool> {
    match std::fs::remove_file(path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// Reads a file; `None` where it is not there.
pub(super) fn read(path: &Path) -> std::io::Result<Option<Vec<u8>>> {
    match std::fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// The names in a folder; none where it is not there.
pub(super) fn names(folder: &Path) -> std::io::Result<Vec<String>> {
    match std::fs::read_dir(folder) {
        Ok(entries) => entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect(),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}
