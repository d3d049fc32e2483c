// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the log says of itself and signs: a C2SP checkpoint, which is a signed note with the log's origin, its size and the
//! root of its tree. And the names that follow from it: the key's id in the note, the log's id in a trusted root.

use super::merkle::Hash;
use crate::keys::{self, LogKey, PublicKey, Signer as _};
use aws_lc_rs::{digest, signature};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// The bytes of a signed checkpoint that are read at most.
pub const CHECKPOINT_BYTES_MAX: usize = 4 << 10;

/// The bytes of an origin at most: it is a line of each checkpoint.
pub const ORIGIN_BYTES_MAX: usize = 200;

/// What marks an Ed25519 key in a signed note.
const ED25519: u8 = 1;

/// The bytes of a key's hash that a signature in a note begins with.
const KEY_HASH_BYTES: usize = 4;

/// The name of a log: its URL without the scheme, as the verifiers want it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin(String);

impl Origin {
    /// Takes the name, if it can be one.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn new(text: &str) -> Result<Self, Error> {
        let is_bad = |c: char| c.is_whitespace() || c.is_control() || c == '+';
        if text.is_empty() || text.len() > ORIGIN_BYTES_MAX || text.contains(is_bad) || text.contains("://") {
            return Err(Error::Origin(text.chars().take(ORIGIN_BYTES_MAX).collect()));
        }
        Ok(Self(text.trim_end_matches('/').to_owned()))
    }

    /// The name of the log that is served below that URL.
    ///
    /// # Errors
    /// Where the URL has none.
    pub fn of_url(url: &str) -> Result<Self, Error> {
        Self::new(url.split_once("://").map_or(url, |(_, rest)| rest))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The id of the log with that key: SHA-256(origin || 0x0A || 0x01 || key). Its first four bytes are the key's hash in a note.
    #[must_use]
    pub fn log_id(&self, key: &PublicKey) -> [u8; 32] {
        let mut context = digest::Context::new(&digest::SHA256);
        context.update(self.0.as_bytes());
        context.update(&[b'\n', ED25519]);
        context.update(key.raw());
        let mut id = [0; 32];
        for (to, from) in id.iter_mut().zip(context.finish().as_ref()) {
            *to = *from;
        }
        id
    }
}

/// The state of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which log.
    pub origin: Origin,
    /// How many entries it has.
    pub size: u64,
    /// The root of the tree over them.
    pub root: Hash,
}

impl Checkpoint {
    /// What is signed.
    fn text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin.0, self.size, STANDARD.encode(self.root))
    }

    /// The checkpoint with its signature.
    ///
    /// # Errors
    /// Where the key does not sign.
    pub fn sign(&self, key: &LogKey) -> Result<String, keys::Error> {
        let text = self.text();
        let mut signature = self.origin.log_id(key.public_key()).get(..KEY_HASH_BYTES).unwrap_or_default().to_vec();
        signature.extend(key.sign(text.as_bytes())?);
        Ok(format!("{text}\n\u{2014} {} {}\n", self.origin.0, STANDARD.encode(signature)))
    }

    /// Reads a signed checkpoint of that log.
    ///
    /// # Errors
    /// Where it is malformed, of another log, or not signed with that key.
    pub fn open(note: &str, origin: &Origin, key: &PublicKey) -> Result<Self, Error> {
        if note.len() > CHECKPOINT_BYTES_MAX {
            return Err(Error::Malformed("it is too long"));
        }
        let (text, signatures) = note.split_once("\n\n").ok_or(Error::Malformed("it has no signatures"))?;
        let text = format!("{text}\n");
        let mut lines = text.lines();
        if lines.next() != Some(origin.as_str()) {
            return Err(Error::OtherLog(origin.0.clone()));
        }
        let size = lines.next().and_then(|line| line.parse::<u64>().ok()).ok_or(Error::Malformed("it has no size"))?;
        let root = lines.next().and_then(|line| STANDARD.decode(line).ok()).and_then(|root| Hash::try_from(root).ok());
        let checkpoint =
            Self { origin: origin.clone(), size, root: root.ok_or(Error::Malformed("it has no root of 32 bytes"))? };
        if checkpoint.text() != text {
            return Err(Error::Malformed("it is not written in the one way"));
        }
        let start = format!("\u{2014} {} ", origin.0);
        let expected = origin.log_id(key);
        let ours = signatures.lines().filter_map(|line| STANDARD.decode(line.strip_prefix(&start)?).ok());
        let mut ours = ours.filter_map(|bytes| {
            let (hash, signature) = bytes.split_at_checked(KEY_HASH_BYTES)?;
            expected.starts_with(hash).then(|| signature.to_vec())
        });
        let key = signature::UnparsedPublicKey::new(&signature::ED25519, key.raw());
        if ours.any(|signature| key.verify(text.as_bytes(), &signature).is_ok()) {
            Ok(checkpoint)
        } else {
            Err(Error::Signature)
        }
    }
}

