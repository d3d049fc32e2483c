// SPDX-License-Identifier: MIT OR Apache-2.0
//! Blobs on their way in. What has come stays through a broken connection and a restart; it becomes a blob when its digest
//! is the one that was said, and is nothing to anybody before.

use super::{Store, files};
use crate::error::{Code, Refusal};
use crate::name::Repository;
use kernel_types::Digest;
use sha2::{Digest as _, Sha256};
use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tokio::sync::Mutex;
use uuid::Uuid;

/// Bytes that are hashed at a time when an upload is taken up again.
const BUFFER_BYTES: usize = 1 << 20;

/// An upload that is open.
#[derive(Debug)]
pub struct Upload {
    /// Its id, which nobody guesses.
    pub id: Uuid,
    repository: Repository,
    /// One request at a time writes.
    pub writer: Arc<Mutex<Writer>>,
}

/// Writes an upload; knows its length and its digest so far.
#[derive(Debug)]
pub struct Writer {
    path: PathBuf,
    written: u64,
    open: Option<(File, Sha256)>,
}

impl Writer {
    /// How many bytes have come.
    #[must_use]
    pub fn written(&self) -> u64 {
        self.written
    }

    /// The file with the hash of what is in it, read again after a restart.
    fn open(&mut self) -> std::io::Result<&mut (File, Sha256)> {
        let open = match self.open.take() {
            Some(open) => open,
            None => {
                let mut file = File::options().read(true).write(true).open(&self.path)?;
                let mut hash = Sha256::new();
                let mut buffer = vec![0; BUFFER_BYTES];
                loop {
                    let read = file.read(&mut buffer)?;
                    match buffer.get(..read) {
                        Some([]) | None => break,
                        Some(bytes) => hash.update(bytes),
                    }
                }
                (file, hash)
            }
        };
        Ok(self.open.insert(open))
    }

    fn append(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        let written = self.written;
        let (file, hash) = self.open()?;
        // A write that failed half way left something behind the end that is known.
        file.seek(SeekFrom::Start(written))?;
        if let Err(error) = file.write_all(bytes) {
            let _ = file.set_len(written);
            return Err(error);
        }
        hash.update(bytes);
        self.written = written.saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        Ok(())
    }

    fn finish(&mut self) -> std::io::Result<Option<Digest>> {
        let (file, hash) = self.open()?;
        file.sync_all()?;
        let hash: [u8; 32] = hash.clone().finalize().into();
        let hex = hash.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        Ok(format!("sha256:{hex}").parse().ok())
    }
}

impl Store {
    /// Begins an upload.
    ///
    /// # Errors
    /// Where too many are open.
    pub fn begin_upload(&self, repository: &Repository) -> Result<Arc<Upload>, Refusal> {
        let _gate = self.gate.read();
        let id = Uuid::new_v4();
        let path = self.root.join("uploads").join(id.to_string());
        let mut uploads = self.uploads.lock();
        let max = self.settings.uploads_max;
        if uploads.len() >= max {
            let text = format!("{max} uploads are open, the most at a time; try again when some have ended");
            return Err(Refusal::new(Code::TooManyRequests, text));
        }
        files::write(&self.root, &path.with_extension("name"), repository.as_str().as_bytes())?;
        File::create_new(&path)?;
        let writer = Arc::new(Mutex::new(Writer { path, written: 0, open: None }));
        let upload = Arc::new(Upload { id, repository: repository.clone(), writer });
        uploads.insert(id, Arc::clone(&upload));
        Ok(upload)
    }

    /// The open upload of that id in a repository.
    ///
    /// # Errors
    /// Where there is none.
    pub fn upload(&self, repository: &Repository, id: &str) -> Result<Arc<Upload>, Refusal> {
        let found = Uuid::try_parse(id).ok().and_then(|id| self.uploads.lock().get(&id).cloned());
        let found = found.filter(|upload| upload.repository == *repository);
        found.ok_or_else(|| Refusal::new(Code::BlobUploadUnknown, "there is no such upload; begin a new one"))
    }

