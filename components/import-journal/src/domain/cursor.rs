// SPDX-License-Identifier: MIT OR Apache-2.0
//! A place in one line of the text, from which the readers of dates, amounts and names take characters. It knows no rule of
//! the format but what a space is.

use super::fault::{Code, Fault, Place, quote};

/// Whether hledger takes the character for a space within a line: the ASCII ones and Unicode's category Zs.
pub(super) fn is_space(c: char) -> bool {
    matches!(
        c,
        ' ' | '\t' | '\r' | '\u{b}' | '\u{c}' | '\u{a0}' | '\u{1680}' | '\u{2000}'
            ..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}'
    )
}

/// A position in a line.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cursor<'a> {
    line: u32,
    text: &'a str,
    rest: &'a str,
}

impl<'a> Cursor<'a> {
    /// The start of a line, given without its end.
    pub(super) fn new(line: u32, text: &'a str) -> Self {
        Self { line, text, rest: text }
    }

    /// Where it stands.
    pub(super) fn place(&self) -> Place {
        let taken = self.text.len().saturating_sub(self.rest.len());
        let characters = self.text.get(..taken).map_or(0, |before| before.chars().count());
        Place { line: self.line, column: u32::try_from(characters).unwrap_or(u32::MAX).saturating_add(1) }
    }

    /// What is left of the line.
    pub(super) fn rest(&self) -> &'a str {
        self.rest
    }

    /// The next character.
    pub(super) fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    /// Whether nothing is left.
    pub(super) fn at_end(&self) -> bool {
        self.rest.is_empty()
    }

    /// Takes the next character.
    pub(super) fn next(&mut self) -> Option<char> {
        let mut characters = self.rest.chars();
        let c = characters.next();
        self.rest = characters.as_str();
        c
    }

    /// Takes a text, if it is what follows.
    pub(super) fn eat(&mut self, expected: &str) -> bool {
        match self.rest.strip_prefix(expected) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    /// Takes characters as long as they fulfil a condition.
    pub(super) fn take_while(&mut self, condition: impl Fn(char) -> bool) -> &'a str {
        let end = self.rest.find(|c| !condition(c)).unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at_checked(end).unwrap_or((self.rest, ""));
        self.rest = rest;
        taken
    }

    /// Takes decimal digits.
    pub(super) fn digits(&mut self) -> &'a str {
        self.take_while(|c| c.is_ascii_digit())
    }

    /// Takes spaces, and says whether there were any.
    pub(super) fn skip_spaces(&mut self) -> bool {
        !self.take_while(is_space).is_empty()
    }

    /// Takes text up to the end of the line or two spaces in a row; single spaces within become `' '`.
    pub(super) fn single_spaced(&mut self) -> String {
        let mut text = self.take_while(|c| !is_space(c)).to_owned();
        loop {
            let mut ahead = *self;
            let space = ahead.next();
            if !space.is_some_and(is_space) {
                return text;
            }
            let part = ahead.take_while(|c| !is_space(c));
            if part.is_empty() {
                return text;
            }
            text.push(' ');
            text.push_str(part);
            *self = ahead;
        }
    }

    /// The fault that what follows is not `expected`.
    pub(super) fn unexpected(&self, expected: &str) -> Fault {
        self.fault(Code::Syntax, expected)
    }

    /// The fault of a class that what follows is not `expected`.
    pub(super) fn fault(&self, code: Code, expected: &str) -> Fault {
        let found = self.rest.trim_end_matches(is_space);
        let found = if found.is_empty() { "the end of the line".to_owned() } else { quote(found) };
        Fault::new(self.place(), code, format!("found {found}, expected {expected}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_end_at_two_spaces() {
        for (line, name, rest) in [
            ("a b  1", "a b", "  1"),
            ("a\tb", "a b", ""),
            ("a \tb", "a", " \tb"),
            ("a ", "a", " "),
            ("a", "a", ""),
            ("a ;b", "a ;b", ""),
        ] {
            let mut cursor = Cursor::new(1, line);
            assert_eq!((cursor.single_spaced().as_str(), cursor.rest()), (name, rest), "{line:?}");
        }
    }

    #[test]
    fn columns_count_characters() {
        let mut cursor = Cursor::new(7, "€€ x");
        cursor.take_while(|c| c != 'x');
        assert_eq!(cursor.place(), Place { line: 7, column: 4 });
    }
}
