// SPDX-License-Identifier: MIT OR Apache-2.0
//! A tenant as one file: written while the host runs, checked as a whole before anything of it is used, and the same
//! for every storage back end. `docs/archive-format.md` describes the bytes.
//!
//! The parts: [`Header`] and [`Index`] say what is inside; [`Writer`] makes the file in one pass from a stream of rows,
//! [`export`] feeds it from a snapshot; [`Archive`] is a file that was read to its end and is sound, and gives out its
//! bundles and rows. Everything that is read is bounded by [`limits`], and each way to be wrong is an [`ArchiveError`].
//!
//! Not here: databases, installing components, and where files come from and go to. Reading and writing block their
//! thread.

mod envelope;
mod error;
mod export;
mod header;
pub mod limits;
mod member;
mod reader;
mod row;
mod verify;
mod writer;

pub use envelope::seal_of;
pub use error::ArchiveError;
pub use export::{Bundle, Summary, export};
pub use header::{Component, Consent, FORMAT, Header, Index, Member, Migration, Shape, VERSION};
pub use reader::Archive;
pub use row::{read_row, write_row};
pub use writer::Writer;

#[cfg(test)]
mod tests;