    /// Adds bytes to an upload.
    ///
    /// # Errors
    /// Where it becomes too long, or the registry is full.
    pub fn append(&self, writer: &mut Writer, bytes: &[u8]) -> Result<(), Refusal> {
        let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        let max = self.settings.blob_bytes_max;
        if writer.written.saturating_add(length) > max {
            return Err(Refusal::new(Code::SizeInvalid, format!("a blob has at most {max} bytes")));
        }
        self.reserve(length)?;
        writer.append(bytes).map_err(|error| {
            self.give_back(length);
            Refusal::from(error)
        })
    }

    /// Makes an upload a blob of its repository, if it is what was said. Otherwise it is gone as well: what is wrong in it
    /// cannot be mended.
    ///
    /// # Errors
    /// Where the digest is another one.
    pub fn finish_upload(&self, upload: &Upload, writer: &mut Writer, digest: Digest) -> Result<(), Refusal> {
        let _gate = self.gate.read();
        // First what may be refused, so that the upload stays as it was.
        self.make_folder(&upload.repository, "blobs")?;
        let found = writer.finish()?;
        if found != Some(digest) {
            self.forget(upload, writer)?;
            let found = found.map(|found| found.to_string()).unwrap_or_default();
            return Err(Refusal::new(Code::DigestInvalid, format!("the content's digest is {found}, not {digest}")));
        }
        let place = self.make_blob_folder(digest)?;
        let placing = self.placing.lock();
        if place.is_file() {
            self.link(&upload.repository, digest)?;
            return self.forget(upload, writer);
        }
        files::rename(&writer.path, &place)?;
        drop(placing);
        self.link(&upload.repository, digest)?;
        self.uploads.lock().remove(&upload.id);
        files::remove(&writer.path.with_extension("name"))?;
        Ok(())
    }

    /// Gives an upload up.
    ///
    /// # Errors
    /// Where the system refuses.
    pub fn cancel_upload(&self, upload: &Upload, writer: &mut Writer) -> Result<(), Refusal> {
        let _gate = self.gate.read();
        self.forget(upload, writer)
    }

    fn forget(&self, upload: &Upload, writer: &mut Writer) -> Result<(), Refusal> {
        let known = self.uploads.lock().remove(&upload.id).is_some();
        if known {
            self.give_back(writer.written);
        }
        writer.open = None;
        files::remove(&writer.path)?;
        files::remove(&writer.path.with_extension("name"))?;
        Ok(())
    }

    /// Gives up what nobody went on with for too long; how many they were.
    pub(super) fn expire_uploads(&self, now: SystemTime) -> Result<usize, Refusal> {
        let age = Duration::from_secs(self.settings.upload_seconds_max);
        let uploads: Vec<_> = self.uploads.lock().values().cloned().collect();
        let mut expired = 0usize;
        for upload in uploads {
            // One that is being written is not old.
            let Ok(mut writer) = upload.writer.try_lock() else { continue };
            let changed = std::fs::metadata(&writer.path).and_then(|found| found.modified());
            if changed.is_ok_and(|changed| now.duration_since(changed).is_ok_and(|since| since > age)) {
                self.forget(&upload, &mut writer)?;
                expired = expired.saturating_add(1);
            }
        }
        Ok(expired)
    }

    /// Finds the uploads that were open when the registry ended, and removes what belongs to none.
    pub(super) fn restore_uploads(&self) -> std::io::Result<()> {
        let folder = self.root.join("uploads");
        for name in files::names(&folder)? {
            let path = folder.join(&name);
            let id = Uuid::try_parse(&name).ok();
            if name.starts_with(files::UNFINISHED) || (id.is_none() && !name.ends_with(".name")) {
                files::remove(&path)?;
                continue;
            }
            let Some(id) = id else {
                // A name is written before its upload; without one, nothing has come.
                if !path.with_extension("").is_file() {
                    files::remove(&path)?;
                }
                continue;
            };
            let repository = files::read(&path.with_extension("name"))?.and_then(|text| String::from_utf8(text).ok());
            let Some(repository) = repository.and_then(|text| Repository::parse(&text).ok()) else {
                files::remove(&path)?;
                continue;
            };
            let written = std::fs::metadata(&path)?.len();
            self.used.fetch_add(written, std::sync::atomic::Ordering::Relaxed);
            let writer = Arc::new(Mutex::new(Writer { path, written, open: None }));
            self.uploads.lock().insert(id, Arc::new(Upload { id, repository, writer }));
        }
        Ok(())
    }
}
