// SPDX-License-Identifier: MIT OR Apache-2.0
//! Comments of transactions and postings: kept as text, tags included. Only the dates in a posting's comment mean something
//! here: `date:2024-02-03` and `[2024-02-03=2024-02-04]`.

use super::cursor::{Cursor, is_space};
use super::date::Date;
use super::dates;
use super::fault::Fault;

/// Adds the text of a comment line to a comment.
pub(super) fn append(comment: &mut String, line: &str) {
    let line = line.trim_matches(is_space);
    if !line.is_empty() {
        if !comment.is_empty() {
            comment.push(' ');
        }
        comment.push_str(line);
    }
}

/// The value of a tag: what stands behind `name:` up to the next comma.
pub(super) fn tag_value<'a>(comment: &'a str, name: &str) -> Option<&'a str> {
    let start = comment.match_indices(':').find_map(|(at, _)| {
        let before = comment.get(..at)?;
        let word = before.rsplit(|c: char| is_space(c) || c == ',' || c == ':').next()?;
        (word == name).then_some(at.checked_add(1)?)
    })?;
    let value = comment.get(start..)?;
    Some(value.split(',').next().unwrap_or(value).trim_matches(is_space))
}

/// The posting's own date, where its comment line gives one. `cursor` stands behind the semicolon.
pub(super) fn posting_date(cursor: Cursor<'_>, transaction: Date) -> Result<Option<Date>, Fault> {
    let mut found = None;
    for tag in ["date", "date2"] {
        if let Some(value) = tag_value(cursor.rest(), tag) {
            let mut at = cursor_at(cursor, value);
            let date = dates::read(&mut at, Some(transaction.year()))?;
            at.skip_spaces();
            if !at.at_end() && !at.rest().starts_with(',') {
                return Err(at.unexpected("the end of the date"));
            }
            if tag == "date" {
                found = Some(date);
            }
        }
    }
    match bracketed(cursor.rest()) {
        Some(inside) if found.is_none() => bracketed_date(cursor_at(cursor, inside), transaction),
        _ => Ok(found),
    }
}

/// A cursor of the same line that stands at `part`, a piece of what is left.
fn cursor_at<'a>(mut cursor: Cursor<'a>, part: &str) -> Cursor<'a> {
    let offset = part.as_ptr().addr().saturating_sub(cursor.rest().as_ptr().addr());
    let target = cursor.rest().len().saturating_sub(offset);
    while cursor.rest().len() > target && cursor.next().is_some() {}
    cursor
}

/// The text between the first brackets that hold nothing but characters of dates.
fn bracketed(comment: &str) -> Option<&str> {
    comment.split('[').skip(1).find_map(|part| {
        let (inside, _) = part.split_once(']')?;
        let dates = inside.chars().all(|c| c.is_ascii_digit() || "-/.=".contains(c));
        (dates && inside.contains(|c: char| c.is_ascii_digit()) && inside.contains(['-', '/', '.'])).then_some(inside)
    })
}

fn bracketed_date(mut cursor: Cursor<'_>, transaction: Date) -> Result<Option<Date>, Fault> {
    let date =
        if cursor.rest().starts_with('=') { None } else { Some(dates::read(&mut cursor, Some(transaction.year()))?) };
    dates::read_secondary(&mut cursor, date.unwrap_or(transaction))?;
    if cursor.rest().starts_with(']') { Ok(date) } else { Err(cursor.unexpected("`]` behind the posting's date")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_end_at_commas() {
        for (comment, name, value) in [
            ("type: A", "type", Some("A")),
            ("note, type:A, x: y", "type", Some("A")),
            ("prototype: A", "type", None),
            ("type:", "type", Some("")),
            ("none", "type", None),
        ] {
            assert_eq!(tag_value(comment, name), value, "{comment}");
        }
    }

    #[test]
    fn dates_of_postings() {
        let transaction = Date::new(2024, 1, 31).unwrap();
        for (comment, expected) in [
            (" date:2024-02-03", Ok(Some("2024-02-03"))),
            (" date:2/3, x", Ok(Some("2024-02-03"))),
            (" [2024-02-03=2024-03-04]", Ok(Some("2024-02-03"))),
            (" [=2/3]", Ok(None)),
            (" see [2/3]", Ok(Some("2024-02-03"))),
            (" [foo]", Ok(None)),
            (" [3]", Ok(None)),
            (" date:", Err(7)),
            (" date:foo", Err(7)),
            (" date:2024-02-30", Err(7)),
            (" [2024-02-30]", Err(3)),
        ] {
            let date = posting_date(Cursor::new(1, comment), transaction);
            let date = date.map(|date| date.map(|date| date.to_string())).map_err(|fault| fault.place.column);
            assert_eq!(date, expected.map(|date| date.map(str::to_owned)), "{comment}");
        }
    }
}
