// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a site believes: trusted roots, keys, and the policy that says who may sign what.

use jiff::SignedDuration;
use signing_verify::{
    Keys, POLICY_BYTES_MAX, Policy, REVOCATIONS_NAME, Refused, RevocationList, TRUST_ROOT_BYTES_MAX, TrustRoot,
    Verifier,
};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What a site believes. Cheap to clone; it does not change while a host runs.
#[derive(Clone, Debug)]
pub struct Trust(Arc<Believed>);

#[derive(Debug)]
struct Believed {
    verifier: Verifier,
    policy: Policy,
    list_age_max: Option<SignedDuration>,
}

/// The files of a site. `docs/trust.md` has their formats.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrustFiles {
    /// Who may sign what.
    pub policy: PathBuf,
    /// Keys that somebody keeps, where there are any.
    pub keys: Option<PathBuf>,
    /// Trusted roots; none at a site that knows keys only.
    pub roots: Vec<PathBuf>,
    /// How old the list of revocations may be before nothing new is installed. Without it a site may have no list, and
    /// one that it has is believed for as long as the list itself says.
    pub list_age_max: Option<SignedDuration>,
}

/// Why the files cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    /// A file cannot be read.
    #[error("`{path}` cannot be read: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A file does not say what it must.
    #[error("`{path}`: {source}")]
    Refused {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: Refused,
    },
    /// The files together.
    #[error(transparent)]
    Together(#[from] Refused),
}

impl Trust {
    /// Trust that was put together elsewhere.
    #[must_use]
    pub fn new(verifier: Verifier, policy: Policy, list_age_max: Option<SignedDuration>) -> Self {
        Self(Arc::new(Believed { verifier, policy, list_age_max }))
    }

    /// A site that trusts nobody: nothing can be installed, and nothing that was installed is used.
    #[must_use]
    pub fn nobody() -> Self {
        Self::new(Verifier::of_nobody(), Policy::default(), None)
    }

    /// Reads the files.
    ///
    /// # Errors
    /// See [`TrustError`].
    pub fn read(files: &TrustFiles) -> Result<Self, TrustError> {
        let policy = parsed(&files.policy, POLICY_BYTES_MAX, Policy::parse)?;
        let keys = match &files.keys {
            Some(path) => parsed(path, POLICY_BYTES_MAX, Keys::parse)?,
            None => Keys::default(),
        };
        let roots = files.roots.iter().map(|path| parsed(path, TRUST_ROOT_BYTES_MAX, TrustRoot::parse));
        let mut roots = roots.collect::<Result<Vec<_>, _>>()?;
        if roots.is_empty() {
            roots.push(TrustRoot::of_nobody()?);
        }
        Ok(Self::new(Verifier::new(roots, keys)?, policy, files.list_age_max))
    }

    /// Who may sign what.
    #[must_use]
    pub fn policy(&self) -> &Policy {
        &self.0.policy
    }

    /// How a signature is checked.
    #[must_use]
    pub fn verifier(&self) -> &Verifier {
        &self.0.verifier
    }

    /// How old a list of revocations may be.
    #[must_use]
    pub fn list_age_max(&self) -> Option<SignedDuration> {
        self.0.list_age_max
    }

    /// Takes a list of revocations: its text, the bundle over it, and which list this site had last.
    ///
    /// # Errors
    /// The step that refused it.
    pub fn accept_list(
        &self,
        text: &[u8],
        bundle: &[u8],
        last: Option<signing_verify::Edition>,
        now: jiff::Timestamp,
    ) -> Result<RevocationList, Refused> {
        let verified = self.verify(REVOCATIONS_NAME, text, bundle, now)?;
        RevocationList::accept(text, &verified, last, now)
    }

    /// Verifies the bundle over a text that has this name in the policy.
    ///
    /// # Errors
    /// The step that refused it.
    pub fn verify(
        &self,
        name: &str,
        text: &[u8],
        bundle: &[u8],
        now: jiff::Timestamp,
    ) -> Result<signing_verify::Verified, Refused> {
        let bundle = signing_verify::Bundle::parse(bundle)?;
        let artifact = signing_verify::Artifact { name, digest: kernel_types::Digest::of(text) };
        self.verifier().verify(&bundle, &artifact, self.policy(), now)
    }
}

/// Reads a file of at most so many bytes, and what it says.
fn parsed<T>(path: &Path, bytes_max: usize, parse: impl Fn(&[u8]) -> Result<T, Refused>) -> Result<T, TrustError> {
    let mut bytes = Vec::new();
    let limit = u64::try_from(bytes_max).unwrap_or(u64::MAX).saturating_add(1);
    let read = std::fs::File::open(path).and_then(|file| file.take(limit).read_to_end(&mut bytes));
    read.map_err(|source| TrustError::Io { path: path.to_owned(), source })?;
    // One byte more than allowed is refused by the parser, which knows the limit.
    parse(&bytes).map_err(|source| TrustError::Refused { path: path.to_owned(), source })
}
