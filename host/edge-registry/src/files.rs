// SPDX-License-Identifier: MIT OR Apache-2.0
//! The files of a bundle: read once, from regular files only, and written out as exactly the bytes that were read.
//!
//! Nothing in a bundle may be a link, on the whole way from its directory to the file: a link would take in a file of the
//! host that whoever made the bundle cannot read. What a file is, is asked of the open file, so that it cannot be changed
//! between the question and the reading.

use crate::bundle::BundleError;
use kernel_types::Digest;
use rustix::fs::{Mode, OFlags};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{ErrorKind, Read as _, Write as _};
use std::path::Path;

/// Files of a bundle, migrations and schemas together.
const FILES_MAX: usize = 10_000;

/// Bytes of all files of a bundle together.
const BYTES_MAX: u64 = 256 << 20;

/// The files of a bundle by their path in it, parts joined by `/`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Files {
    files: BTreeMap<String, Vec<u8>>,
    bytes: u64,
}

impl Files {
    /// Reads a file of the bundle in `directory`, keeps it, and returns it.
    pub(crate) fn read(&mut self, directory: &Path, name: &str, bytes_max: u64) -> Result<&[u8], BundleError> {
        let too_large = |max, unit| BundleError::TooLarge { path: directory.join(name), max, unit };
        let mut content = Vec::new();
        let limit = bytes_max.saturating_add(1);
        let read = open(directory, name)?.take(limit).read_to_end(&mut content);
        read.map_err(|source| BundleError::Io { path: directory.join(name), source })?;
        let length = u64::try_from(content.len()).unwrap_or(u64::MAX);
        if length > bytes_max {
            return Err(too_large(bytes_max, "bytes"));
        }
        self.bytes = self.bytes.saturating_add(length);
        if self.bytes > BYTES_MAX {
            return Err(BundleError::TooLarge { path: directory.to_owned(), max: BYTES_MAX, unit: "bytes" });
        }
        if self.files.len() >= FILES_MAX {
            let max = u64::try_from(FILES_MAX).unwrap_or(u64::MAX);
            return Err(BundleError::TooLarge { path: directory.to_owned(), max, unit: "files" });
        }
        Ok(self.files.entry(name.to_owned()).insert_entry(content).into_mut())
    }

    /// As [`Files::read`], for a text.
    pub(crate) fn read_text(&mut self, directory: &Path, name: &str, bytes_max: u64) -> Result<String, BundleError> {
        let content = self.read(directory, name, bytes_max)?;
        std::str::from_utf8(content).map(str::to_owned).map_err(|error| BundleError::Io {
            path: directory.join(name),
            source: std::io::Error::new(ErrorKind::InvalidData, error),
        })
    }

    /// The names in a directory of the bundle, sorted; none where it is missing.
    pub(crate) fn names(directory: &Path, below: &str) -> Result<Vec<String>, BundleError> {
        let path = directory.join(below);
        let io = |source| BundleError::Io { path: path.clone(), source };
        match std::fs::symlink_metadata(&path) {
            Ok(found) if found.is_dir() => {}
            Ok(_) => return Err(BundleError::Irregular(path)),
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(io(error)),
        }
        let mut names = Vec::new();
        for entry in std::fs::read_dir(&path).map_err(io)? {
            let name = entry.map_err(io)?.file_name();
            names.push(name.into_string().map_err(|name| BundleError::Irregular(path.join(name)))?);
            if names.len() > FILES_MAX {
                let max = u64::try_from(FILES_MAX).unwrap_or(u64::MAX);
                return Err(BundleError::TooLarge { path, max, unit: "files" });
            }
        }
        names.sort();
        Ok(names)
    }

    /// The content of a file that was read.
    pub(crate) fn get(&self, name: &str) -> Option<&[u8]> {
        self.files.get(name).map(Vec::as_slice)
    }

