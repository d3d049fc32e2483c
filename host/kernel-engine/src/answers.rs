// SPDX-License-Identifier: MIT OR Apache-2.0
//! Answers that are kept: a request that comes again under the same key gets the answer of the first, and its work is not done
//! twice. The answer is written down and kept inside the unit of work, so that it is there exactly when the work is.

use crate::{BoxFuture, TransactError};
use kernel_types::Digest;
use std::error::Error;
use std::sync::Arc;
use wasmtime::component::Val;

/// How the result of an operation is written down before its unit of work commits. Not asked for a refusal.
pub type Write = dyn Fn(Option<&Val>) -> Result<Vec<u8>, Box<dyn Error + Send + Sync>> + Send + Sync;

/// What is to become of the result of an operation that writes.
#[derive(Clone)]
pub struct Writing {
    /// Writes it down. Where that fails the unit of work is rolled back.
    pub write: Arc<Write>,
    /// Where the caller gave a key: under what it is kept.
    pub once: Option<Once>,
}

/// What a caller says of a request that must not take effect twice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Once {
    /// The caller's own name for the request. What another subject or another tenant calls the same is another request.
    pub key: Arc<str>,
    /// Stands for the arguments, however they were written.
    pub arguments: Digest,
}

/// The bytes of the fingerprint of a request and the answer that was recorded of it, where there is one.
pub type Recorded = Option<([u8; 32], Vec<u8>)>;

/// The answers that a tenant's database keeps, as one unit of work sees and changes them. A back end that has them puts a
/// `Box<dyn AnswerBook>` into the extensions of each unit that may write.
pub trait AnswerBook: Send + Sync + 'static {
    /// What was recorded under a key.
    fn recall(&self, key: Digest) -> BoxFuture<'_, Result<Recorded, TransactError>>;

    /// Records an answer as a part of the unit of work, as its last step.
    fn record<'a>(
        &'a self,
        key: Digest,
        fingerprint: Digest,
        answer: &'a [u8],
    ) -> BoxFuture<'a, Result<(), TransactError>>;
}
