// SPDX-License-Identifier: MIT OR Apache-2.0
//! The outermost layer: the seal. The last bytes of an archive are a skippable frame of Zstandard (RFC 8878, section 3.1.2)
//! with the SHA-256 of all bytes before it, so that a cut or a flipped bit is found before anything is decompressed, and
//! `zstd` and `tar` open the file all the same.

use crate::error::ArchiveError;
use kernel_types::Digest;
use sha2::Digest as _;
use std::io::{Read, Seek, SeekFrom, Write};

/// The seal's beginning: a skippable frame, 40 bytes long, with a word of ours in front of the digest.
const SEAL_HEAD: [u8; 16] = *b"\x5e\x2a\x4d\x18\x28\x00\x00\x00CORTEXA1";

/// Bytes of the seal.
pub(crate) const SEAL_BYTES: u64 = 48;

/// What fills up an archive that decompresses to too much: a skippable frame of zeros.
const FILL_HEAD: [u8; 4] = *b"\x5d\x2a\x4d\x18";

/// Bytes that are read or written at a time.
const BLOCK_BYTES: usize = 64 << 10;

/// Hashes what is written, and ends it with the seal.
pub(crate) struct Sealing<W> {
    out: W,
    hash: sha2::Sha256,
    pub(crate) written: u64,
}

impl<W: Write> Sealing<W> {
    pub(crate) fn new(out: W) -> Self {
        Self { out, hash: sha2::Sha256::new(), written: 0 }
    }

    /// Writes a frame that means nothing, with at least so many bytes.
    pub(crate) fn fill(&mut self, bytes: u64) -> std::io::Result<()> {
        let mut left = bytes;
        while left > 0 {
            let length = u32::try_from(left).unwrap_or(u32::MAX);
            self.write_all(&FILL_HEAD)?;
            self.write_all(&length.to_le_bytes())?;
            std::io::copy(&mut std::io::repeat(0).take(u64::from(length)), self)?;
            left = left.saturating_sub(u64::from(length));
        }
        Ok(())
    }

    /// Writes the seal; returns the digest in it and the output.
    pub(crate) fn seal(mut self) -> std::io::Result<(Digest, W)> {
        let bytes: [u8; 32] = self.hash.finalize().into();
        self.out.write_all(&SEAL_HEAD)?;
        self.out.write_all(&bytes)?;
        self.out.flush()?;
        Ok((digest(bytes), self.out))
    }
}

impl<W: Write> Write for Sealing<W> {
    fn write(&mut self, buffer: &[u8]) -> std::io::Result<usize> {
        let count = self.out.write(buffer)?;
        self.hash.update(buffer.get(..count).unwrap_or_default());
        self.written = self.written.saturating_add(count as u64);
        Ok(count)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.out.flush()
    }
}

/// A digest of which the bytes are known.
fn digest(bytes: [u8; 32]) -> Digest {
    use std::fmt::Write as _;
    let mut text = String::from("sha256:");
    for byte in bytes {
        let _ = write!(text, "{byte:02x}");
    }
    // It was written as a digest is read.
    text.parse().unwrap_or_else(|_| Digest::of(&bytes))
}

/// The digest of some bytes that were hashed bit by bit.
pub(crate) fn finished(hash: sha2::Sha256) -> Digest {
    digest(hash.finalize().into())
}

/// Reads a file to its end and compares it with its seal; returns the digest in it, which names the archive, and how many
/// bytes it seals.
///
/// # Errors
/// [`ArchiveError::Unsealed`] and [`ArchiveError::Damaged`].
pub fn seal_of<R: Read + Seek>(file: &mut R) -> Result<(Digest, u64), ArchiveError> {
    let length = file.seek(SeekFrom::End(0))?;
    let sealed = length.checked_sub(SEAL_BYTES).ok_or(ArchiveError::Unsealed)?;
    file.seek(SeekFrom::Start(sealed))?;
    let (mut head, mut bytes) = ([0; SEAL_HEAD.len()], [0; 32]);
    file.read_exact(&mut head)?;
    file.read_exact(&mut bytes)?;
    if head != SEAL_HEAD {
        return Err(ArchiveError::Unsealed);
    }
    file.seek(SeekFrom::Start(0))?;
    let mut hash = sha2::Sha256::new();
    let mut block = vec![0; BLOCK_BYTES];
    let mut rest = file.take(sealed);
    loop {
        let count = rest.read(&mut block)?;
        if count == 0 {
            break;
        }
        hash.update(block.get(..count).unwrap_or_default());
    }
    let found = finished(hash);
    if rest.limit() > 0 || found != digest(bytes) {
        return Err(ArchiveError::Damaged);
    }
    Ok((found, sealed))
}