    /// The files in the order of their paths.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.files.iter().map(|(name, content)| (name.as_str(), content.as_slice()))
    }

    /// The digest over the paths and contents of all files, in the order of their paths.
    pub(crate) fn digest(&self) -> Digest {
        Digest::of_parts(self.files.iter().flat_map(|(name, content)| [name.as_bytes(), content.as_slice()]))
    }

    /// The files as one run of bytes: each path and each content behind its length, 64 bits, the lowest byte first. The SHA-256
    /// of it is the bundle's digest.
    #[must_use]
    pub fn pack(&self) -> Vec<u8> {
        let mut packed = Vec::new();
        for part in self.files.iter().flat_map(|(name, content)| [name.as_bytes(), content.as_slice()]) {
            packed.extend_from_slice(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_le_bytes());
            packed.extend_from_slice(part);
        }
        packed
    }

    /// Reads what [`Files::pack`] wrote. Whoever calls has compared the digest; the paths are looked at all the same, because
    /// they become files of this host.
    ///
    /// # Errors
    /// Where it is anything else.
    pub fn unpack(packed: &[u8]) -> Result<Self, BundleError> {
        let mut files = Self::default();
        let mut rest = packed;
        while !rest.is_empty() {
            let (name, after) = part(rest)?;
            let (content, after) = part(after)?;
            rest = after;
            let name = std::str::from_utf8(name).ok().filter(|name| is_plain(name));
            let name = name.ok_or(BundleError::Packed("a path in it is none of a bundle's"))?;
            let last = files.files.last_key_value();
            if last.is_some_and(|(last, _)| last.as_str() >= name) || files.files.len() >= FILES_MAX {
                return Err(BundleError::Packed("its files are not in order, or too many"));
            }
            files.bytes = files.bytes.saturating_add(u64::try_from(content.len()).unwrap_or(u64::MAX));
            files.files.insert(name.to_owned(), content.to_vec());
        }
        if files.bytes > BYTES_MAX { Err(BundleError::Packed("it is too large")) } else { Ok(files) }
    }

    /// Writes the files as a directory, durably: beside its place first, then renamed, so that a crash leaves all of it or
    /// nothing. A directory that holds just these files is left as it is; anything else in its place is replaced.
    ///
    /// # Errors
    /// Where the system refuses.
    pub fn write(&self, directory: &Path) -> std::io::Result<()> {
        let same = || self.files.iter().all(|(name, content)| is_at(directory, name, content));
        if entries(directory, FILES_MAX) == self.files.len() && same() {
            return Ok(());
        }
        let parent = directory.parent().unwrap_or(Path::new("."));
        private(parent)?;
        let (new, old) = (directory.with_extension("part"), directory.with_extension("old"));
        for leftover in [&new, &old] {
            remove(leftover)?;
        }
        private(&new)?;
        for (name, content) in &self.files {
            let path = new.join(name);
            let folder = path.parent().unwrap_or(&new);
            private(folder)?;
            let mut file = File::create_new(&path)?;
            file.write_all(content)?;
            file.sync_all()?;
            File::open(folder)?.sync_all()?;
        }
        File::open(&new)?.sync_all()?;
        match std::fs::rename(directory, &old) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        std::fs::rename(&new, directory)?;
        File::open(parent)?.sync_all()?;
        remove(&old)
    }
}

/// The first part of packed files, and what comes after it.
fn part(packed: &[u8]) -> Result<(&[u8], &[u8]), BundleError> {
    let split = || {
        let (length, rest) = packed.split_first_chunk::<8>()?;
        rest.split_at_checked(usize::try_from(u64::from_le_bytes(*length)).ok()?)
    };
    split().ok_or(BundleError::Packed("it ends too early"))
}

/// Whether a path stays below the directory that it is joined to, on every system.
fn is_plain(path: &str) -> bool {
    let plain = |part: &str| !part.is_empty() && part != "." && part != ".." && !part.contains(['\0', '\\']);
    path.split('/').all(plain)
}

