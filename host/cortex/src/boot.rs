// SPDX-License-Identifier: MIT OR Apache-2.0
//! The boot log of a host's directory: its key, the record of each start, and looking at all of it again.
//!
//! The key lies in the directory of the host, as the log does: the chain shows what was changed by whoever had the log
//! and not the key. Against somebody who has both only a copy elsewhere helps: of `public.pem`, and of the newest
//! digest.

use crate::layout::Layout;
use crate::running::write_private;
use anyhow::{Context as _, Result, anyhow, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use edge_config::boot::{Boot, Document, LINE_BYTES_MAX, LOG_BYTES_MAX, Link, Verification, line, record, verify};
use jiff::Timestamp;
use kernel_types::Digest;
use signing_client::ManagedKey;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{ErrorKind, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

/// Bytes of a passphrase or a public key that are read.
const KEY_FILE_BYTES_MAX: u64 = 16 << 10;

/// Appends the record of a start, signed and durable, and returns what the next one goes on from. To be called by the
/// process that holds the directory, and before the host answers anybody.
///
/// # Errors
/// Where the key or the log cannot be used.
pub fn append(layout: &Layout, document: &Document) -> Result<Link> {
    let path = layout.boot_log();
    let context = || format!("the boot log `{}` cannot be used", path.display());
    let mut log = Log::open(&path).with_context(context)?;
    let previous = log.last().with_context(context)?;
    let key = key(layout, previous.is_none())?;
    let record = record(document, Timestamp::now(), previous.as_ref());
    let line = line(&record, &key.sign(&record)?.to_json()?).map_err(|reason| anyhow!(reason))?;
    if let Some(last) = previous.filter(|_| log.length >= LOG_BYTES_MAX as u64) {
        std::fs::rename(&path, layout.former_boot_log(last.number)).with_context(context)?;
        log = Log::open(&path).with_context(context)?;
    }
    log.write(&line).with_context(context)?;
    // The name of a new file is durable with its directory.
    File::open(layout.root()).and_then(|folder| folder.sync_all()).with_context(context)?;
    Link::of(&line).map_err(|reason| anyhow!(reason))
}

/// The records of the boot log, each verified: with the public key beside the host's own, or with one that was kept
/// elsewhere.
///
/// # Errors
/// Where there is no log or no key, or the first line that is wrong.
pub fn read(layout: &Layout, public_key: Option<&Path>) -> Result<Vec<Boot>> {
    let path = layout.boot_log();
    let file = File::open(&path)
        .with_context(|| format!("cannot read `{}`: no host was started in this directory", path.display()))?;
    let mut log = Vec::new();
    // A log is renamed when it is full, so that one line more than that is the longest.
    let bytes_max = LOG_BYTES_MAX.saturating_add(LINE_BYTES_MAX);
    file.take(bytes_max as u64 + 1)
        .read_to_end(&mut log)
        .with_context(|| format!("cannot read `{}`", path.display()))?;
    if log.len() > bytes_max {
        bail!("`{}` is too long for a boot log: at most {bytes_max} bytes", path.display());
    }
    let public = public_key.map_or_else(|| layout.boot_key().join("public.pem"), Path::to_owned);
    let pem = read_small(&public)?;
    let hint = hint(&pem).with_context(|| format!("`{}` is no public key in PEM", public.display()))?;
    let with = Verification { public_key: &pem, key_hint: &hint, now: Timestamp::now() };
    verify(&log, &with).with_context(|| format!("`{}` is not as the host wrote it", path.display()))
}

/// How bundles name a key: base64 of the SHA-256 of its DER form.
fn hint(pem: &str) -> Result<String> {
    let der: String = pem.lines().filter(|line| !line.starts_with('-')).map(str::trim).collect();
    Ok(STANDARD.encode(Digest::of(&STANDARD.decode(der)?).as_bytes()))
}

fn read_small(path: &Path) -> Result<String> {
    let context = || format!("cannot read `{}`", path.display());
    let mut text = String::new();
    File::open(path).with_context(context)?.take(KEY_FILE_BYTES_MAX).read_to_string(&mut text).with_context(context)?;
    Ok(text)
}

/// The key of the host, made at its first start. Nobody types its passphrase: it lies beside it, readable by this user
/// alone, and protects a key that is copied without it.
fn key(layout: &Layout, may_be_made: bool) -> Result<ManagedKey> {
    let folder = layout.boot_key();
    let (path, secret) = (folder.join("key.pem"), folder.join("passphrase"));
    if path.exists() {
        let key = ManagedKey::read(&path, read_small(&secret)?.trim_end().as_bytes())?;
        publish(&folder, &key)?;
        return Ok(key);
    }
    if !may_be_made {
        bail!(
            "the boot log is there and its key `{}` is not: put the key back, or move the log away to begin a new one",
            path.display()
        );
    }
    DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
    let passphrase = format!("{}{}", uuid::Uuid::new_v4().simple(), uuid::Uuid::new_v4().simple());
    write_private(&secret, format!("{passphrase}\n").as_bytes())?;
    // Whole or not at all: what an interrupted first start left behind has signed nothing.
    let new = folder.join("key.new");
    match std::fs::remove_file(&new) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error.into()),
        _ => {}
    }
    let key = ManagedKey::generate()?;
    key.write(&new, passphrase.as_bytes())?;
    std::fs::rename(&new, &path)?;
    publish(&folder, &key)?;
    File::open(&folder)?.sync_all()?;
    Ok(key)
}

