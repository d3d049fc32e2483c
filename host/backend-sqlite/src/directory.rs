// SPDX-License-Identifier: MIT OR Apache-2.0
//! The store's directory: `store.lock`, and `tenants/{tenant}/data.sqlite` for each tenant. Directories are 0700, files
//! 0600. Whatever is made here is durable before it is used: the directory that holds it is synced.

use crate::error::StoreError;
use kernel_types::TenantId;
use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

/// The name of a tenant's database file.
const DATABASE: &str = "data.sqlite";

/// What the name of a directory ends with in which a tenant's database is being made.
const PART: &str = ".part";

/// Proof that no other process uses the directory as a store. The operating system lets go of it when the process ends,
/// however it ends.
#[derive(Debug)]
pub struct StoreLock {
    file: File,
}

impl Drop for StoreLock {
    /// The lock belongs to the open file, of which a process that was just forked holds a copy until it runs its
    /// program: closing ours would leave the directory locked for that long.
    fn drop(&mut self) {
        let _ = self.file.unlock();
    }
}

impl StoreLock {
    /// Locks a directory, which must exist.
    ///
    /// # Errors
    /// [`StoreError::Locked`] where another process holds it.
    pub fn acquire(directory: &Path) -> Result<Self, StoreError> {
        let path = directory.join("store.lock");
        let mut options = OpenOptions::new();
        options.create(true).truncate(false).write(true).mode(0o600);
        let file = options.open(&path).map_err(|e| StoreError::file(&path, e))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { file }),
            Err(TryLockError::WouldBlock) => Err(StoreError::Locked { path }),
            Err(TryLockError::Error(source)) => Err(StoreError::file(&path, source)),
        }
    }
}

/// Where things are.
#[derive(Debug)]
pub(crate) struct Layout {
    tenants: PathBuf,
    _lock: StoreLock,
}

impl Layout {
    /// Makes the directory where it is missing, and locks it.
    pub(crate) fn open(directory: &Path) -> Result<Self, StoreError> {
        make_directory(directory)?;
        let lock = StoreLock::acquire(directory)?;
        let tenants = directory.join("tenants");
        make_directory(&tenants)?;
        let layout = Self { tenants, _lock: lock };
        layout.remove_parts()?;
        Ok(layout)
    }

    /// The database file of a tenant. A tenant's id is a safe name of a directory: see [`TenantId`].
    pub(crate) fn database(&self, tenant: &TenantId) -> PathBuf {
        self.tenants.join(tenant.as_str()).join(DATABASE)
    }

    /// Makes an empty database file. Returns whether it is new.
    pub(crate) fn create(&self, tenant: &TenantId) -> Result<bool, StoreError> {
        let directory = self.tenants.join(tenant.as_str());
        make_directory(&directory)?;
        let path = directory.join(DATABASE);
        match OpenOptions::new().create_new(true).write(true).mode(0o600).open(&path) {
            Ok(file) => {
                file.sync_all().map_err(|e| StoreError::file(&path, e))?;
                sync_directory(&directory)?;
                Ok(true)
            }
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(false),
            Err(error) => Err(StoreError::file(&path, error)),
        }
    }

    /// Where a tenant's database is made before it is put into its place. No tenant's id has a full stop.
    fn part(&self, tenant: &TenantId) -> PathBuf {
        self.tenants.join(format!("{tenant}{PART}"))
    }

    /// Makes an empty database file beside the tenant's place; one that was left there is removed.
    pub(crate) fn make_part(&self, tenant: &TenantId) -> Result<PathBuf, StoreError> {
        self.remove_part(tenant)?;
        let directory = self.part(tenant);
        make_directory(&directory)?;
        let path = directory.join(DATABASE);
        let mut options = OpenOptions::new();
        options.create_new(true).write(true).mode(0o600).open(&path).map_err(|e| StoreError::file(&path, e))?;
        Ok(path)
    }

    /// Gives up what was made beside the tenant's place.
    pub(crate) fn remove_part(&self, tenant: &TenantId) -> Result<(), StoreError> {
        remove_directory(&self.part(tenant))
    }

    /// Puts what was made beside it into the place of a tenant that is not there; durably with [`Layout::sync`].
    pub(crate) fn put_part(&self, tenant: &TenantId) -> Result<(), StoreError> {
        let (part, place) = (self.part(tenant), self.tenants.join(tenant.as_str()));
        sync_directory(&part)?;
        std::fs::rename(&part, &place).map_err(|e| StoreError::file(&place, e))
    }

