// SPDX-License-Identifier: MIT OR Apache-2.0
//! Amounts of a journal: sign, commodity left or right of the number, costs, lots, balance assertions.

use super::cursor::{Cursor, is_space};
use super::decimal::Decimal;
use super::fault::{Code, Fault};
use super::journal::{Amount, Assertion, Cost};
use super::number::{self, Mark};
use super::parser::State;

/// An amount and what may follow it.
#[derive(Debug)]
pub(super) struct Priced {
    pub(super) amount: Amount,
    pub(super) mark: Option<Mark>,
    pub(super) cost: Option<Cost>,
}

/// Whether a character can stand in a commodity's symbol without quotes.
fn is_symbol(c: char) -> bool {
    !(c.is_ascii_digit() || is_space(c) || c.is_control() || "-+.@*;\"{}=".contains(c))
}

/// Whether an amount can begin here.
pub(super) fn can_begin(cursor: &Cursor<'_>) -> bool {
    cursor.peek().is_some_and(|c| c.is_ascii_digit() || is_symbol(c) || "-+.,\"".contains(c))
}

/// Reads a sign and the spaces behind it: -1 or 1.
fn read_sign(cursor: &mut Cursor<'_>) -> i128 {
    let negative = cursor.eat("-");
    if negative || cursor.eat("+") {
        cursor.skip_spaces();
    }
    if negative { -1 } else { 1 }
}

/// Reads a commodity's symbol, with or without quotes, if there is one.
pub(super) fn read_symbol<'a>(cursor: &mut Cursor<'a>) -> Option<&'a str> {
    let mut ahead = *cursor;
    let symbol = if ahead.eat("\"") {
        let symbol = ahead.take_while(|c| c != '"' && c != ';' && !c.is_control());
        if !ahead.eat("\"") {
            return None;
        }
        symbol
    } else {
        ahead.take_while(is_symbol)
    };
    if symbol.is_empty() {
        return None;
    }
    *cursor = ahead;
    Some(symbol)
}

/// Reads an amount without cost: `$-1`, `1.000,00 EUR`, `3 "green apples"`, `5`.
fn read_plain(cursor: &mut Cursor<'_>, state: &mut State) -> Result<(Amount, Option<Mark>), Fault> {
    const EXPECTED: &str = "an amount such as `12.34 EUR` or `$12.34`";
    if !can_begin(cursor) {
        return Err(cursor.unexpected(EXPECTED));
    }
    let mut sign = read_sign(cursor);
    let (commodity, number) = if let Some(symbol) = read_symbol(cursor) {
        let commodity = state.pool.commodity(symbol);
        cursor.skip_spaces();
        sign *= read_sign(cursor);
        let number = number::read(cursor, state.styles.mark(&commodity))?;
        (commodity, number)
    } else {
        if cursor.peek() == Some('"') {
            return Err(cursor.unexpected("a commodity between quotes, `\"green apples\"`, without `;`"));
        }
        read_right(cursor, state)?
    };
    let quantity = if sign < 0 { number.value.checked_neg() } else { Ok(number.value) };
    let quantity = quantity.map_err(|error| cursor.fault(Code::Number, &error.to_string()))?;
    Ok((Amount { quantity, commodity }, number.mark))
}

/// Reads a number and the symbol to its right. The symbol can decide what the number's mark is: it is read first.
fn read_right(cursor: &mut Cursor<'_>, state: &mut State) -> Result<(super::names::Commodity, number::Number), Fault> {
    let start = *cursor;
    let probe = number::read(cursor, None)?;
    let mut ahead = *cursor;
    ahead.skip_spaces();
    if let Some(symbol) = read_symbol(&mut ahead) {
        let commodity = state.pool.commodity(symbol);
        let number = reread(start, probe, state.styles.mark(&commodity))?;
        *cursor = ahead;
        return Ok((commodity, number));
    }
    let number = reread(start, probe, state.styles.mark_without_symbol())?;
    let commodity = match state.styles.default_commodity() {
        Some(commodity) => commodity.clone(),
        None => state.pool.commodity(""),
    };
    Ok((commodity, number))
}

