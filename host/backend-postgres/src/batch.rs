// SPDX-License-Identifier: MIT OR Apache-2.0
//! Many rows in one statement: an insert that is to run for a list of parameter lists becomes one that takes an array for
//! each placeholder.
//!
//! It serves where it does what the inserts would do one after another: the values are placeholders and nothing else, so no
//! row is computed from one before it; in each place all values are of one type; and no foreign key of the table points to
//! the table itself, because the server looks at such keys when a statement ends. What fails as one statement is undone and
//! run row by row, so that the error is the one of the first row that fails.

use cap_storage::{Parameters, SqlError, Value};
use sqlx::Arguments as _;
use sqlx::postgres::PgArguments;
use std::collections::HashMap;

/// Rows of one statement: enough that a round trip no longer counts, few enough that the clock is looked at between.
pub(crate) const ROWS_MAX: usize = 1_000;

/// An insert that can take many rows.
#[derive(Debug, PartialEq)]
pub(crate) struct Insert<'a> {
    /// The table, by its physical name.
    pub(crate) table: &'a str,
    /// Up to the values.
    head: &'a str,
    /// The numbers of the placeholders, in the order of the columns, and the column where it is to be compared.
    places: Vec<(usize, Option<(&'a str, &'a str)>)>,
    /// What follows the values.
    tail: &'a str,
}

impl<'a> Insert<'a> {
    /// Reads an insert as the subset prints it; none where it is no plain one.
    pub(crate) fn parse(sql: &'a str) -> Option<Self> {
        let table = sql.strip_prefix("INSERT INTO ")?.split(' ').next()?;
        let (head, rest) = sql.split_once(" VALUES (")?;
        let (values, tail) = rest.split_once(')')?;
        let place = |value: &'a str| {
            let (number, column) = value.strip_prefix('$')?.split_once("/*").unwrap_or((value.get(1..)?, ""));
            let column = column.strip_suffix("*/").and_then(|column| column.split_once('.'));
            Some((number.parse::<usize>().ok()?.checked_sub(1)?, column))
        };
        let places = values.split(", ").map(place).collect::<Option<Vec<_>>>()?;
        // Names of the subset hold neither spaces nor parentheses, quoted or not.
        let plain = !head.contains(['$', '\'']) && !tail.contains('$');
        let ends = tail.is_empty() || tail.starts_with(" ON CONFLICT ");
        (plain && ends).then_some(Self { table, head, places, tail })
    }

    /// The statement for some rows, and its arguments. None where a place has values of several types, or none but NULL
    /// stands anywhere.
    pub(crate) fn of(&self, lists: &[Parameters], schema: &str) -> Option<Result<(String, PgArguments), SqlError>> {
        let mut arguments = PgArguments::default();
        let (mut selected, mut arrays, mut names) = (Vec::new(), Vec::new(), Vec::new());
        // A placeholder may stand in several columns; it is bound once.
        let mut written: HashMap<usize, (String, bool)> = HashMap::new();
        let fitted = |(text, converts): &(String, bool), target: &Option<(&str, &str)>| match target {
            Some((table, column)) if *converts => format!("cortex_sql.fit({text}, (CAST(NULL AS {table})).{column})"),
            _ => text.clone(),
        };
        for (place, target) in &self.places {
            if let Some(text) = written.get(place) {
                selected.push(fitted(text, target));
                continue;
            }
            let column = Column::of(lists, *place)?;
            // What the server would convert for a column of another type.
            let converts = matches!(column, Column::Booleans(_) | Column::Reals(_) | Column::Blobs(_));
            let text = match column.kind() {
                None => "NULL".to_owned(),
                Some(kind) => {
                    let number = arrays.len().saturating_add(1);
                    arrays.push(format!("CAST(${number} AS {kind}[])"));
                    names.push(format!("p{number}"));
                    if let Err(error) = column.bind(&mut arguments) {
                        return Some(Err(error));
                    }
                    let collation = if kind == "text" { " COLLATE \"C\"" } else { "" };
                    format!("u.p{number}{collation}")
                }
            };
            let text = (text, converts);
            selected.push(fitted(&text, target));
            written.insert(*place, text);
        }
        if arrays.is_empty() {
            return None;
        }
        let (selected, arrays, names) = (selected.join(", "), arrays.join(", "), names.join(", "));
        let Self { head, tail, .. } = self;
        let text = format!("{head} SELECT {selected} FROM unnest({arrays}) AS u ({names}){tail}\n--{schema}");
        Some(Ok((text, arguments)))
    }
}

