// SPDX-License-Identifier: MIT OR Apache-2.0
//! Reads a JSON text without recursion.

use super::{Entry, Error, Token};
use crate::limits::{JSON_DEPTH_MAX, JSON_VALUES_MAX};
use crate::name;
use std::borrow::Cow;

pub(super) fn read(text: &[u8]) -> Result<Vec<Entry<'_>>, Error> {
    let text = std::str::from_utf8(text).map_err(|error| Error::Utf8 { offset: error.valid_up_to() })?;
    let mut reader = Reader { text, bytes: text.as_bytes(), at: 0, entries: Vec::new(), open: Vec::new(), values: 0 };
    // A value and its name take about eight bytes; a guess too low only costs another allocation.
    reader.entries.reserve((text.len() / 8).min(JSON_VALUES_MAX));
    reader.document()?;
    Ok(reader.entries)
}

struct Reader<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    entries: Vec<Entry<'a>>,
    /// The containers that surround the place, as indices of their entries.
    open: Vec<usize>,
    values: usize,
}

impl<'a> Reader<'a> {
    fn document(&mut self) -> Result<(), Error> {
        loop {
            if self.value()? {
                continue;
            }
            loop {
                self.space();
                let Some(container) = self.open.last().copied() else {
                    return if self.peek().is_none() { Ok(()) } else { Err(self.error("the end of the text")) };
                };
                let is_object = self.count(container);
                match (self.peek(), is_object) {
                    (Some(b','), true) => {
                        self.at += 1;
                        self.space();
                        self.key()?;
                        break;
                    }
                    (Some(b','), false) => {
                        self.at += 1;
                        break;
                    }
                    (Some(b'}'), true) | (Some(b']'), false) => {
                        self.at += 1;
                        self.open.pop();
                        self.finish(container);
                    }
                    (_, true) => return Err(self.error("`,` or `}`")),
                    (_, false) => return Err(self.error("`,` or `]`")),
                }
            }
        }
    }

    /// Reads a value, or the beginning of a container that is not empty: then true, and a value must follow.
    fn value(&mut self) -> Result<bool, Error> {
        self.space();
        self.values += 1;
        if self.values > JSON_VALUES_MAX {
            return Err(Error::TooManyValues { values_max: JSON_VALUES_MAX });
        }
        let token = match self.peek() {
            Some(b'"') => Token::Text(self.string()?),
            Some(b'-' | b'0'..=b'9') => Token::Number(self.number()?),
            Some(b'{') => return self.container(Token::Object(0), b'}'),
            Some(b'[') => return self.container(Token::Array(0), b']'),
            Some(b't') => self.word("true", Token::Bool(true))?,
            Some(b'f') => self.word("false", Token::Bool(false))?,
            Some(b'n') => self.word("null", Token::Null)?,
            _ => return Err(self.error("a JSON value")),
        };
        self.push(token);
        Ok(false)
    }

    fn container(&mut self, token: Token<'a>, close: u8) -> Result<bool, Error> {
        if self.open.len() == JSON_DEPTH_MAX {
            return Err(Error::TooDeep { offset: self.at, depth_max: JSON_DEPTH_MAX });
        }
        self.at += 1;
        let index = self.entries.len();
        self.push(token);
        self.space();
        if self.peek() == Some(close) {
            self.at += 1;
            return Ok(false);
        }
        self.open.push(index);
        if close == b'}' {
            self.key()?;
        }
        Ok(true)
    }

    fn key(&mut self) -> Result<(), Error> {
        if self.peek() != Some(b'"') {
            return Err(self.error("a name in double quotes"));
        }
        let key = self.string()?;
        self.push(Token::Text(key));
        self.space();
        if self.peek() != Some(b':') {
            return Err(self.error("`:`"));
        }
        self.at += 1;
        Ok(())
    }

    fn push(&mut self, token: Token<'a>) {
        let end = self.entries.len() + 1;
        self.entries.push(Entry { token, end });
    }

    /// Counts a value that is complete towards its container; says whether that is an object.
    fn count(&mut self, container: usize) -> bool {
        match self.entries.get_mut(container).map(|entry| &mut entry.token) {
            Some(Token::Object(count)) => {
                *count += 1;
                true
            }
            Some(Token::Array(count)) => {
                *count += 1;
                false
            }
            _ => false,
        }
    }

