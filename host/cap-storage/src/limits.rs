// SPDX-License-Identifier: MIT OR Apache-2.0
//! The limits of the subset, each with the reason for its value. They bound what one statement can cost the host before
//! the database sees it; what the database may spend is bounded by the component's own limits (`sql-ms-max` and
//! others).

/// Text of one statement. A report with a dozen joins has 4 KiB; an insert of a hundred rows by placeholders 16 KiB.
pub const STATEMENT_BYTES_MAX: usize = 64 << 10;

/// Text of one statement as rewritten: names grow by their prefix, and what is printed twice (a divisor that could be
/// zero) doubles with each level that it nests.
pub const REWRITTEN_BYTES_MAX: usize = 4 * STATEMENT_BYTES_MAX;

/// Tokens of one statement, white space and comments not counted. It bounds the depth of what the parser builds from a
/// chain of operators, which is dropped recursively: half as many nodes deep at the most.
pub const STATEMENT_TOKENS_MAX: usize = 6_000;

/// Placeholders of one statement. SQLite allows 32,766 and PostgreSQL 65,535, but a statement of another length is
/// another statement in every cache: many rows go through `execute-many`.
pub const PLACEHOLDERS_MAX: u16 = 1_000;

/// How deep expressions and queries may nest. The parser of sqlparser stops at 50 by itself, SQLite's at 100; a person
/// stops earlier.
pub const NESTING_DEPTH_MAX: usize = 40;

/// Terms of one chain of operators (`a AND b AND ...`). SQLite's tree of an expression is at most 1,000 deep.
pub const CHAIN_TERMS_MAX: usize = 500;

/// Tables and subqueries that one FROM joins. Planning is exponential in it in PostgreSQL; SQLite stops at 64.
pub const JOINED_RELATIONS_MAX: usize = 20;

/// Selects that UNION, EXCEPT and INTERSECT join into one query. SQLite stops at 500.
pub const COMPOUND_SELECTS_MAX: usize = 50;

/// Queries that one WITH names.
pub const COMMON_TABLE_EXPRESSIONS_MAX: usize = 20;

/// Terms of one statement once every column of a subquery is written out where it is used, and every name of WITH.
/// SQLite takes some 200 bytes for each while it plans, uninterrupted: 10 MB, and a tenth of a second. A report has
/// some hundred.
pub const EXPANDED_NODES_MAX: u64 = 50_000;

/// Columns of a table. SQLite allows 2,000, PostgreSQL 1,600; a row of more than this wants a second table.
pub const TABLE_COLUMNS_MAX: usize = 200;

/// Bytes of a physical name: PostgreSQL cuts identifiers after 63.
pub const PHYSICAL_NAME_BYTES_MAX: usize = 63;

/// Savepoints open at the same time in one unit of work, over all its components. Each keeps a journal in the database.
pub const SAVEPOINTS_MAX: usize = 32;

/// Statements that the cache keeps for one component. Accounting has about a hundred.
pub const CACHED_STATEMENTS_MAX: usize = 256;

/// Bytes of statements, as written and as rewritten, that the cache keeps for one component.
pub const CACHED_STATEMENT_BYTES_MAX: usize = 1 << 20;

/// Text of one migration file.
pub const MIGRATION_BYTES_MAX: usize = 1 << 20;

/// Statements of one migration file.
pub const MIGRATION_STATEMENTS_MAX: usize = 1_000;

/// Migration files of one component.
pub const MIGRATIONS_MAX: usize = 9_999;

/// Statements of migrations whose effects are listed; the rest is counted, and is in the verdict. Nobody reads more.
pub const EFFECTS_MAX: usize = 10_000;

/// Characters of a component's own text that an error message quotes.
pub(crate) const QUOTED_CHARACTERS_MAX: usize = 80;