/// The values of one placeholder in all rows.
enum Column<'a> {
    Nulls,
    Booleans(Vec<Option<bool>>),
    Integers(Vec<Option<i64>>),
    Reals(Vec<Option<f64>>),
    Texts(Vec<Option<&'a str>>),
    Blobs(Vec<Option<&'a [u8]>>),
}

impl<'a> Column<'a> {
    /// None: they are of several types.
    fn of(lists: &'a [Parameters], place: usize) -> Option<Self> {
        let mut values = lists.iter().map(|list| list.get(place));
        let first = values.find(|value| !matches!(value, Some(Value::Null)));
        macro_rules! all {
            ($kind:ident, $value:ident => $read:expr) => {
                lists
                    .iter()
                    .map(|list| match list.get(place)? {
                        Value::Null => Some(None),
                        Value::$kind($value) => Some(Some($read)),
                        _ => None,
                    })
                    .collect::<Option<Vec<_>>>()
            };
        }
        match first {
            None => Some(Self::Nulls),
            Some(value) => match value? {
                Value::Null => None,
                Value::Boolean(_) => all!(Boolean, value => *value).map(Self::Booleans),
                Value::Integer(_) => all!(Integer, value => *value).map(Self::Integers),
                Value::Real(_) => all!(Real, value => *value).map(Self::Reals),
                Value::Text(_) => all!(Text, value => value.as_str()).map(Self::Texts),
                Value::Blob(_) => all!(Blob, value => value.as_slice()).map(Self::Blobs),
            },
        }
    }

    /// The type of an element; none where all are NULL.
    fn kind(&self) -> Option<&'static str> {
        match self {
            Self::Nulls => None,
            Self::Booleans(_) => Some("boolean"),
            Self::Integers(_) => Some("bigint"),
            Self::Reals(_) => Some("double precision"),
            Self::Texts(_) => Some("text"),
            Self::Blobs(_) => Some("bytea"),
        }
    }

    fn bind(self, arguments: &mut PgArguments) -> Result<(), SqlError> {
        let added = match self {
            Self::Nulls => Ok(()),
            Self::Booleans(values) => arguments.add(values),
            Self::Integers(values) => arguments.add(values),
            Self::Reals(values) => arguments.add(values),
            Self::Texts(values) => arguments.add(values),
            Self::Blobs(values) => arguments.add(values),
        };
        added.map_err(|error| SqlError::Parameter(error.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_inserts_are_read_and_no_others() {
        for (sql, places) in [
            ("INSERT INTO a__t AS t (a, b) VALUES ($1, $2)", Some(vec![0, 1])),
            ("INSERT INTO a__t AS t (a, b, c) VALUES ($2, $1, $2) ON CONFLICT DO NOTHING", Some(vec![1, 0, 1])),
            ("INSERT INTO t AS t (a) VALUES ($1) ON CONFLICT (a) DO UPDATE SET b = (t.b + excluded.b)", Some(vec![0])),
            ("INSERT INTO t AS t (a, b) VALUES ($1/*t.a*/, $2/*t.b*/)", Some(vec![0, 1])),
            ("INSERT INTO t AS t (a, b) VALUES ($1, CAST(1 AS bigint))", None),
            ("INSERT INTO t AS t (a) VALUES (($1 + $2))", None),
            ("INSERT INTO t AS t (a) VALUES ($1), ($2)", None),
            ("INSERT INTO t AS t (a) VALUES ((SELECT max(a) FROM t AS t))", None),
            ("INSERT INTO t AS t (a) VALUES ($1) ON CONFLICT (a) DO UPDATE SET b = $2", None),
            ("INSERT INTO t AS t (a) VALUES ($1) RETURNING a", None),
            ("INSERT INTO t AS t (a) SELECT b FROM u AS u WHERE c = $1", None),
            ("INSERT INTO t AS t (\"a VALUES (\") VALUES ($1)", None),
            ("UPDATE t AS t SET a = $1", None),
            ("INSERT INTO t AS t (a) VALUES ($0)", None),
        ] {
            let read = Insert::parse(sql);
            let found = read.as_ref().map(|insert| insert.places.iter().map(|(place, _)| *place).collect::<Vec<_>>());
            assert_eq!(found, places, "{sql}");
            assert!(read.is_none_or(|insert| sql.starts_with(&format!("INSERT INTO {} ", insert.table))), "{sql}");
        }
    }

    #[test]
    fn what_the_server_would_convert_is_compared_with_its_column() {
        let insert = Insert::parse("INSERT INTO t AS t (a, b) VALUES ($1/*t.a*/, $2/*t.b*/)").unwrap();
        let lists = [vec![Value::Integer(1), Value::Real(1.5)], vec![Value::Integer(2), Value::Null]];
        assert_eq!(
            insert.of(&lists, "s").unwrap().unwrap().0,
            "INSERT INTO t AS t (a, b) SELECT u.p1, cortex_sql.fit(u.p2, (CAST(NULL AS t)).b) FROM \
             unnest(CAST($1 AS bigint[]), CAST($2 AS double precision[])) AS u (p1, p2)\n--s"
        );
    }

    #[test]
    fn a_place_becomes_an_array_of_its_type() {
        let (integer, text) = (Value::Integer, |text: &str| Value::Text(text.into()));
        let sql = "INSERT INTO t AS t (a, b, c) VALUES ($1, $2, $1) ON CONFLICT DO NOTHING";
        let insert = Insert::parse(sql).unwrap();
        let written = |lists: &[Parameters]| insert.of(lists, "s").map(|made| made.unwrap().0);
        assert_eq!(
            written(&[vec![integer(1), Value::Null], vec![integer(2), text("x")]]).unwrap(),
            "INSERT INTO t AS t (a, b, c) SELECT u.p1, u.p2 COLLATE \"C\", u.p1 FROM \
             unnest(CAST($1 AS bigint[]), CAST($2 AS text[])) AS u (p1, p2) ON CONFLICT DO NOTHING\n--s"
        );
        assert_eq!(
            written(&[vec![Value::Null, text("x")]]).unwrap(),
            "INSERT INTO t AS t (a, b, c) SELECT NULL, u.p1 COLLATE \"C\", NULL FROM unnest(CAST($1 AS text[])) AS u (p1) \
             ON CONFLICT DO NOTHING\n--s"
        );
        // Several types in one place, nothing but NULL, a value too few.
        assert_eq!(written(&[vec![integer(1), integer(1)], vec![integer(2), text("x")]]), None);
        assert_eq!(written(&[vec![Value::Null, Value::Null]]), None);
        assert_eq!(written(&[vec![integer(1)]]), None);
    }
}