    fn finish(&mut self, container: usize) {
        let end = self.entries.len();
        if let Some(entry) = self.entries.get_mut(container) {
            entry.end = end;
        }
    }

    fn word(&mut self, word: &'static str, token: Token<'a>) -> Result<Token<'a>, Error> {
        if !self.rest().starts_with(word.as_bytes()) {
            return Err(self.error("a JSON value"));
        }
        self.at += word.len();
        Ok(token)
    }

    fn number(&mut self) -> Result<&'a str, Error> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        if self.peek() == Some(b'0') {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.peek() {
            self.at += 1;
            if let Some(b'+' | b'-') = self.peek() {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(self.text.get(start..self.at).unwrap_or_default())
    }

    fn digits(&mut self) -> Result<(), Error> {
        if !matches!(self.peek(), Some(b'0'..=b'9')) {
            return Err(self.error("a digit"));
        }
        while let Some(b'0'..=b'9') = self.peek() {
            self.at += 1;
        }
        Ok(())
    }

    fn string(&mut self) -> Result<Cow<'a, str>, Error> {
        self.at += 1;
        let start = self.plain();
        if self.peek() == Some(b'"') {
            self.at += 1;
            return Ok(Cow::Borrowed(start));
        }
        let mut text = start.to_owned();
        loop {
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(Cow::Owned(text));
                }
                Some(b'\\') => {
                    self.at += 1;
                    text.push(self.escape()?);
                }
                Some(_) => return Err(self.error("a control character to be escaped, `\\n` or `\\u000a`")),
                None => return Err(self.error("`\"` at the end of a string")),
            }
            text.push_str(self.plain());
        }
    }

    /// The characters up to a quote, an escape or a control character.
    fn plain(&mut self) -> &'a str {
        let start = self.at;
        let length = self.rest().iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..=0x1f));
        self.at = length.map_or(self.bytes.len(), |length| start + length);
        self.text.get(start..self.at).unwrap_or_default()
    }

    fn escape(&mut self) -> Result<char, Error> {
        let character = match self.peek() {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => {
                self.at += 1;
                return self.unicode();
            }
            _ => return Err(self.error("an escape: one of `\"\\/bfnrtu`")),
        };
        self.at += 1;
        Ok(character)
    }

    /// `XXXX`, or `XXXX\uXXXX` for a character outside the basic plane.
    fn unicode(&mut self) -> Result<char, Error> {
        let start = self.at;
        let high = self.hexadecimal()?;
        let code = if (0xd800..0xdc00).contains(&high) && self.rest().starts_with(b"\\u") {
            self.at += 2;
            let low = self.hexadecimal()?;
            if (0xdc00..0xe000).contains(&low) { 0x1_0000 + ((high - 0xd800) << 10) + (low - 0xdc00) } else { high }
        } else {
            high
        };
        char::from_u32(code).ok_or_else(|| {
            self.at = start;
            self.error("a pair of surrogates: one alone is no character")
        })
    }

    fn hexadecimal(&mut self) -> Result<u32, Error> {
        let digits = self.rest().get(..4).filter(|digits| digits.iter().all(u8::is_ascii_hexdigit));
        let code = digits.and_then(|digits| u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok());
        let code = code.ok_or_else(|| self.error("four hexadecimal digits"))?;
        self.at += 4;
        Ok(code)
    }

    fn space(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    fn error(&self, expected: &'static str) -> Error {
        let before = self.text.get(..self.at).unwrap_or_default();
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let found = self.text.get(self.at..).and_then(|rest| rest.chars().next());
        Error::Syntax {
            offset: self.at,
            line: 1 + before.bytes().filter(|byte| *byte == b'\n').count(),
            column: 1 + before.get(line_start..).unwrap_or_default().chars().count(),
            expected,
            found: match found {
                None => "the end of the text".to_owned(),
                Some('\u{feff}') => "a byte order mark".to_owned(),
                Some(character) => name::quote(character.encode_utf8(&mut [0; 4])),
            },
        }
    }
}
