// SPDX-License-Identifier: MIT OR Apache-2.0
//! Reads the directives of a journal. One that is not known is a fault: what it would have done cannot be guessed.

use super::comment::tag_value;
use super::cursor::Cursor;
use super::fault::{Code, Fault, quote};
use super::journal::{Kind, Price};
use super::limits::APPLIED_ACCOUNTS_MAX;
use super::number::Mark;
use super::parser::{Lines, State};
use super::style::Style;
use super::{amount, dates};

/// Reads the directive on a line, with what is indented below it.
pub(super) fn read(number: u32, line: &str, lines: &mut Lines<'_>, state: &mut State) -> Result<(), Fault> {
    let mut cursor = Cursor::new(number, line);
    cursor.eat("!");
    let start = cursor;
    let word = cursor.take_while(|c| c.is_alphabetic() || c == '-');
    let spaced = cursor.skip_spaces() || cursor.at_end();
    match word {
        "Y" => read_year(cursor, state),
        "P" => read_price(cursor, state),
        _ if !spaced => Err(unknown(start, line)),
        "account" => read_account(cursor, lines, state),
        "commodity" => read_commodity(cursor, lines, state),
        "D" => {
            let (commodity, style) = read_sample(cursor, state)?;
            state.styles.set_default(commodity, style);
            Ok(())
        }
        "decimal-mark" => read_decimal_mark(cursor, state),
        "alias" => {
            state.renaming.add_alias(cursor.rest()).map_err(|message| Fault::new(cursor.place(), Code::Syntax, message))
        }
        "apply" if cursor.eat("account ") => apply_account(cursor, state),
        "end" => read_end(start, cursor, state),
        "payee" if !cursor.at_end() && !cursor.rest().starts_with(';') => Ok(()),
        "tag" if !cursor.at_end() => Ok(()),
        "payee" | "tag" => Err(cursor.unexpected("a name")),
        "C" | "N" if !cursor.at_end() => {
            state.journal.warnings.add(
                "ignored-directive",
                number,
                format!("the directive {} has no effect", quote(word)),
            );
            Ok(())
        }
        "include" => Err(Fault::new(
            start.place(),
            Code::Unsupported,
            format!("{} cannot be followed, one text is read at a time: put the file's text in its place", quote(line)),
        )),
        _ => Err(unknown(start, line)),
    }
}

fn unknown(start: Cursor<'_>, line: &str) -> Fault {
    let expected = match line.split_whitespace().next() {
        Some("year") => "a directive: write the default year as `Y2024`",
        Some("i" | "o" | "h" | "b") => "a directive: time-clock entries are no journal",
        _ => {
            "a date, a comment or a directive: `account`, `alias`, `apply account`, `comment`, `commodity`, `D`, `decimal-mark`, \
             `end aliases`, `end apply account`, `P`, `payee`, `tag` or `Y`"
        }
    };
    start.fault(Code::UnknownDirective, expected)
}

/// Refuses text behind a directive other than a comment.
fn finish(mut cursor: Cursor<'_>) -> Result<(), Fault> {
    cursor.skip_spaces();
    if cursor.at_end() || cursor.rest().starts_with(';') {
        Ok(())
    } else {
        Err(cursor.unexpected("the end of the directive, or a comment `;`"))
    }
}

fn read_year(mut cursor: Cursor<'_>, state: &mut State) -> Result<(), Fault> {
    let start = cursor;
    let digits = cursor.digits();
    let year = digits.parse().ok().filter(|year| digits.len() == 4 && *year > 0);
    state.default_year = Some(year.ok_or_else(|| start.fault(Code::Date, "a year of four digits, `Y2024`"))?);
    finish(cursor)
}

fn read_price(mut cursor: Cursor<'_>, state: &mut State) -> Result<(), Fault> {
    let line = cursor.place().line;
    let date = dates::read(&mut cursor, state.default_year)?;
    cursor.skip_spaces();
    let mut time = cursor;
    if time.take_while(|c| c.is_ascii_digit() || c == ':').contains(':') {
        time.skip_spaces();
        cursor = time;
    }
    let symbol = amount::read_symbol(&mut cursor)
        .ok_or_else(|| cursor.unexpected("the symbol of the commodity that is priced"))?;
    let commodity = state.pool.commodity(symbol);
    cursor.skip_spaces();
    let price = amount::read(&mut cursor, state)?.amount;
    state.journal.prices.push(Price { line, date, commodity, price });
    Ok(())
}

