// SPDX-License-Identifier: MIT OR Apache-2.0
//! Which names must be quoted where they are printed. A name that is missing here is a syntax error in the engine and
//! nothing worse: the alphabet of names has no quote.
//!
//! SQLite reads a name in double quotes that it does not know as a *text*; in backticks it stays a name.

use crate::Dialect;

/// SQLite's keywords (<https://www.sqlite.org/lang_keywords.html>).
const SQLITE: &str = "\
    abort action add after all alter always analyze and as asc attach autoincrement before begin between by cascade \
    case cast check collate column commit conflict constraint create cross current current_date current_time \
    current_timestamp database default deferrable deferred delete desc detach distinct do drop each else end escape \
    except exclude exclusive exists explain fail filter first following for foreign from full generated glob group \
    groups having if ignore immediate in index indexed initially inner insert instead intersect into is isnull join \
    key last left like limit match materialized natural no not nothing notnull null nulls of offset on or order \
    others outer over partition plan pragma preceding primary query raise range recursive references regexp reindex \
    release rename replace restrict returning right rollback row rows savepoint select set table temp temporary then \
    ties to transaction trigger unbounded union unique update using vacuum values view virtual when where window \
    with within without";

/// PostgreSQL's reserved words, those included that cannot be a function, a type or a column's name without AS
/// (<https://www.postgresql.org/docs/current/sql-keywords-appendix.html>).
const POSTGRES: &str = "\
    all analyse analyze and any array as asc asymmetric authorization between bigint binary bit boolean both case \
    cast char character check coalesce collate collation column concurrently constraint create cross current_catalog \
    current_date current_role current_schema current_time current_timestamp current_user day dec decimal default \
    deferrable desc distinct do else end except exists extract fetch float for foreign freeze from full grant \
    greatest group grouping having hour ilike in initially inner inout int integer intersect interval into is isnull \
    join lateral leading least left like limit localtime localtimestamp minute month national natural nchar none \
    normalize not notnull null nullif numeric offset on only or order out outer over overlaps overlay placing \
    position precision primary real references returning right row second select session_user setof similar smallint \
    some substring symmetric system_user table tablesample then time timestamp to trailing treat trim union unique \
    user using values varchar variadic verbose when where window with within without year";

/// Appends a name of the subset, quoted where the engine would read it otherwise.
pub(super) fn push_name(out: &mut String, dialect: Dialect, name: &str) {
    let (keywords, quote) = match dialect {
        Dialect::Sqlite => (SQLITE, '`'),
        Dialect::Postgres => (POSTGRES, '"'),
    };
    let quote = keywords.split(' ').any(|keyword| keyword == name).then_some(quote);
    out.extend(quote);
    out.push_str(name);
    out.extend(quote);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_keyword_is_quoted_as_the_engine_quotes_names() {
        for (name, sqlite, postgres) in [
            ("id", "id", "id"),
            ("order", "`order`", "\"order\""),
            ("key", "`key`", "key"),
            ("user", "user", "\"user\""),
            ("abort", "`abort`", "abort"),
            ("without", "`without`", "\"without\""),
        ] {
            for (dialect, expected) in [(Dialect::Sqlite, sqlite), (Dialect::Postgres, postgres)] {
                let mut out = String::new();
                push_name(&mut out, dialect, name);
                assert_eq!(out, expected);
            }
        }
    }
}
