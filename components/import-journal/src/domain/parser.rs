// SPDX-License-Identifier: MIT OR Apache-2.0
//! Reads a text into a [`Journal`]: line by line, every fault noted, the reader going on behind it. It computes nothing.

use super::alias::Renaming;
use super::cursor::{Cursor, is_space};
use super::fault::{Code, Fault, Faults, Place};
use super::journal::Journal;
use super::limits::{ACCOUNTS_MAX, COMMODITIES_MAX, LINE_BYTES_MAX, TEXT_BYTES_MAX, TRANSACTIONS_MAX};
use super::names::{Account, Pool};
use super::style::Styles;
use super::{directive, transaction};
use std::iter::{Enumerate, Peekable};
use std::str::Split;

/// What a reader knows at a place of the text.
#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) pool: Pool,
    pub(super) styles: Styles,
    pub(super) default_year: Option<u16>,
    pub(super) renaming: Renaming,
    pub(super) journal: Journal,
    pub(super) faults: Faults,
}

impl State {
    /// The account that a written name stands for, where the text gives it.
    pub(super) fn account(&mut self, written: &str, place: Place) -> Result<Account, Fault> {
        let name = self.renaming.resolve(written);
        let account = name.and_then(|name| Account::new(&name));
        let account = account.map_err(|message| Fault::new(place, Code::AccountName, message))?;
        Ok(self.pool.account(account))
    }
}

/// The lines of a text, without their ends.
pub(super) struct Lines<'a> {
    lines: Peekable<Enumerate<Split<'a, char>>>,
}

impl<'a> Lines<'a> {
    fn new(text: &'a str) -> Self {
        Self { lines: text.split('\n').enumerate().peekable() }
    }

    fn next(&mut self) -> Option<(u32, &'a str)> {
        let (index, line) = self.lines.next()?;
        let number = u32::try_from(index).unwrap_or(u32::MAX).saturating_add(1);
        Some((number, line.strip_suffix('\r').unwrap_or(line)))
    }

    /// The next line, if it is indented and not blank: a part of what began above it.
    pub(super) fn next_indented(&mut self) -> Option<(u32, &'a str)> {
        let (_, line) = self.lines.peek()?;
        let indented = line.starts_with(is_space) && !line.trim_start_matches(is_space).is_empty();
        if indented { self.next() } else { None }
    }

    /// Leaves out what is indented below the line just read.
    pub(super) fn skip_indented(&mut self) {
        while self.next_indented().is_some() {}
    }
}

/// Reads a text. `default_year` is the year of dates without one, until the text declares another.
///
/// # Errors
/// All faults that could be found, at most [`FAULTS_MAX`](super::limits::FAULTS_MAX). The journal beside them holds what could
/// be read.
pub fn parse(text: &str, default_year: Option<u16>) -> (Journal, Faults) {
    let mut state = State { default_year, ..State::default() };
    if text.len() > TEXT_BYTES_MAX {
        let message = format!("the text has {} bytes, at most {TEXT_BYTES_MAX} are read: split it by year", text.len());
        state.faults.add(Fault::new(Place::line(1), Code::LimitExceeded, message));
        return (state.journal, state.faults);
    }
    let mut lines = Lines::new(text.strip_prefix('\u{feff}').unwrap_or(text));
    while let Some((number, line)) = lines.next() {
        if let Err(fault) = read_item(number, line, &mut lines, &mut state) {
            state.faults.add(fault);
            lines.skip_indented();
        }
        if state.faults.is_full() || over_limits(number, &mut state) {
            break;
        }
    }
    state.journal.display_places = state.styles.into_display_places();
    (state.journal, state.faults)
}

/// Reads what begins on a line: a transaction, a directive, a comment.
fn read_item(number: u32, line: &str, lines: &mut Lines<'_>, state: &mut State) -> Result<(), Fault> {
    check_length(number, line)?;
    let content = line.trim_start_matches(is_space);
    match content.chars().next() {
        None | Some(';' | '#' | '*') => Ok(()),
        Some(_) if content.len() != line.len() => {
            let mut cursor = Cursor::new(number, line);
            cursor.skip_spaces();
            Err(cursor.unexpected(
                "a date or a directive at the start of the line: only postings and comments below one are indented",
            ))
        }
        Some('0'..='9') => transaction::read(number, line, lines, state),
        Some('~') => skip_rule(
            "periodic-rule",
            "a periodic rule (`~`) was skipped: it makes transactions only in forecasts",
            number,
            lines,
            state,
        ),
        Some('=') => skip_rule(
            "auto-posting-rule",
            "an auto posting rule (`=`) was skipped: write its postings out where they are wanted",
            number,
            lines,
            state,
        ),
        Some(_) if content.trim_end_matches(is_space) == "comment" => {
            skip_comment_block(lines);
            Ok(())
        }
        Some(_) => directive::read(number, line, lines, state),
    }
}

/// Refuses a line that is too long.
pub(super) fn check_length(number: u32, line: &str) -> Result<(), Fault> {
    if line.len() <= LINE_BYTES_MAX {
        return Ok(());
    }
    let message = format!("the line has {} bytes, at most {LINE_BYTES_MAX} are read: is this a journal?", line.len());
    Err(Fault::new(Place::line(number), Code::LimitExceeded, message))
}

#[expect(clippy::unnecessary_wraps, reason = "every reader of an item has the same shape")]
fn skip_rule(
    kind: &'static str,
    message: &str,
    number: u32,
    lines: &mut Lines<'_>,
    state: &mut State,
) -> Result<(), Fault> {
    state.journal.warnings.add(kind, number, message);
    lines.skip_indented();
    Ok(())
}

/// Leaves out the lines up to `end comment`, or to the end of the text.
fn skip_comment_block(lines: &mut Lines<'_>) {
    while let Some((_, line)) = lines.next() {
        if line.trim_end_matches(is_space) == "end comment" {
            return;
        }
    }
}

/// Notes a limit that the text read so far exceeds.
fn over_limits(number: u32, state: &mut State) -> bool {
    let (accounts, commodities) = state.pool.counts();
    let exceeded = [
        (state.journal.transactions.len(), TRANSACTIONS_MAX, "transactions"),
        (accounts, ACCOUNTS_MAX, "accounts"),
        (commodities, COMMODITIES_MAX, "commodities"),
    ];
    let Some((_, maximum, what)) = exceeded.into_iter().find(|(count, maximum, _)| count > maximum) else {
        return false;
    };
    let message = format!("the text has more than {maximum} {what}: split it");
    state.faults.add(Fault::new(Place::line(number), Code::LimitExceeded, message));
    true
}