/// Reads the number again where a declared mark may change its value; where it ends does not depend on the mark.
fn reread(mut start: Cursor<'_>, probe: number::Number, declared: Option<Mark>) -> Result<number::Number, Fault> {
    if declared.is_none() { Ok(probe) } else { number::read(&mut start, declared) }
}

/// Reads an amount with its cost, lot price and lot date, in any order. Lots are read and left out, as hledger does.
pub(super) fn read(cursor: &mut Cursor<'_>, state: &mut State) -> Result<Priced, Fault> {
    let (amount, mark) = read_plain(cursor, state)?;
    let mut priced = Priced { amount, mark, cost: None };
    let (mut lot_price, mut lot_date) = (false, false);
    loop {
        cursor.skip_spaces();
        let rest = cursor.rest();
        if (rest.starts_with('@') || rest.starts_with("(@")) && priced.cost.is_none() {
            priced.cost = Some(read_cost(cursor, state, priced.amount.quantity)?);
        } else if rest.starts_with('{') && !lot_price {
            lot_price = true;
            let message = "a lot price (`{...}`) was left out: only a cost (`@`) counts";
            state.journal.warnings.add("lot-price", cursor.place().line, message);
            skip_lot_price(cursor, state)?;
        } else if rest.starts_with('[') && !lot_date {
            lot_date = true;
            skip_lot_date(cursor, state)?;
        } else {
            return Ok(priced);
        }
    }
}

/// Reads `@ 2 EUR`, `@@ 20 EUR`, and both with the signs in parentheses.
fn read_cost(cursor: &mut Cursor<'_>, state: &mut State, base: Decimal) -> Result<Cost, Fault> {
    let parenthesised = cursor.eat("(");
    cursor.eat("@");
    let total = cursor.eat("@");
    if parenthesised && !cursor.eat(")") {
        return Err(cursor.unexpected("`)` behind the cost sign"));
    }
    cursor.skip_spaces();
    let place = *cursor;
    let (mut amount, _) = read_plain(cursor, state)?;
    if total && base.signum() < 0 {
        amount.quantity =
            amount.quantity.checked_neg().map_err(|error| place.fault(Code::Number, &error.to_string()))?;
    }
    Ok(if total { Cost::Total(amount) } else { Cost::Unit(amount) })
}

/// Takes `{2 EUR}`, `{{20 EUR}}`, and both with `=` inside.
fn skip_lot_price(cursor: &mut Cursor<'_>, state: &mut State) -> Result<(), Fault> {
    cursor.eat("{");
    let double = cursor.eat("{");
    cursor.skip_spaces();
    cursor.eat("=");
    cursor.skip_spaces();
    read_plain(cursor, state)?;
    cursor.skip_spaces();
    if cursor.eat(if double { "}}" } else { "}" }) {
        Ok(())
    } else {
        Err(cursor.unexpected("the end of the lot price, `}`, or `}}` where it began with two"))
    }
}

/// Takes `[2024-01-31]`.
fn skip_lot_date(cursor: &mut Cursor<'_>, state: &State) -> Result<(), Fault> {
    cursor.eat("[");
    cursor.skip_spaces();
    super::dates::read(cursor, state.default_year)?;
    cursor.skip_spaces();
    if cursor.eat("]") { Ok(()) } else { Err(cursor.unexpected("`]` behind the lot date")) }
}

/// Reads a balance assertion or assignment, if there is one: `=`, `==`, `=*` or `==*` and an amount.
pub(super) fn read_assertion(cursor: &mut Cursor<'_>, state: &mut State) -> Result<Option<Assertion>, Fault> {
    let place = cursor.place();
    if !cursor.eat("=") {
        return Ok(None);
    }
    let total = cursor.eat("=");
    let inclusive = cursor.eat("*");
    cursor.skip_spaces();
    let priced = read(cursor, state)?;
    Ok(Some(Assertion { place, amount: priced.amount, cost: priced.cost, total, inclusive }))
}