/// Why there is no checkpoint.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The name cannot be one.
    #[error("`{0}` cannot be the origin of a log: take its URL without the scheme, without blanks and `+`")]
    Origin(String),
    /// It cannot be read.
    #[error("the checkpoint is malformed: {0}")]
    Malformed(&'static str),
    /// It is of another log.
    #[error("the checkpoint is not of the log `{0}`")]
    OtherLog(String),
    /// Nobody whom we believe signed it.
    #[error("the checkpoint is not signed with the log's key")]
    Signature,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::{Algorithm, file::FileKey};
    use std::sync::Arc;

    #[test]
    fn a_signed_checkpoint_is_opened_with_its_key_and_name_only() {
        let key = LogKey::new(Arc::new(FileKey::generate(Algorithm::Ed25519).unwrap())).unwrap();
        let other = LogKey::new(Arc::new(FileKey::generate(Algorithm::Ed25519).unwrap())).unwrap();
        let origin = Origin::of_url("https://log.example.org/2026/").unwrap();
        assert_eq!(origin.as_str(), "log.example.org/2026");
        let checkpoint = Checkpoint { origin: origin.clone(), size: 7, root: [3; 32] };
        let note = checkpoint.sign(&key).unwrap();
        // The implementation of others reads the same.
        let theirs = sigstore_types::Checkpoint::from_text(&note).unwrap();
        assert_eq!((theirs.origin(), theirs.tree_size()), ("log.example.org/2026", 7));
        assert_eq!(Checkpoint::open(&note, &origin, key.public_key()).unwrap(), checkpoint);
        let name = Origin::new("log.example.org").unwrap();
        assert!(matches!(Checkpoint::open(&note, &name, key.public_key()), Err(Error::OtherLog(_))));
        assert!(matches!(Checkpoint::open(&note, &origin, other.public_key()), Err(Error::Signature)));
        for (from, to) in [("\n7\n", "\n8\n"), ("\n7\n", "\n07\n"), ("\n7\n", "\n-7\n"), ("\n\n", "\n"), ("AwM", "AwN")]
        {
            let forged = note.replacen(from, to, 1);
            assert_ne!(forged, note);
            assert!(Checkpoint::open(&forged, &origin, key.public_key()).is_err(), "{forged}");
        }
        let long = note.clone() + &"\u{2014} x AAAA\n".repeat(CHECKPOINT_BYTES_MAX);
        assert!(matches!(Checkpoint::open(&long, &origin, key.public_key()), Err(Error::Malformed(_))));
    }

    #[test]
    fn names_that_would_break_a_note_are_refused() {
        for text in ["", "a b", "a\nb", "a+b", "https://x", &"x".repeat(ORIGIN_BYTES_MAX + 1)] {
            assert!(Origin::new(text).is_err(), "{text}");
        }
    }
}
