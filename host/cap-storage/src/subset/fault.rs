// SPDX-License-Identifier: MIT OR Apache-2.0
//! What is wrong with a statement and where, before it is told to anybody.

use crate::SqlError;
use crate::limits::QUOTED_CHARACTERS_MAX;
use sqlparser::ast::{Ident, Spanned};
use sqlparser::tokenizer::Location;
use std::fmt::Display;

/// The result of checking a part of a statement.
pub(crate) type Checked<T = ()> = Result<T, Fault>;

/// A fault of a statement. Boxed, because results of this type are on every path of the rewriter.
#[derive(Debug)]
pub(crate) struct Fault(Box<Details>);

#[derive(Debug)]
struct Details {
    syntax: bool,
    message: String,
    location: Option<Location>,
}

impl Fault {
    /// The text is no SQL.
    pub(crate) fn syntax(message: impl Into<String>, location: Location) -> Self {
        Self(Box::new(Details { syntax: true, message: message.into(), location: known(location) }))
    }

    /// The text is SQL outside the subset. The place is not known.
    pub(crate) fn refused(message: impl Into<String>) -> Self {
        Self(Box::new(Details { syntax: false, message: message.into(), location: None }))
    }

    /// Adds the place, where none is known yet.
    pub(crate) fn at(mut self, node: &impl Spanned) -> Self {
        if self.0.location.is_none() {
            self.0.location = known(node.span().start);
        }
        self
    }

    /// Adds the place of a name, where none is known yet.
    pub(crate) fn at_name(mut self, name: &Ident) -> Self {
        if self.0.location.is_none() {
            self.0.location = known(name.span.start);
        }
        self
    }

    /// What is wrong.
    pub(crate) fn message(&self) -> &str {
        &self.0.message
    }

    /// Where, by line and column from 1.
    pub(crate) fn location(&self) -> Option<Location> {
        self.0.location
    }

    /// The error for the component; `text` is the statement that locations count in.
    pub(crate) fn into_error(self, text: &str) -> SqlError {
        let Details { syntax, message, location } = *self.0;
        let position = location.and_then(|location| byte_offset(text, location));
        if syntax { SqlError::Syntax { message, position } } else { SqlError::Refused { message, position } }
    }
}

fn known(location: Location) -> Option<Location> {
    (location.line > 0 && location.column > 0).then_some(location)
}

/// Where a location, counted in lines and characters from 1, lies in the text.
fn byte_offset(text: &str, location: Location) -> Option<u32> {
    let mut line_start = 0_usize;
    for _ in 1..location.line {
        let rest = text.get(line_start..)?;
        line_start = line_start.checked_add(rest.find('\n')?)?.checked_add(1)?;
    }
    let rest = text.get(line_start..)?;
    let column = usize::try_from(location.column.saturating_sub(1)).ok()?;
    let within = rest.char_indices().nth(column).map_or(rest.len(), |(offset, _)| offset);
    u32::try_from(line_start.checked_add(within)?).ok()
}

/// The component's own text for a message: cut to a bounded length, on one line.
pub(crate) fn quoted(text: impl Display) -> String {
    let text = text.to_string();
    let mut short: String =
        text.chars().take(QUOTED_CHARACTERS_MAX).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_location_becomes_an_offset_in_bytes() {
        let text = "SELECT 'ü',\n  ä\nFROM t";
        for (line, column, offset) in [
            (1, 1, Some(0)),
            (1, 9, Some(8)),
            (1, 10, Some(10)),
            (2, 3, Some(15)),
            (3, 6, Some(23)),
            (3, 99, Some(24)),
            (4, 1, None),
        ] {
            assert_eq!(byte_offset(text, Location::new(line, column)), offset, "{line}:{column}");
        }
    }

    #[test]
    fn what_is_quoted_is_short_and_on_one_line() {
        assert_eq!(quoted("a\nb"), "a b");
        assert_eq!(quoted("x".repeat(500)).chars().count(), QUOTED_CHARACTERS_MAX + 1);
    }
}