fn is_at(directory: &Path, name: &str, content: &[u8]) -> bool {
    let limit = u64::try_from(content.len()).unwrap_or(u64::MAX);
    let mut found = Files::default();
    found.read(directory, name, limit).is_ok_and(|found| found == content)
}

/// How many files are below a directory, whatever they are; counting ends soon after `max`.
fn entries(directory: &Path, max: usize) -> usize {
    let mut count = 0usize;
    for entry in std::fs::read_dir(directory).into_iter().flatten().flatten() {
        let below = entry.file_type().is_ok_and(|kind| kind.is_dir());
        count = count.saturating_add(if below { entries(&entry.path(), max) } else { 1 });
        if count > max {
            break;
        }
    }
    count
}

/// Makes a directory and its missing parents for the host's own user.
fn private(directory: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(directory)
}

fn remove(directory: &Path) -> std::io::Result<()> {
    match std::fs::remove_dir_all(directory) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Opens a regular file below a directory without following a link on the way.
fn open(directory: &Path, name: &str) -> Result<File, BundleError> {
    let path = directory.join(name);
    let walk = || -> rustix::io::Result<rustix::fd::OwnedFd> {
        let folder = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::DIRECTORY;
        let mut at = rustix::fs::open(directory, folder, Mode::empty())?;
        let (folders, file) = name.rsplit_once('/').map_or(("", name), |(folders, file)| (folders, file));
        for part in folders.split('/').filter(|part| !part.is_empty()) {
            at = rustix::fs::openat(&at, part, folder | OFlags::NOFOLLOW, Mode::empty())?;
        }
        // Without NONBLOCK the opening of a pipe would wait for somebody to write to it.
        let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOFOLLOW | OFlags::NONBLOCK;
        rustix::fs::openat(&at, file, flags, Mode::empty())
    };
    match walk() {
        Ok(file) => {
            let file = File::from(file);
            let is_file = file.metadata().map_err(|source| BundleError::Io { path: path.clone(), source })?.is_file();
            if is_file { Ok(file) } else { Err(BundleError::Irregular(path)) }
        }
        Err(rustix::io::Errno::LOOP | rustix::io::Errno::NOTDIR | rustix::io::Errno::NXIO) => {
            Err(BundleError::Irregular(path))
        }
        Err(error) => Err(BundleError::Io { path, source: error.into() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(list: &[(&str, &str)]) -> Files {
        let mut files = Files::default();
        for (name, content) in list {
            files.bytes += content.len() as u64;
            files.files.insert((*name).to_owned(), content.as_bytes().to_vec());
        }
        files
    }

    #[test]
    fn packed_files_have_the_bundle_s_digest_and_come_back_as_they_were() {
        let files = files(&[("component.wasm", "x"), ("cortex.yaml", ""), ("migrations/0001_a.sql", "y")]);
        let packed = files.pack();
        assert_eq!(Digest::of(&packed), files.digest());
        assert_eq!(Files::unpack(&packed).unwrap(), files);
        for cut in 1..packed.len() {
            let same = Files::unpack(&packed[..cut]).is_ok_and(|cut| cut == files);
            assert!(!same, "{cut}");
        }
    }

    #[test]
    fn a_path_that_leaves_the_bundle_is_refused() {
        for name in ["../x", "a/../../x", "/etc/x", "", "a//b", "./a", "a/.", "a\0", "..\\x"] {
            assert!(Files::unpack(&files(&[(name, "x")]).pack()).is_err(), "{name}");
        }
        let twice = [files(&[("b", "")]).pack(), files(&[("a", "")]).pack()].concat();
        assert!(Files::unpack(&twice).is_err(), "not in order");
        let huge = [u64::MAX.to_le_bytes().as_slice(), b"x"].concat();
        assert!(Files::unpack(&huge).is_err());
    }
}
