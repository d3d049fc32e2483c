// SPDX-License-Identifier: MIT OR Apache-2.0
//! What an archive may hold. The writer keeps to the same bounds, so what it wrote can be read.

/// Bytes of the header: the tables of a hundred components have some hundred kilobytes.
pub const HEADER_BYTES_MAX: u64 = 16 << 20;

/// Bytes of the index: some hundred for each mebibyte of rows.
pub const INDEX_BYTES_MAX: u64 = 256 << 20;

/// Bytes of one file of a bundle: as many as the registry takes.
pub const FILE_BYTES_MAX: u64 = 64 << 20;

/// Bytes of rows from which a member is full. It bounds what reader and writer hold in memory.
pub const ROWS_BYTES: usize = 1 << 20;

/// Bytes of one member of rows. A row is never divided: the largest that SQLite keeps has 64 MiB, which JSON can write six
/// times as long.
pub const ROWS_BYTES_MAX: u64 = 400 << 20;

/// Members of an archive.
pub const MEMBERS_MAX: usize = 2_000_000;

/// Components of a tenant.
pub const COMPONENTS_MAX: usize = 1_000;

/// Tables of a component.
pub const TABLES_MAX: usize = 1_000;

/// Columns of a table: as many as the portable subset has.
pub const COLUMNS_MAX: usize = cap_storage::limits::TABLE_COLUMNS_MAX;

/// Characters of a member's name: what a plain tar header holds.
pub const NAME_BYTES_MAX: usize = 240;

/// Bytes of the whole, decompressed.
pub const BYTES_MAX: u64 = 1 << 40;

/// How many times its length an archive may decompress to, beyond [`RATIO_FREE_BYTES`]. Rows in JSON come to ten or twenty;
/// the writer fills up what would be more.
pub const RATIO_MAX: u64 = 1_000;

/// Bytes that the ratio is not asked of.
pub const RATIO_FREE_BYTES: u64 = 64 << 20;

/// The binary logarithm of the largest window that the decompressor keeps in memory: 8 MiB.
pub const WINDOW_LOG_MAX: u32 = 23;
