// SPDX-License-Identifier: MIT OR Apache-2.0
//! The text of a statement as it goes to the server: each placeholder says the type of the value that is bound.
//!
//! The server types a statement when it prepares it, and a value's type is known only when it is bound. So the type is
//! written out: one text is prepared once, and means the same for ever after. A NULL is written into the text, because the
//! server cannot tell the type of a placeholder that only `IS NULL` looks at; a text gets the collation of the columns, so
//! that it compares by its bytes whatever the database's own collation is. A real, bytes or a truth value that a column gets
//! is compared with the column first, which cap-storage names in a comment behind the placeholder: the server would convert it.

use cap_storage::{SqlError, Value};
use std::fmt::Write as _;

/// The words that a component's statement begins with. Whatever else there is (`SET ROLE`, `COMMIT`, `DO`, `COPY`) is
/// refused here, in case that the first wall has let it through: a role could be left with it.
const FIRST_WORDS: &[&str] = &["SELECT", "VALUES", "WITH", "INSERT", "UPDATE", "DELETE"];

/// Refuses a statement that does not begin as one that reads or changes rows.
pub(crate) fn check_first_word(sql: &str) -> Result<(), SqlError> {
    let word: String = sql.trim_start().chars().take_while(char::is_ascii_alphabetic).collect();
    if FIRST_WORDS.iter().any(|known| word.eq_ignore_ascii_case(known)) {
        return Ok(());
    }
    let message = format!("`{word}` begins no statement that reads or changes rows");
    Err(SqlError::Refused { message, position: None })
}

/// The statement with typed placeholders, and with the schema that its names are found in and the number of its parameters as a
/// comment: what the server prepared for one schema is never used for another.
pub(crate) fn typed(sql: &str, parameters: &[Value], schema: &str) -> String {
    let mut text =
        String::with_capacity(sql.len().saturating_add(parameters.len().saturating_mul(16)).saturating_add(64));
    let mut rest = sql;
    while let Some(at) = rest.find(['$', '\'', '"']) {
        let (before, found) = rest.split_at(at);
        text.push_str(before);
        rest =
            if found.starts_with('$') { placeholder(&mut text, found, parameters) } else { quoted(&mut text, found) };
    }
    text.push_str(rest);
    text.push_str("\n--");
    text.push_str(schema);
    // A NULL leaves no trace of its placeholder: a text that has one less is another.
    let _ = write!(text, " {}", parameters.len());
    text
}

/// Copies what stands in quotes; a doubled quote is the end of one and the beginning of another. Returns the rest.
fn quoted<'a>(text: &mut String, sql: &'a str) -> &'a str {
    let quote = if sql.starts_with('"') { '"' } else { '\'' };
    let end = sql.char_indices().skip(1).find(|(_, c)| *c == quote).map_or(sql.len(), |(at, _)| at.saturating_add(1));
    let (inside, rest) = sql.split_at(end);
    text.push_str(inside);
    rest
}

/// Appends the placeholder that `sql` begins with. Returns the rest.
fn placeholder<'a>(text: &mut String, sql: &'a str, parameters: &[Value]) -> &'a str {
    let digits = sql.chars().skip(1).take_while(char::is_ascii_digit).count();
    let (written, rest) = sql.split_at(digits.saturating_add(1));
    let number: Option<usize> = written.get(1..).and_then(|digits| digits.parse().ok());
    let value = number.and_then(|number| parameters.get(number.checked_sub(1)?));
    // The column that gets the value, where it gets it as it is.
    let (column, rest) = match rest.strip_prefix("/*").and_then(|rest| rest.split_once("*/")) {
        Some((column, rest)) => (column.split_once('.'), rest),
        None => (None, rest),
    };
    if let (Some((table, column)), Some(Value::Real(_) | Value::Boolean(_) | Value::Blob(_))) = (column, value) {
        let kind = match value {
            Some(Value::Real(_)) => "double precision",
            Some(Value::Blob(_)) => "bytea",
            _ => "boolean",
        };
        text.push_str("cortex_sql.fit(");
        cast(text, written, kind);
        let _ = write!(text, ", (CAST(NULL AS {table})).{column})");
        return rest;
    }
    match value {
        None => text.push_str(written),
        Some(Value::Null) => text.push_str("NULL"),
        Some(Value::Boolean(_)) => cast(text, written, "boolean"),
        Some(Value::Integer(_)) => cast(text, written, "bigint"),
        Some(Value::Real(_)) => cast(text, written, "double precision"),
        Some(Value::Blob(_)) => cast(text, written, "bytea"),
        Some(Value::Text(_)) => {
            text.push('(');
            cast(text, written, "text");
            text.push_str(" COLLATE \"C\")");
        }
    }
    rest
}

fn cast(text: &mut String, written: &str, kind: &str) {
    text.push_str("CAST(");
    text.push_str(written);
    text.push_str(" AS ");
    text.push_str(kind);
    text.push(')');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_say_their_types_outside_of_quotes_only() {
        let text = |value: &str| Value::Text(value.into());
        let cases: &[(&str, &[Value], &str)] = &[
            ("SELECT 1", &[], "SELECT 1"),
            ("SELECT $1", &[Value::Integer(1)], "SELECT CAST($1 AS bigint)"),
            ("SELECT $1, $2", &[Value::Null, Value::Boolean(true)], "SELECT NULL, CAST($2 AS boolean)"),
            ("a = $1", &[text("$2")], "a = (CAST($1 AS text) COLLATE \"C\")"),
            ("'$1', \"$1\", $1", &[Value::Blob(vec![])], "'$1', \"$1\", CAST($1 AS bytea)"),
            ("'it''s $1' || $1", &[Value::Real(1.0)], "'it''s $1' || CAST($1 AS double precision)"),
            ("'ä$1'$1'", &[Value::Null], "'ä$1'NULL'"),
            ("$1/*t.a*/", &[Value::Integer(1)], "CAST($1 AS bigint)"),
            ("$1/*t.a*/, $1", &[Value::Null], "NULL, NULL"),
            (
                "$1/*t.\"or'der\"*/, 'x'",
                &[Value::Real(1.5)],
                "cortex_sql.fit(CAST($1 AS double precision), (CAST(NULL AS t)).\"or'der\"), 'x'",
            ),
            ("$3 $0 $ $99999999999999999999999", &[Value::Null], "$3 $0 $ $99999999999999999999999"),
        ];
        for (sql, parameters, expected) in cases {
            assert_eq!(typed(sql, parameters, "s"), format!("{expected}\n--s {}", parameters.len()), "{sql}");
        }
        let twelve = vec![Value::Null; 12];
        assert_eq!(typed("$12$1", &twelve, "s"), "NULLNULL\n--s 12");
    }

    #[test]
    fn a_statement_begins_with_a_verb_of_rows() {
        for sql in
            ["SELECT 1", " \n with x AS (SELECT 1) SELECT * FROM x", "insert into t", "DELETE FROM t", "VALUES(1)"]
        {
            check_first_word(sql).unwrap();
        }
        for sql in [
            "",
            "SET ROLE x",
            "RESET ROLE",
            "COMMIT",
            "DO $$ $$",
            "COPY t TO STDOUT",
            "/* x */ SELECT 1",
            "-- x\nSELECT 1",
            "SELECTX 1",
            "(SELECT 1)",
            "TABLE t",
            "EXPLAIN SELECT 1",
            "CALL p()",
            "LOCK t",
        ] {
            check_first_word(sql).unwrap_err();
        }
    }
}
