// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the registry keeps, as files:
//!
//! ```text
//! lock                                   held while a registry runs
//! blobs/<2 digits>/<64 digits>           every content once, by its digest
//! repositories/<name>/blobs/<digest>     empty: this repository has the blob
//! repositories/<name>/manifests/<digest> what a list says of the manifest; its bytes are a blob
//! repositories/<name>/tags/<tag>         a digest
//! repositories/<name>/referrers/<subject>/<digest>   empty: this manifest is attached to that one
//! uploads/<id>, uploads/<id>.name        what has come so far, and for which repository
//! ```
//!
//! A file appears by a rename after it was synced, so that a name either is not there or holds all of it, also after a
//! `kill -9`. The order is content, list, tag: what is found has everything that it names.

mod blobs;
mod collect;
mod files;
mod manifests;
mod uploads;

pub use collect::Collected;
pub use manifests::{Meta, Page};
pub use uploads::{Upload, Writer};

use crate::error::{Code, Refusal};
use crate::name::Repository;
use crate::settings::Settings;
use parking_lot::{Mutex, RwLock};
use std::collections::BTreeMap;
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use uuid::Uuid;

/// What a registry keeps. Its functions block; they are called where that is allowed.
#[derive(Debug)]
pub struct Store {
    root: PathBuf,
    settings: Settings,
    /// Held shared by whatever adds, alone by whatever removes: nothing disappears between the question and the answer.
    gate: RwLock<()>,
    /// Bytes of blobs and uploads.
    used: AtomicU64,
    uploads: Mutex<BTreeMap<Uuid, Arc<Upload>>>,
    /// Held while a content gets its place: two of the same are counted once.
    placing: Mutex<()>,
    lock: File,
}

impl Drop for Store {
    /// The lock belongs to the open file, of which a process that was just forked holds a copy for a moment.
    fn drop(&mut self) {
        let _ = self.lock.unlock();
    }
}

impl Store {
    /// Opens the store in a folder, or makes one.
    ///
    /// # Errors
    /// Where another registry runs on it, or the system refuses.
    pub fn open(root: &Path, settings: Settings) -> std::io::Result<Self> {
        for folder in ["blobs", "repositories", "uploads"] {
            std::fs::create_dir_all(root.join(folder))?;
        }
        let lock = File::options().create(true).append(true).open(root.join("lock"))?;
        lock.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => {
                let text = format!("another registry runs on `{}`", root.display());
                std::io::Error::new(std::io::ErrorKind::ResourceBusy, text)
            }
            TryLockError::Error(error) => error,
        })?;
        let store = Self {
            root: root.to_owned(),
            settings,
            gate: RwLock::new(()),
            used: AtomicU64::new(0),
            uploads: Mutex::default(),
            placing: Mutex::default(),
            lock,
        };
        store.restore_uploads()?;
        store.used.fetch_add(store.count_blobs()?, Ordering::Relaxed);
        Ok(store)
    }

    /// The settings.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Bytes of all blobs and uploads.
    #[must_use]
    pub fn used_bytes(&self) -> u64 {
        self.used.load(Ordering::Relaxed)
    }

    /// Takes room, or refuses.
    fn reserve(&self, bytes: u64) -> Result<(), Refusal> {
        let max = self.settings.storage_bytes_max;
        let more = |used: u64| used.checked_add(bytes).filter(|used| *used <= max);
        match self.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more) {
            Ok(_) => Ok(()),
            Err(_) => Err(Refusal::new(Code::Denied, format!("the registry is full: it keeps at most {max} bytes"))),
        }
    }

    fn give_back(&self, bytes: u64) {
        let less = |used: u64| Some(used.saturating_sub(bytes));
        let _ = self.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
    }

    /// The folder of something in a repository.
    fn folder(&self, repository: &Repository, what: &str) -> PathBuf {
        self.root.join("repositories").join(repository.folder()).join(what)
    }

    /// As [`Store::folder`], made where it is not there.
    fn make_folder(&self, repository: &Repository, what: &str) -> Result<PathBuf, Refusal> {
        let repositories = self.root.join("repositories");
        let own = repositories.join(repository.folder());
        if !own.is_dir() {
            let max = self.settings.repositories_max;
            if std::fs::read_dir(&repositories)?.take(max).count() >= max {
                return Err(Refusal::new(Code::Denied, format!("the registry has {max} repositories, its most")));
            }
        }
        let folder = own.join(what);
        if !folder.is_dir() {
            std::fs::create_dir_all(&folder)?;
            for folder in [&own, &repositories] {
                files::sync(folder)?;
            }
        }
        Ok(folder)
    }

    /// Refuses a repository that nothing was pushed to.
    fn check_known(&self, repository: &Repository) -> Result<(), Refusal> {
        if self.root.join("repositories").join(repository.folder()).is_dir() {
            return Ok(());
        }
        Err(Refusal::new(Code::NameUnknown, format!("there is no repository `{repository}`")))
    }
}
