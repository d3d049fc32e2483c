// SPDX-License-Identifier: MIT OR Apache-2.0
//! Licence expressions, SPDX specification 2.3, annex D. The syntax is checked; whether an identifier is on SPDX's list is
//! not, since the list grows.

use super::{at_most, shown_as_written};
use crate::read::Word;
use kernel_types::text::quote;
use serde_json::{Value, json};
use std::borrow::Cow;

/// How long an expression may be, in characters. The longest in wide use join four licences.
const CHARACTERS_MAX: usize = 200;

/// How deep parentheses nest: the parser descends into each.
const DEPTH_MAX: usize = 8;

/// An SPDX licence expression, `MIT OR Apache-2.0`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Licence {
    text: String,
}

shown_as_written!(Licence);

impl Word for Licence {
    fn expected() -> Cow<'static, str> {
        "an SPDX licence expression, such as `MIT OR Apache-2.0`".into()
    }

    fn keywords() -> Value {
        json!({ "type": "string", "pattern": "^[A-Za-z0-9.+:() -]+$", "maxLength": CHARACTERS_MAX })
    }

    fn parse(text: &str) -> Result<Self, Option<String>> {
        at_most(CHARACTERS_MAX, text)?;
        if let Some(wrong) = text.chars().find(|c| !c.is_ascii_alphanumeric() && !".+:() -".contains(*c)) {
            return Err(Some(format!("no licence identifier holds {}", quote(wrong.encode_utf8(&mut [0; 4])))));
        }
        let spaced = text.replace('(', " ( ").replace(')', " ) ");
        let mut tokens = spaced.split_ascii_whitespace().peekable();
        expression(&mut tokens, 0)?;
        match tokens.next() {
            None => Ok(Self { text: text.trim().to_owned() }),
            Some(token) => Err(Some(unexpected(token))),
        }
    }
}

type Tokens<'t> = std::iter::Peekable<std::str::SplitAsciiWhitespace<'t>>;

fn unexpected(token: &str) -> String {
    match token {
        "or" | "and" | "with" => format!("write `{}` in capitals", token.to_uppercase()),
        "Or" | "And" | "With" => format!("write `{}` in capitals", token.to_uppercase()),
        ")" => "a `)` without its `(`".to_owned(),
        _ => format!("{} does not belong there; join licences with `AND` or `OR`", quote(token)),
    }
}

/// Terms joined by `AND` and `OR`. Which binds closer does not matter here.
fn expression(tokens: &mut Tokens<'_>, depth: usize) -> Result<(), Option<String>> {
    if depth > DEPTH_MAX {
        return Err(Some(format!("parentheses nest deeper than {DEPTH_MAX}")));
    }
    loop {
        term(tokens, depth)?;
        if tokens.next_if(|token| matches!(*token, "AND" | "OR")).is_none() {
            return Ok(());
        }
    }
}

/// A licence, with an exception where there is one, or an expression in parentheses.
fn term(tokens: &mut Tokens<'_>, depth: usize) -> Result<(), Option<String>> {
    match tokens.next() {
        None => Err(Some("it ends where a licence should stand".to_owned())),
        Some("(") => {
            expression(tokens, depth.saturating_add(1))?;
            match tokens.next() {
                Some(")") => Ok(()),
                Some(token) => Err(Some(unexpected(token))),
                None => Err(Some("a `(` without its `)`".to_owned())),
            }
        }
        Some(licence) => {
            let id = licence.strip_suffix('+').unwrap_or(licence);
            if !is_id(id) || is_operator(id) {
                return Err(Some(format!("{} is no licence identifier", quote(licence))));
            }
            match tokens.next_if_eq(&"WITH").map(|_| tokens.next()) {
                None => Ok(()),
                Some(Some(exception)) if is_id(exception) && !is_operator(exception) => Ok(()),
                Some(_) => Err(Some("an exception should stand behind `WITH`".to_owned())),
            }
        }
    }
}

fn is_operator(token: &str) -> bool {
    matches!(token.to_ascii_uppercase().as_str(), "AND" | "OR" | "WITH")
}

/// `idstring`, or a reference `LicenseRef-..`, `DocumentRef-..:LicenseRef-..`.
fn is_id(text: &str) -> bool {
    let idstring =
        |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.');
    match text.split_once(':') {
        None => idstring(text),
        Some((document, licence)) => {
            document.strip_prefix("DocumentRef-").is_some_and(idstring)
                && licence.strip_prefix("LicenseRef-").is_some_and(idstring)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};

    #[test]
    fn expressions_are_accepted() {
        for right in [
            "MIT",
            "MIT OR Apache-2.0",
            "GPL-2.0+",
            "GPL-2.0-only WITH Classpath-exception-2.0",
            "(MIT AND BSD-3-Clause) OR Apache-2.0",
            "((MIT))",
            "LicenseRef-house",
            "DocumentRef-spdx-tool-1.2:LicenseRef-MIT-Style-2",
        ] {
            assert!(Licence::parse(right).is_ok(), "{right}");
        }
    }

    #[track_caller]
    fn check(text: &str, fault: Expect) {
        fault.assert_eq(&Licence::parse(text).unwrap_err().unwrap());
    }

    #[test]
    fn faults_say_what_to_write() {
        check("", expect!["it ends where a licence should stand"]);
        check("MIT OR", expect!["it ends where a licence should stand"]);
        check("MIT or Apache-2.0", expect!["write `OR` in capitals"]);
        check("MIT/Apache-2.0", expect!["no licence identifier holds `/`"]);
        check("MIT Apache-2.0", expect!["`Apache-2.0` does not belong there; join licences with `AND` or `OR`"]);
        check("(MIT", expect!["a `(` without its `)`"]);
        check("MIT)", expect!["a `)` without its `(`"]);
        check("MIT\nOR Apache-2.0", expect![r"no licence identifier holds `\n`"]);
        check("OR", expect!["`OR` is no licence identifier"]);
        check("GPL-2.0 WITH", expect!["an exception should stand behind `WITH`"]);
        check("a:b", expect!["`a:b` is no licence identifier"]);
        check(&"(".repeat(100), expect!["parentheses nest deeper than 8"]);
        check(&"M".repeat(201), expect!["longer than 200 characters"]);
    }
}
