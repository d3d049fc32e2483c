// SPDX-License-Identifier: MIT OR Apache-2.0
//! A reader of CSV as RFC 4180 defines it: quoted fields, doubled quotes, line breaks inside quotes, CRLF or LF. It knows nothing of
//! what the fields mean.

/// A record and the line on which it begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Record {
    /// The line, from 1.
    pub(crate) line: usize,
    /// The fields.
    pub(crate) fields: Vec<String>,
}

/// Why a text is no CSV.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CsvFault {
    /// A quote opened on that line is never closed.
    OpenQuote(usize),
    /// A quote inside an unquoted field, or a character behind a closing one, on that line.
    StrayQuote(usize),
}

/// Reads the records. Empty lines are passed over; a byte order mark at the start too.
pub(crate) fn read(text: &str) -> Result<Vec<Record>, CsvFault> {
    let mut characters = text.strip_prefix('\u{feff}').unwrap_or(text).chars().peekable();
    let mut records = Vec::new();
    let mut line = 1;
    while characters.peek().is_some() {
        let begin = line;
        let mut fields = Vec::new();
        loop {
            let (field, quoted) = match characters.next_if_eq(&'"') {
                Some(_) => (quoted_field(&mut characters, &mut line)?, true),
                None => (plain_field(&mut characters, line)?, false),
            };
            let blank = !quoted && field.is_empty() && fields.is_empty();
            fields.push(field);
            let line_break = match characters.next() {
                Some(',') => continue,
                Some('\n') => true,
                Some('\r') if characters.next_if_eq(&'\n').is_some() => true,
                None => false,
                Some(_) => return Err(CsvFault::StrayQuote(line)),
            };
            line += usize::from(line_break);
            if !blank {
                records.push(Record { line: begin, fields });
            }
            break;
        }
    }
    Ok(records)
}

type Characters<'a> = std::iter::Peekable<std::str::Chars<'a>>;

fn quoted_field(characters: &mut Characters<'_>, line: &mut usize) -> Result<String, CsvFault> {
    let begin = *line;
    let mut field = String::new();
    while let Some(character) = characters.next() {
        match character {
            '"' if characters.next_if_eq(&'"').is_some() => field.push('"'),
            '"' => return Ok(field),
            other => {
                *line += usize::from(other == '\n');
                field.push(other);
            }
        }
    }
    Err(CsvFault::OpenQuote(begin))
}

fn plain_field(characters: &mut Characters<'_>, line: usize) -> Result<String, CsvFault> {
    let mut field = String::new();
    while let Some(character) = characters.next_if(|character| !matches!(character, ',' | '\n' | '\r')) {
        if character == '"' {
            return Err(CsvFault::StrayQuote(line));
        }
        field.push(character);
    }
    Ok(field)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(text: &str, expected: Result<&[(usize, &[&str])], CsvFault>) {
        let records = read(text)
            .map(|records| records.into_iter().map(|record| (record.line, record.fields)).collect::<Vec<_>>());
        let expected = expected.map(|records| {
            records
                .iter()
                .map(|(line, fields)| (*line, fields.iter().map(|field| (*field).to_owned()).collect()))
                .collect()
        });
        assert_eq!(records, expected, "{text:?}");
    }

    #[test]
    fn records_are_read_as_rfc_4180_says() {
        check("a,b\r\nc,d\r\n", Ok(&[(1, &["a", "b"]), (2, &["c", "d"])]));
        check("a,b\nc,", Ok(&[(1, &["a", "b"]), (2, &["c", ""])]));
        check("\u{feff}a\n\n\nb", Ok(&[(1, &["a"]), (4, &["b"])]));
        check("\"a,\"\"b\"\"\n\",x\ny,\"\"", Ok(&[(1, &["a,\"b\"\n", "x"]), (3, &["y", ""])]));
        check(",\n", Ok(&[(1, &["", ""])]));
        check("\"\"\n", Ok(&[(1, &[""])]));
        check("a,\nb\n", Ok(&[(1, &["a", ""]), (2, &["b"])]));
        check("a,\r\nb\r\n", Ok(&[(1, &["a", ""]), (2, &["b"])]));
        check("", Ok(&[]));
        check("a\nb,\"c\nd", Err(CsvFault::OpenQuote(2)));
        check("a\nb\"c", Err(CsvFault::StrayQuote(2)));
        check("\"a\"b", Err(CsvFault::StrayQuote(1)));
        check("a\rb", Err(CsvFault::StrayQuote(1)));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(rows in proptest::collection::vec(proptest::collection::vec("[a\",\n\r é]{0,6}", 1..4), 0..6)) {
            let quoted = |field: &String| format!("\"{}\"", field.replace('"', "\"\""));
            let text: String = rows.iter().map(|row| row.iter().map(quoted).collect::<Vec<_>>().join(",") + "\r\n").collect();
            let read: Vec<Vec<String>> = read(&text).expect("valid").into_iter().map(|record| record.fields).collect();
            prop_assert_eq!(read, rows);
        }

        #[test]
        fn no_text_breaks_the_reader(text in "[a\",\n\r]{0,40}") {
            let _ = read(&text);
        }
    }
}
