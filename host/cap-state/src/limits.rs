// SPDX-License-Identifier: MIT OR Apache-2.0
//! How much of everything there may be. The same for every back end, so that what one host may write another can read.

/// Bytes of a kind: a word or two.
pub const KIND_BYTES_MAX: usize = 32;

/// Bytes of a name: an identifier, a digest, or two of them joined.
pub const NAME_BYTES_MAX: usize = 200;

/// Bytes of a document. What a tenant enabled has some hundred for each component; a list of ten thousand digests fits.
pub const DOCUMENT_BYTES_MAX: usize = 1 << 20;

/// Changes of one commit: a hand's turn of an administrator touches a few documents.
pub const CHANGES_MAX: usize = 16;

/// Documents in one answer of [`State::changes`](crate::State::changes). More than [`CHANGES_MAX`], so that an answer always
/// holds at least one commit whole.
pub const PAGE_DOCUMENTS_MAX: usize = 128;

/// Bytes of a blob: a bundle has 256 MiB of files at most, and a little for their names.
pub const BLOB_BYTES_MAX: usize = (256 << 20) + (4 << 20);

const _: () = assert!(PAGE_DOCUMENTS_MAX > CHANGES_MAX, "a page must hold a commit");