/// Writes the public half where it is missing, or that of another key.
fn publish(folder: &Path, key: &ManagedKey) -> Result<()> {
    let (path, pem) = (folder.join("public.pem"), key.public_key_pem());
    if read_small(&path).is_ok_and(|known| known == pem) { Ok(()) } else { write_private(&path, pem.as_bytes()) }
}

/// The file, up to the end of its last whole line.
struct Log {
    path: PathBuf,
    file: File,
    length: u64,
}

impl Log {
    fn open(path: &Path) -> std::io::Result<Self> {
        let file = OpenOptions::new().create(true).truncate(false).read(true).write(true).mode(0o600).open(path)?;
        let length = file.metadata()?.len();
        Ok(Self { path: path.to_owned(), file, length })
    }

    /// What the next record goes on from. A line that was not written to its end, by a host that was killed, was never
    /// said to be there: it is cut off.
    fn last(&mut self) -> Result<Option<Link>> {
        let tail_bytes = (LINE_BYTES_MAX as u64 + 1).saturating_mul(2).min(self.length);
        let start = self.length.saturating_sub(tail_bytes);
        let mut tail = Vec::new();
        self.file.seek(SeekFrom::Start(start))?;
        (&self.file).take(tail_bytes).read_to_end(&mut tail)?;
        let whole = tail.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end.saturating_add(1));
        if whole < tail.len() {
            if whole == 0 && start > 0 {
                bail!("its last line is longer than a line may be; move it away to begin a new one");
            }
            tracing::warn!(path = %self.path.display(), "the last line of the boot log was not written to its end and is cut off");
            self.length = start.saturating_add(whole as u64);
            self.file.set_len(self.length)?;
        }
        let lines = tail.get(..whole.saturating_sub(1)).unwrap_or_default();
        let Some(line) = lines.rsplit(|byte| *byte == b'\n').next().filter(|line| !line.is_empty()) else {
            return if self.length == 0 {
                Ok(None)
            } else {
                Err(anyhow!("its last line is empty; look at `cortex log boot`"))
            };
        };
        let link = Link::of(line);
        link.map(Some).map_err(|reason| anyhow!("its last line is damaged ({reason}); move it away to begin a new one"))
    }

    fn write(&mut self, line: &[u8]) -> std::io::Result<()> {
        self.file.seek(SeekFrom::Start(self.length))?;
        self.file.write_all(&[line, b"\n"].concat())?;
        self.file.sync_all()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use edge_config::boot::TrustDigests;
    use edge_config::{Sources, resolve};
    use std::os::unix::fs::PermissionsExt as _;

    fn document(name: u8) -> Document {
        let configuration = resolve(&Sources::default()).unwrap();
        Document::new("1.0.0", &configuration, &TrustDigests::default(), &[Digest::of(&[name])].into())
    }

    fn layout() -> (tempfile::TempDir, Layout) {
        let directory = tempfile::tempdir().unwrap();
        let layout = Layout::at(directory.path());
        (directory, layout)
    }

    #[test]
    fn each_start_goes_on_from_the_one_before() {
        let (_directory, layout) = layout();
        assert!(read(&layout, None).unwrap_err().to_string().contains("no host was started"));
        for number in 1..=3 {
            assert_eq!(append(&layout, &document(1)).unwrap().number, number);
        }
        append(&layout, &document(2)).unwrap();
        let boots = read(&layout, None).unwrap();
        let digests: Vec<_> = boots.iter().map(|boot| boot.digest).collect();
        assert_eq!(digests, [document(1).digest(), document(1).digest(), document(1).digest(), document(2).digest()]);
        for file in ["boot.log", "boot/key.pem", "boot/passphrase"] {
            let mode = std::fs::metadata(layout.root().join(file)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{file}");
        }
    }

    #[test]
    fn a_line_that_was_not_written_to_its_end_is_cut_off_and_nothing_else() {
        let (_directory, layout) = layout();
        append(&layout, &document(1)).unwrap();
        let one = std::fs::read(layout.boot_log()).unwrap();
        append(&layout, &document(2)).unwrap();
        let two = std::fs::read(layout.boot_log()).unwrap();
        for cut in [one.len() + 1, (one.len() + two.len()) / 2, two.len() - 1] {
            std::fs::write(layout.boot_log(), &two[..cut]).unwrap();
            assert!(read(&layout, None).is_err(), "{cut}");
            assert_eq!(append(&layout, &document(3)).unwrap().number, 2, "{cut}");
            assert_eq!(read(&layout, None).unwrap().len(), 2, "{cut}");
        }
        std::fs::write(layout.boot_log(), &one[..5]).unwrap();
        assert_eq!(append(&layout, &document(1)).unwrap().number, 1, "the first one was not written");
    }

    #[test]
    fn a_damaged_log_or_a_lost_key_is_not_gone_on_from() {
        let (_directory, layout) = layout();
        append(&layout, &document(1)).unwrap();
        let log = std::fs::read(layout.boot_log()).unwrap();
        for damage in [b"text\n".to_vec(), b"\n".to_vec(), [&log[..], b"\n"].concat(), vec![b'x'; LINE_BYTES_MAX * 3]] {
            std::fs::write(layout.boot_log(), &damage).unwrap();
            let error = format!("{:#}", append(&layout, &document(1)).unwrap_err());
            assert!(error.contains("boot.log"), "{error}");
            assert_eq!(std::fs::read(layout.boot_log()).unwrap(), damage, "it is left as it is");
        }
        std::fs::write(layout.boot_log(), &log).unwrap();
        let kept = layout.root().join("kept.pem");
        std::fs::copy(layout.boot_key().join("public.pem"), &kept).unwrap();
        std::fs::remove_file(layout.boot_key().join("key.pem")).unwrap();
        let error = append(&layout, &document(1)).unwrap_err().to_string();
        assert!(error.contains("key.pem"), "{error}");
        // The log made anew with a new key is seen by whoever kept the public one.
        std::fs::remove_file(layout.boot_log()).unwrap();
        append(&layout, &document(1)).unwrap();
        assert_eq!(read(&layout, None).unwrap().len(), 1);
        let error = format!("{:#}", read(&layout, Some(&kept)).unwrap_err());
        assert!(error.contains("identity"), "{error}");
    }

    #[test]
    fn a_full_log_is_put_aside_and_the_chain_goes_on() {
        let (_directory, layout) = layout();
        append(&layout, &document(1)).unwrap();
        let line = std::fs::read(layout.boot_log()).unwrap();
        // As long as a full one; only its last line is looked at.
        let full = line.repeat(LOG_BYTES_MAX / line.len() + 1);
        std::fs::write(layout.boot_log(), &full).unwrap();
        assert_eq!(append(&layout, &document(2)).unwrap().number, 2);
        assert_eq!(std::fs::read(layout.former_boot_log(1)).unwrap().len(), full.len());
        let boots = read(&layout, None).unwrap();
        assert_eq!(boots.iter().map(|boot| boot.number).collect::<Vec<_>>(), [2]);
    }
}
