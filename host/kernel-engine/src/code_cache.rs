// SPDX-License-Identifier: MIT OR Apache-2.0
//! Machine code, kept between starts by (component digest, engine fingerprint).
//!
//! Loading machine code is the one thing in the host that the compiler cannot vouch for: [`CodeCache::load`] holds the
//! only `unsafe` of the kernel. What makes it sound: the directory belongs to the host alone (mode 0700), the file was
//! written by this host, and a digest over fingerprint, component and code, checked before loading, refuses a file that
//! was cut, damaged, moved from another machine or made for another binary. It does not defend against somebody who can
//! already write the host's own directory.

use crate::engine::{CompileError, Compiled, Engine};
use kernel_types::Digest;
use std::fs::File;
use std::io::{Error, ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// First bytes of a kept file; a change of its form changes them.
const MAGIC: &[u8; 16] = b"cortex-code-v1\0\0";

/// How the names of files end that are being written.
const PART: &str = "part";

/// Machine code in a directory.
#[derive(Clone, Debug)]
pub struct CodeCache {
    directory: PathBuf,
}

/// Where a compiled component came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// It was kept from an earlier start.
    Kept,
    /// It was compiled now.
    Compiled,
}

impl CodeCache {
    /// Uses a directory, and makes it where it is missing, for the host's own user alone. What an interrupted host left
    /// half-written there is removed.
    ///
    /// # Errors
    /// Where the directory cannot be made, or others can write to it: what they put there would be run.
    pub fn open(directory: &Path) -> std::io::Result<Self> {
        use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
        let named = |error: std::io::Error| Error::new(error.kind(), format!("`{}`: {error}", directory.display()));
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(directory).map_err(named)?;
        if std::fs::metadata(directory).map_err(named)?.permissions().mode() & 0o022 != 0 {
            let text = "others can write to it, and machine code is run from it: remove it, and it is made again";
            return Err(named(Error::new(ErrorKind::PermissionDenied, text)));
        }
        for entry in std::fs::read_dir(directory).map_err(named)?.flatten() {
            if entry.path().extension().is_some_and(|end| end == PART) {
                let _ = std::fs::remove_file(entry.path());
            }
        }
        Ok(Self { directory: directory.to_owned() })
    }

    /// The component as machine code: kept, or compiled now and then kept. A kept file that is damaged is replaced; one
    /// that cannot be written costs only the next start's time.
    ///
    /// # Errors
    /// Where the binary cannot be compiled.
    pub fn get_or_compile(&self, engine: &Engine, bytes: &[u8]) -> Result<(Compiled, Origin), CompileError> {
        let digest = Digest::of(bytes);
        let path = self.directory.join(format!("{}-{}.code", digest.hex(), &engine.fingerprint().hex()));
        if let Some(compiled) = Self::load(engine, digest, &path) {
            return Ok((compiled, Origin::Kept));
        }
        let compiled = engine.compile(bytes)?;
        let code = compiled.component.serialize().map_err(CompileError)?;
        if let Err(error) = self.keep(engine, digest, &code, &path) {
            tracing::warn!(path = %path.display(), %error, "machine code is not kept; the next start compiles again");
        }
        Ok((compiled, Origin::Compiled))
    }

    fn seal(engine: &Engine, digest: Digest, code: &[u8]) -> Digest {
        Digest::of_parts([MAGIC.as_slice(), engine.fingerprint().as_bytes(), digest.as_bytes(), code])
    }

    fn keep(&self, engine: &Engine, digest: Digest, code: &[u8], path: &Path) -> std::io::Result<()> {
        let mut content = Vec::with_capacity(code.len().saturating_add(48));
        content.extend_from_slice(MAGIC);
        content.extend_from_slice(Self::seal(engine, digest, code).as_bytes());
        content.extend_from_slice(code);
        let (temporary, mut file) = self.temporary(digest)?;
        file.write_all(&content).and_then(|()| std::fs::rename(&temporary, path)).inspect_err(|_| {
            let _ = std::fs::remove_file(&temporary);
        })
    }

    /// A file of this call alone: the same component may be compiled twice at a time.
    fn temporary(&self, digest: Digest) -> std::io::Result<(PathBuf, File)> {
        use std::os::unix::fs::OpenOptionsExt as _;
        static WRITERS: AtomicU64 = AtomicU64::new(0);
        let (process, number) = (std::process::id(), WRITERS.fetch_add(1, Ordering::Relaxed));
        let path = self.directory.join(format!("{}.{process}.{number}.{PART}", digest.hex()));
        let file = File::options().write(true).create_new(true).mode(0o600).open(&path)?;
        Ok((path, file))
    }

    fn load(engine: &Engine, digest: Digest, path: &Path) -> Option<Compiled> {
        let content = std::fs::read(path).ok()?;
        let (head, code) = content.split_at_checked(MAGIC.len().saturating_add(32))?;
        let seal = head.strip_prefix(MAGIC.as_slice())?;
        if seal != Self::seal(engine, digest, code).as_bytes() {
            tracing::warn!(path = %path.display(), "kept machine code is damaged or not of this host; compiling again");
            return None;
        }
        #[expect(
            unsafe_code,
            reason = "the seal shows that this host serialized exactly these bytes, see the module page"
        )]
        // SAFETY: `deserialize` asks for bytes that `Component::serialize` of a compatible engine made, unmodified. The
        // seal covers the engine's fingerprint and every byte of the code, and only `keep` writes it.
        let component = unsafe { wasmtime::component::Component::deserialize(&engine.wasm, code) }.ok()?;
        Some(Compiled::new(component, digest))
    }
}
