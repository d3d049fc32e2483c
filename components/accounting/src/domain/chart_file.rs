// SPDX-License-Identifier: MIT OR Apache-2.0
//! A chart of accounts as a CSV file: the first record names the columns, each further one is an account.

use super::account::{ACCOUNTS_AT_ONCE_MAX, AccountInput, AccountKind};
use super::csv::{self, CsvFault, Record};
use super::problem::{Answer, At, Faults, Problem, quote};

const COLUMNS: [&str; 5] = ["code", "name", "kind", "parent", "currency"];

/// The accounts of a file, and the line of each.
#[derive(Debug)]
pub(crate) struct ChartFile {
    /// The accounts, in order.
    pub(crate) accounts: Vec<AccountInput>,
    /// The line on which each begins.
    pub(crate) lines: Vec<usize>,
}

/// Where each column stands in a record.
struct Header([Option<usize>; 5]);

impl Header {
    fn field<'a>(&self, record: &'a Record, column: usize) -> &'a str {
        let place = self.0.get(column).copied().flatten();
        place.and_then(|place| record.fields.get(place)).map_or("", |field| field.trim())
    }
}

/// Reads a file; every fault names its line. Codes, parents and currencies are checked later, against the ledger.
pub(crate) fn read(text: &str) -> Answer<ChartFile> {
    let top = At::Top;
    let at = top.key("csv");
    let records = csv::read(text).map_err(|fault| {
        let message = match fault {
            CsvFault::OpenQuote(line) => format!("line {line}: the quote is never closed"),
            CsvFault::StrayQuote(line) => {
                format!("line {line}: a quote stands inside a field; quote the whole field and double the quotes in it")
            }
        };
        Problem::invalid(&at, "not-csv", message)
    })?;
    let Some((first, records)) = records.split_first() else {
        return Err(Problem::invalid(&at, "empty", "the file is empty; begin it with `code,name,kind`"));
    };
    if records.len() > ACCOUNTS_AT_ONCE_MAX {
        let message =
            format!("the file has {} accounts, at most {ACCOUNTS_AT_ONCE_MAX} are created at once", records.len());
        return Err(Problem::invalid(&at, "too-many-accounts", message));
    }
    let header = read_header(first, &at)?;
    let mut faults = Faults::default();
    let mut file = ChartFile { accounts: Vec::new(), lines: Vec::new() };
    for record in records {
        if let Some(account) = read_account(record, &header, first.fields.len(), &at, &mut faults) {
            file.accounts.push(account);
            file.lines.push(record.line);
        }
    }
    faults.into_answer()?;
    Ok(file)
}

fn read_header(record: &Record, at: &At<'_>) -> Answer<Header> {
    let mut faults = Faults::default();
    let mut places = [None; 5];
    for (place, name) in record.fields.iter().enumerate() {
        let name = name.trim();
        match COLUMNS.iter().position(|column| *column == name).and_then(|column| places.get_mut(column)) {
            None => {
                let message =
                    format!("line {}: {} is no column; there are `{}`", record.line, quote(name), COLUMNS.join("`, `"));
                faults.invalid(at, "unknown-column", message);
            }
            Some(Some(_)) => {
                faults.invalid(at, "duplicate-column", format!("line {}: {} is named twice", record.line, quote(name)));
            }
            Some(column) => *column = Some(place),
        }
    }
    for (column, place) in COLUMNS.iter().zip(&places).take(3) {
        if place.is_none() {
            faults.invalid(at, "missing-column", format!("line {}: the column `{column}` is missing", record.line));
        }
    }
    faults.into_answer().map(|()| Header(places))
}

fn read_account(
    record: &Record,
    header: &Header,
    width: usize,
    at: &At<'_>,
    faults: &mut Faults,
) -> Option<AccountInput> {
    if record.fields.len() != width {
        let message =
            format!("line {}: {} fields, but the first line names {width} columns", record.line, record.fields.len());
        faults.invalid(at, "field-count", message);
        return None;
    }
    let given = |column| Some(header.field(record, column)).filter(|field| !field.is_empty()).map(str::to_owned);
    let Some(kind) = AccountKind::parse(header.field(record, 2)) else {
        let names: Vec<&str> = AccountKind::ALL.iter().map(|(_, name)| *name).collect();
        let message = format!(
            "line {}, kind: {} is none of `{}`",
            record.line,
            quote(header.field(record, 2)),
            names.join("`, `")
        );
        faults.invalid(at, "unknown-kind", message);
        return None;
    };
    Some(AccountInput {
        code: header.field(record, 0).to_owned(),
        name: header.field(record, 1).to_owned(),
        kind,
        parent: given(3),
        currency: given(4),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_in_any_order() {
        let file =
            read("kind,code,name,currency\nasset,1000,\"Cash, petty\",EUR\n\nexpense,6000,Rent,\n").expect("valid");
        assert_eq!(file.lines, [2, 4]);
        let cash = AccountInput {
            code: "1000".into(),
            name: "Cash, petty".into(),
            kind: AccountKind::Asset,
            parent: None,
            currency: Some("EUR".into()),
        };
        assert_eq!(file.accounts[0], cash);
        assert_eq!(file.accounts[1].currency, None);
    }

    #[test]
    fn every_fault_names_its_line() {
        let cases: &[(&str, &[&str])] = &[
            ("", &["the file is empty; begin it with `code,name,kind`"]),
            (
                "code,nam\n",
                &[
                    "line 1: `nam` is no column; there are `code`, `name`, `kind`, `parent`, `currency`",
                    "line 1: the column `name` is missing",
                    "line 1: the column `kind` is missing",
                ],
            ),
            ("code,name,kind,code\n", &["line 1: `code` is named twice"]),
            (
                "code,name,kind\n1,a\n2,b,cash\n",
                &[
                    "line 2: 2 fields, but the first line names 3 columns",
                    "line 3, kind: `cash` is none of `asset`, `liability`, `equity`, `income`, `expense`",
                ],
            ),
            ("code,name,kind\n1,\"a,asset\n", &["line 2: the quote is never closed"]),
        ];
        for (text, expected) in cases {
            let problem = read(text).expect_err(text);
            let messages: Vec<&str> = problem.faults.iter().map(|fault| fault.message.as_str()).collect();
            assert_eq!(messages, *expected, "{text:?}");
            assert!(problem.faults.iter().all(|fault| fault.path == "/csv"));
        }
    }
}