    /// Puts what was made beside it into the place of a tenant, and what was there beside it. One step: also a kill
    /// leaves the one or the other. Durable with [`Layout::sync`].
    pub(crate) fn exchange_part(&self, tenant: &TenantId) -> Result<(), StoreError> {
        let (part, place) = (self.part(tenant), self.tenants.join(tenant.as_str()));
        sync_directory(&part)?;
        let exchange = rustix::fs::RenameFlags::EXCHANGE;
        let done = rustix::fs::renameat_with(rustix::fs::CWD, &part, rustix::fs::CWD, &place, exchange);
        done.map_err(|error| StoreError::file(&place, error.into()))
    }

    /// Makes durable which directory has which tenant's name.
    pub(crate) fn sync(&self) -> Result<(), StoreError> {
        sync_directory(&self.tenants)
    }

    /// Removes what hosts that were killed had begun to take in.
    fn remove_parts(&self) -> Result<(), StoreError> {
        let error = |e| StoreError::file(&self.tenants, e);
        for entry in std::fs::read_dir(&self.tenants).map_err(error)? {
            let name = entry.map_err(error)?.file_name();
            let tenant = name.to_str().and_then(|name| TenantId::parse(name.strip_suffix(PART)?).ok());
            if let Some(tenant) = tenant {
                self.remove_part(&tenant)?;
            }
        }
        Ok(())
    }

    /// The tenants, sorted. What is no tenant's directory is passed over.
    pub(crate) fn list(&self) -> Result<Vec<TenantId>, StoreError> {
        let error = |e| StoreError::file(&self.tenants, e);
        let mut tenants = Vec::new();
        for entry in std::fs::read_dir(&self.tenants).map_err(error)? {
            let entry = entry.map_err(error)?;
            let Some(tenant) = entry.file_name().to_str().and_then(|name| TenantId::parse(name).ok()) else { continue };
            if self.database(&tenant).is_file() {
                tenants.push(tenant);
            }
        }
        tenants.sort();
        Ok(tenants)
    }
}

/// Makes a directory and its missing parents, each synced into the one above.
fn make_directory(path: &Path) -> Result<(), StoreError> {
    if path.is_dir() {
        return Ok(());
    }
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    if let Some(parent) = parent {
        make_directory(parent)?;
    }
    match DirBuilder::new().mode(0o700).create(path) {
        Ok(()) => sync_directory(parent.unwrap_or(Path::new("."))),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        Err(error) => Err(StoreError::file(path, error)),
    }
}

fn remove_directory(path: &Path) -> Result<(), StoreError> {
    match std::fs::remove_dir_all(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(StoreError::file(path, error)),
        _ => Ok(()),
    }
}

/// Makes durable what a file holds.
pub(crate) fn sync_file(path: &Path) -> Result<(), StoreError> {
    File::open(path).and_then(|file| file.sync_all()).map_err(|e| StoreError::file(path, e))
}

fn sync_directory(path: &Path) -> Result<(), StoreError> {
    File::open(path).and_then(|directory| directory.sync_all()).map_err(|e| StoreError::file(path, e))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn a_directory_is_locked_against_a_second_store() {
        let directory = tempfile::tempdir().unwrap();
        let first = Layout::open(directory.path()).unwrap();
        assert!(matches!(Layout::open(directory.path()), Err(StoreError::Locked { .. })));
        drop(first);
        Layout::open(directory.path()).unwrap();
    }

    #[test]
    fn a_lock_is_gone_with_its_owner_even_while_another_process_inherits_the_file() {
        let directory = tempfile::tempdir().unwrap();
        let lock = StoreLock::acquire(directory.path()).unwrap();
        // What a fork copies: the same open file under another descriptor.
        let copy = lock.file.try_clone().unwrap();
        drop(lock);
        StoreLock::acquire(directory.path()).unwrap();
        drop(copy);
    }

    #[test]
    fn tenants_are_made_once_and_listed_in_order() {
        let directory = tempfile::tempdir().unwrap();
        let layout = Layout::open(&directory.path().join("a/b")).unwrap();
        let ids = ["zebra", "ant"].map(|id| TenantId::parse(id).unwrap());
        for id in &ids {
            assert!(layout.create(id).unwrap());
            assert!(!layout.create(id).unwrap());
        }
        std::fs::create_dir(directory.path().join("a/b/tenants/No Tenant")).unwrap();
        std::fs::create_dir(directory.path().join("a/b/tenants/empty")).unwrap();
        assert_eq!(layout.list().unwrap(), [ids[1].clone(), ids[0].clone()]);
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        let database = layout.database(&ids[0]);
        assert_eq!((mode(&database), mode(database.parent().unwrap())), (0o600, 0o700));
    }

    #[test]
    fn a_file_in_the_way_is_named() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        std::fs::write(&path, "").unwrap();
        let error = Layout::open(&path.join("store")).unwrap_err().to_string();
        assert!(error.contains("file"), "{error}");
    }
}
