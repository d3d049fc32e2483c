// SPDX-License-Identifier: MIT OR Apache-2.0
//! Reads a transaction: the line with its date, the comments and postings indented below it.

use super::cursor::{Cursor, is_space};
use super::date::Date;
use super::fault::{Code, Fault, quote};
use super::journal::{Posting, Status, Transaction};
use super::limits::POSTINGS_MAX;
use super::parser::{Lines, State, check_length};
use super::{amount, comment, dates};

/// Reads the transaction that begins on a line, all of it, and notes every fault in it.
pub(super) fn read(number: u32, line: &str, lines: &mut Lines<'_>, state: &mut State) -> Result<(), Fault> {
    let mut transaction = read_header(Cursor::new(number, line), state)?;
    let mut sound = true;
    while let Some((number, line)) = lines.next_indented() {
        if let Err(fault) = read_line(number, line, &mut transaction, state) {
            state.faults.add(fault);
            sound = false;
        }
    }
    if sound {
        state.journal.transactions.push(transaction);
    }
    Ok(())
}

/// Reads `2024-01-31=2024-02-01 * (code) payee | note ; comment`.
fn read_header(mut cursor: Cursor<'_>, state: &State) -> Result<Transaction, Fault> {
    let line = cursor.place().line;
    let date = dates::read(&mut cursor, state.default_year)?;
    let secondary_date = dates::read_secondary(&mut cursor, date)?;
    if !cursor.skip_spaces() && !cursor.at_end() {
        return Err(cursor.unexpected("a space behind the date"));
    }
    let status = read_status(&mut cursor);
    let spaced = cursor.skip_spaces() || status == Status::Unmarked;
    let mut code = String::new();
    if spaced && cursor.eat("(") {
        cursor.take_while(|c| c != ')').clone_into(&mut code);
        if !cursor.eat(")") {
            return Err(cursor.unexpected("`)` behind the transaction's code"));
        }
    }
    let description = cursor.take_while(|c| c != ';').trim_matches(is_space).to_owned();
    let mut text = String::new();
    comment::append(&mut text, cursor.rest().trim_start_matches(';'));
    Ok(Transaction { line, date, secondary_date, status, code, description, comment: text, postings: Vec::new() })
}

fn read_status(cursor: &mut Cursor<'_>) -> Status {
    if cursor.eat("*") {
        Status::Cleared
    } else if cursor.eat("!") {
        Status::Pending
    } else {
        Status::Unmarked
    }
}

/// Reads an indented line: a posting, or a comment of what stands above it.
fn read_line(number: u32, line: &str, transaction: &mut Transaction, state: &mut State) -> Result<(), Fault> {
    check_length(number, line)?;
    let mut cursor = Cursor::new(number, line);
    cursor.skip_spaces();
    if !cursor.eat(";") {
        if transaction.postings.len() >= POSTINGS_MAX {
            return Err(Fault::new(
                cursor.place(),
                Code::LimitExceeded,
                format!("the transaction has more than {POSTINGS_MAX} postings: split it"),
            ));
        }
        let posting = read_posting(cursor, transaction.date, state)?;
        transaction.postings.push(posting);
        return Ok(());
    }
    let date = transaction.date;
    match transaction.postings.last_mut() {
        None => comment::append(&mut transaction.comment, cursor.rest()),
        Some(posting) => take_comment(cursor, date, posting, state)?,
    }
    Ok(())
}

/// Adds a comment line to a posting, with the date that it may give.
fn take_comment(cursor: Cursor<'_>, transaction: Date, posting: &mut Posting, state: &mut State) -> Result<(), Fault> {
    if let Some(date) = comment::posting_date(cursor, transaction)? {
        posting.date = posting.date.or(Some(date));
        if date != transaction {
            let message = format!(
                "the posting's own date {date} counts for balance assertions only: the ledger has one date per entry"
            );
            state.journal.warnings.add("posting-date", cursor.place().line, message);
        }
    }
    comment::append(&mut posting.comment, cursor.rest());
    Ok(())
}

/// Reads `* account  amount @ cost = balance ; comment`.
fn read_posting(mut cursor: Cursor<'_>, date: Date, state: &mut State) -> Result<Posting, Fault> {
    let status = read_status(&mut cursor);
    cursor.skip_spaces();
    let place = cursor.place();
    let written = cursor.single_spaced();
    refuse_virtual(&written, place)?;
    let account = state.account(&written, place)?;
    let mut posting = Posting {
        place,
        status,
        account,
        amount: None,
        cost: None,
        assertion: None,
        date: None,
        comment: String::new(),
    };
    cursor.skip_spaces();
    if amount::can_begin(&cursor) {
        let priced = amount::read(&mut cursor, state)?;
        state.styles.see(&priced.amount.commodity, priced.amount.quantity.places());
        posting.amount = Some(priced.amount);
        posting.cost = priced.cost;
        cursor.skip_spaces();
    }
    posting.assertion = amount::read_assertion(&mut cursor, state)?;
    cursor.skip_spaces();
    if cursor.eat(";") {
        take_comment(cursor, date, &mut posting, state)?;
    } else if !cursor.at_end() {
        let expected = if posting.amount.is_none() && posting.assertion.is_none() {
            "an amount, a balance assertion `=`, or a comment `;`"
        } else {
            "the end of the posting: a cost `@`, a balance assertion `=`, or a comment `;` may follow an amount"
        };
        return Err(cursor.unexpected(expected));
    }
    Ok(posting)
}

fn refuse_virtual(written: &str, place: super::fault::Place) -> Result<(), Fault> {
    let kind = match (written.chars().next(), written.chars().last()) {
        (Some('('), Some(')')) => "an unbalanced virtual posting",
        (Some('['), Some(']')) => "a balanced virtual posting",
        _ => return Ok(()),
    };
    let message = format!(
        "{} is {kind}, which a double-entry ledger cannot hold: write the account without brackets and balance it with a real one",
        quote(written)
    );
    Err(Fault::new(place, Code::Unsupported, message))
}
