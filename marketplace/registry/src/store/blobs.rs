// SPDX-License-Identifier: MIT OR Apache-2.0
//! Contents by their digests, and which repository has which.

use super::{Store, files};
use crate::error::{Code, Refusal};
use crate::name::Repository;
use kernel_types::Digest;
use std::fs::File;
use std::path::PathBuf;

impl Store {
    pub(super) fn blob_path(&self, digest: Digest) -> PathBuf {
        let hex = digest.hex();
        self.root.join("blobs").join(hex.get(..2).unwrap_or_default()).join(hex)
    }

    pub(super) fn count_blobs(&self) -> std::io::Result<u64> {
        let mut bytes = 0u64;
        let blobs = self.root.join("blobs");
        for folder in files::names(&blobs)? {
            for entry in std::fs::read_dir(blobs.join(folder))? {
                bytes = bytes.saturating_add(entry?.metadata()?.len());
            }
        }
        Ok(bytes)
    }

    /// Opens a blob that a repository has; with its length.
    ///
    /// # Errors
    /// Where it has none.
    pub fn blob(&self, repository: &Repository, digest: Digest) -> Result<(File, u64), Refusal> {
        let _gate = self.gate.read();
        let unknown = || Refusal::new(Code::BlobUnknown, format!("`{repository}` has no blob {digest}"));
        if !self.has_blob(repository, digest) {
            return Err(unknown());
        }
        match File::open(self.blob_path(digest)) {
            Ok(file) => {
                let length = file.metadata()?.len();
                Ok((file, length))
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err(unknown()),
            Err(error) => Err(error.into()),
        }
    }

    pub(super) fn has_blob(&self, repository: &Repository, digest: Digest) -> bool {
        self.folder(repository, "blobs").join(digest.hex()).is_file()
    }

    /// Lets a repository have a blob of another one; whether the other one has it.
    ///
    /// # Errors
    /// Where the system refuses.
    pub fn mount(&self, repository: &Repository, digest: Digest, from: &Repository) -> Result<bool, Refusal> {
        let _gate = self.gate.read();
        if !self.has_blob(from, digest) || !self.blob_path(digest).is_file() {
            return Ok(false);
        }
        self.link(repository, digest)?;
        Ok(true)
    }

    /// Notes that a repository has a blob, as of now.
    pub(super) fn link(&self, repository: &Repository, digest: Digest) -> Result<(), Refusal> {
        let folder = self.make_folder(repository, "blobs")?;
        Ok(files::mark(&folder.join(digest.hex()))?)
    }

    /// Makes the folder of a blob.
    pub(super) fn make_blob_folder(&self, digest: Digest) -> std::io::Result<PathBuf> {
        let path = self.blob_path(digest);
        if let Some(folder) = path.parent().filter(|folder| !folder.is_dir()) {
            std::fs::create_dir_all(folder)?;
            files::sync(&self.root.join("blobs"))?;
        }
        Ok(path)
    }

    /// Takes a blob from a repository. Its content goes with the next collection, if nobody else has it.
    ///
    /// # Errors
    /// Where it has none.
    pub fn delete_blob(&self, repository: &Repository, digest: Digest) -> Result<(), Refusal> {
        let _gate = self.gate.write();
        self.check_known(repository)?;
        if files::remove(&self.folder(repository, "blobs").join(digest.hex()))? {
            return Ok(());
        }
        Err(Refusal::new(Code::BlobUnknown, format!("`{repository}` has no blob {digest}")))
    }
}