/// Reads `account NAME  ; type:A`, and the comments and subdirectives below it.
fn read_account(mut cursor: Cursor<'_>, lines: &mut Lines<'_>, state: &mut State) -> Result<(), Fault> {
    let place = cursor.place();
    let written = cursor.single_spaced();
    if written.is_empty() {
        return Err(cursor.unexpected("the name of an account"));
    }
    let account = state.account(&written, place)?;
    finish(cursor)?;
    cursor.skip_spaces();
    let mut kind = declared_kind(cursor)?;
    while let Some((number, line)) = lines.next_indented() {
        let mut below = Cursor::new(number, line);
        below.skip_spaces();
        if below.rest().starts_with(';') {
            kind = kind.or(declared_kind(below)?);
        }
    }
    if let Some(kind) = kind {
        state.journal.declared_kinds.insert(account, kind);
    }
    Ok(())
}

/// The kind that a comment declares with a tag `type:`.
fn declared_kind(comment: Cursor<'_>) -> Result<Option<Kind>, Fault> {
    let Some(value) = tag_value(comment.rest(), "type") else { return Ok(None) };
    let kind = match value.to_lowercase().as_str() {
        "a" | "asset" | "c" | "cash" => Kind::Asset,
        "l" | "liability" => Kind::Liability,
        "e" | "equity" | "v" | "conversion" => Kind::Equity,
        "r" | "revenue" => Kind::Income,
        "x" | "expense" => Kind::Expense,
        _ => {
            let expected = "A (asset), L (liability), E (equity), R (revenue), X (expense), C (cash) or V (conversion)";
            let message = format!("found the account type {}, expected {expected}", quote(value));
            return Err(Fault::new(comment.place(), Code::AccountType, message));
        }
    };
    Ok(Some(kind))
}

/// Reads `commodity 1.000,00 EUR`, or `commodity EUR` with `format 1.000,00 EUR` below it.
fn read_commodity(cursor: Cursor<'_>, lines: &mut Lines<'_>, state: &mut State) -> Result<(), Fault> {
    let mut ahead = cursor;
    let symbol = amount::read_symbol(&mut ahead).filter(|_| finish(ahead).is_ok());
    let Some(symbol) = symbol else {
        let (commodity, style) = read_sample(cursor, state)?;
        state.styles.declare(commodity, style);
        return Ok(());
    };
    let declared = state.pool.commodity(symbol);
    while let Some((number, line)) = lines.next_indented() {
        let mut below = Cursor::new(number, line);
        below.skip_spaces();
        if below.rest().starts_with(';') {
            continue;
        }
        if !below.eat("format ") {
            return Err(below.unexpected("the subdirective `format` with a sample amount"));
        }
        below.skip_spaces();
        let (commodity, style) = read_sample(below, state)?;
        if commodity != declared {
            return Err(below.unexpected(&format!("a sample amount of the directive's commodity {}", quote(symbol))));
        }
        state.styles.declare(commodity, style);
    }
    Ok(())
}

/// Reads a sample amount; it must show the decimal mark.
fn read_sample(mut cursor: Cursor<'_>, state: &mut State) -> Result<(super::names::Commodity, Style), Fault> {
    let start = cursor;
    let sample = amount::read(&mut cursor, state)?;
    finish(cursor)?;
    let mark = sample.mark.ok_or_else(|| {
        start.unexpected(
            "a sample amount with a decimal mark, `1,000.00 EUR`, or `1000. EUR` where there are no decimals",
        )
    })?;
    Ok((sample.amount.commodity, Style { mark, places: sample.amount.quantity.places() }))
}

fn read_decimal_mark(mut cursor: Cursor<'_>, state: &mut State) -> Result<(), Fault> {
    let mark =
        cursor.peek().and_then(Mark::from_char).ok_or_else(|| cursor.unexpected("a decimal mark, `.` or `,`"))?;
    cursor.next();
    finish(cursor)?;
    state.styles.set_file_mark(mark);
    Ok(())
}

fn apply_account(mut cursor: Cursor<'_>, state: &mut State) -> Result<(), Fault> {
    cursor.skip_spaces();
    let name = cursor.single_spaced();
    let start = cursor;
    cursor.skip_spaces();
    if name.is_empty() || !cursor.at_end() {
        return Err(start.unexpected("`apply account NAME` and nothing behind it"));
    }
    if state.renaming.applied.len() >= APPLIED_ACCOUNTS_MAX {
        let message = format!("more than {APPLIED_ACCOUNTS_MAX} `apply account` blocks are open: end some");
        return Err(Fault::new(cursor.place(), Code::LimitExceeded, message));
    }
    state.renaming.applied.push(name);
    Ok(())
}

fn read_end(start: Cursor<'_>, mut cursor: Cursor<'_>, state: &mut State) -> Result<(), Fault> {
    if cursor.eat("aliases") {
        state.renaming.end_aliases();
        finish(cursor)
    } else if cursor.eat("apply account") {
        match state.renaming.applied.pop() {
            Some(_) => finish(cursor),
            None => Err(start.unexpected("`apply account` above this line: no such block is open")),
        }
    } else if cursor.eat("tag") {
        Ok(())
    } else {
        Err(start
            .fault(Code::UnknownDirective, "`end aliases`, `end apply account`, or `comment` above an `end comment`"))
    }
}
