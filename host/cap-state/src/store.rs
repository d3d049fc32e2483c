// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a back end implements.

use crate::change::Change;
use crate::document::{Changes, Document, Revision};
use crate::error::StateError;
use crate::key::Key;
use kernel_engine::BoxFuture;
use kernel_types::Digest;
use std::time::Duration;
use tokio::sync::watch;

/// Documents and blobs that hosts remember and may share.
///
/// Every operation is bounded in time by the back end, and can be dropped at any moment: a commit is then made wholly
/// or not at all.
pub trait State: Send + Sync {
    /// The document of a key; [`None`] where there is none, or it was removed.
    fn get<'a>(&'a self, key: &'a Key) -> BoxFuture<'a, Result<Option<Document>, StateError>>;

    /// What changed after a revision, up to a page of it. From [`Revision::default`] on it is everything.
    fn changes(&self, after: Revision) -> BoxFuture<'_, Result<Changes, StateError>>;

    /// Makes all of the changes, or none where an expectation is not met ([`StateError::Conflict`]). Durable when it
    /// returns.
    fn commit<'a>(&'a self, changes: &'a [Change]) -> BoxFuture<'a, Result<Revision, StateError>>;

    /// Keeps bytes under their digest, in the place of what may be there already: what was damaged is put right.
    fn put_blob<'a>(&'a self, bytes: &'a [u8]) -> BoxFuture<'a, Result<Digest, StateError>>;

    /// The bytes of that digest, checked against it ([`StateError::Damaged`]); [`None`] where there are none.
    fn blob<'a>(&'a self, digest: &'a Digest) -> BoxFuture<'a, Result<Option<Vec<u8>>, StateError>> {
        self.blob_within(digest, Duration::MAX)
    }

    /// Likewise, given up after that time, or after the back end's own where that is shorter.
    fn blob_within<'a>(
        &'a self,
        digest: &'a Digest,
        time: Duration,
    ) -> BoxFuture<'a, Result<Option<Vec<u8>>, StateError>>;

    /// The newest revision that was heard of, by whomever it was made: a hint that it is time to ask for changes. It
    /// may be late by the back end's interval of asking, and one that is lower than what was heard before may be late
    /// as well, or say that the store went back: [`Changes::newest`] tells which.
    fn watch(&self) -> watch::Receiver<Revision>;

    /// Stops hearing and closes every connection. Whatever comes later is answered [`StateError::Unavailable`].
    fn close(&self) -> BoxFuture<'_, ()>;
}
