// SPDX-License-Identifier: MIT OR Apache-2.0
//! Files below a folder, read without following a link and within a limit. What a file is, is asked of the open file, so that
//! it cannot be changed between the question and the reading.

use rustix::fs::{Mode, OFlags};
use std::fs::File;
use std::io::{ErrorKind, Read as _};
use std::path::{Path, PathBuf};

/// Why a file was not read.
#[derive(Debug, thiserror::Error)]
pub enum FileFault {
    /// The system refuses.
    #[error("cannot be read: {0}")]
    Io(#[from] std::io::Error),
    /// A link, a pipe, a device, or something in the place of a folder.
    #[error("is no regular file; links and special files are refused")]
    Irregular,
    /// More bytes than it may have.
    #[error("is longer than the {bytes_max} bytes that it may have")]
    TooLong {
        /// How many it may have.
        bytes_max: u64,
    },
}

/// Reads a file of at most so many bytes.
pub(crate) fn read(folder: &Path, name: &str, bytes_max: u64) -> Result<Vec<u8>, FileFault> {
    let mut content = Vec::new();
    open(folder, name)?.take(bytes_max.saturating_add(1)).read_to_end(&mut content)?;
    if u64::try_from(content.len()).unwrap_or(u64::MAX) > bytes_max {
        return Err(FileFault::TooLong { bytes_max });
    }
    Ok(content)
}

/// Opens a regular file below a folder without following a link on the way.
fn open(folder: &Path, name: &str) -> Result<File, FileFault> {
    let walk = || -> rustix::io::Result<rustix::fd::OwnedFd> {
        let directory = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::DIRECTORY;
        let mut at = rustix::fs::open(folder, directory, Mode::empty())?;
        let (folders, file) = name.rsplit_once('/').unwrap_or(("", name));
        for part in folders.split('/').filter(|part| !part.is_empty()) {
            at = rustix::fs::openat(&at, part, directory | OFlags::NOFOLLOW, Mode::empty())?;
        }
        // Without NONBLOCK the opening of a pipe would wait for somebody to write to it.
        let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOFOLLOW | OFlags::NONBLOCK;
        rustix::fs::openat(&at, file, flags, Mode::empty())
    };
    match walk() {
        Ok(file) => {
            let file = File::from(file);
            if file.metadata()?.is_file() { Ok(file) } else { Err(FileFault::Irregular) }
        }
        Err(rustix::io::Errno::LOOP | rustix::io::Errno::NOTDIR | rustix::io::Errno::NXIO) => Err(FileFault::Irregular),
        Err(error) => Err(FileFault::Io(error.into())),
    }
}

/// The paths of everything below a folder that is no folder, links included (reading them fails). Ends soon after `max`.
pub(crate) fn list(folder: &Path, depth_max: usize, max: usize) -> std::io::Result<Vec<String>> {
    let mut paths = Vec::new();
    walk(folder, "", depth_max, max, &mut paths)?;
    paths.sort();
    Ok(paths)
}

fn walk(folder: &Path, prefix: &str, depth: usize, max: usize, paths: &mut Vec<String>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        // A name that is no UTF-8 keeps a character that no path may have: it is refused where paths are checked.
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = if prefix.is_empty() { name } else { format!("{prefix}/{name}") };
        if paths.len() > max {
            return Ok(());
        }
        if !entry.file_type()?.is_dir() {
            paths.push(path);
        } else if depth > 1 {
            walk(&entry.path(), &path, depth.saturating_sub(1), max, paths)?;
        } else {
            // Deeper than any path may be: named, so that it is refused there.
            paths.push(format!("{path}/"));
        }
    }
    Ok(())
}

/// Refuses to replace what is not of the same kind: such a folder holds a file of that name.
pub(crate) fn check_may_replace(place: &Path, name: &str) -> std::io::Result<()> {
    let may = match std::fs::symlink_metadata(place) {
        Err(error) => error.kind() == ErrorKind::NotFound,
        Ok(found) if !found.is_dir() => false,
        Ok(_) if place.join(name).is_file() => true,
        Ok(_) => std::fs::read_dir(place).is_ok_and(|mut entries| entries.next().is_none()),
    };
    if may {
        return Ok(());
    }
    let text = format!("`{}` is there and holds no `{name}`: name another folder, or remove it", place.display());
    Err(std::io::Error::new(ErrorKind::AlreadyExists, text))
}

/// Puts a new folder in the place of an old one, or of nothing: all of it or nothing of it is seen, also after a crash.
pub(crate) fn replace(new: &Path, place: &Path) -> std::io::Result<()> {
    let old = sibling(place, "old");
    remove(&old)?;
    match std::fs::rename(place, &old) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    std::fs::rename(new, place)?;
    sync(place.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new(".")))?;
    remove(&old)
}

/// A place beside a folder: hidden, and named after it.
pub(crate) fn sibling(place: &Path, what: &str) -> PathBuf {
    let name = place.file_name().unwrap_or_default().to_string_lossy();
    place.with_file_name(format!(".{name}.{what}"))
}

/// Removes a folder with everything in it, if it is there.
pub(crate) fn remove(folder: &Path) -> std::io::Result<()> {
    match std::fs::remove_dir_all(folder) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Writes a new file durably; its folder is to be synced by whoever fills it.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    use std::io::Write as _;
    let mut file = File::create_new(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Makes the names in a folder durable.
pub(crate) fn sync(folder: &Path) -> std::io::Result<()> {
    File::open(folder)?.sync_all()
}
