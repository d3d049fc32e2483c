// SPDX-License-Identifier: MIT OR Apache-2.0
//! From text to the syntax tree of sqlparser, with a bound on everything that could make parsing expensive.

use super::fault::{Checked, Fault, quoted};
use crate::dialect::Grammar;
use crate::limits::{NESTING_DEPTH_MAX, STATEMENT_BYTES_MAX, STATEMENT_TOKENS_MAX};
use sqlparser::ast::Statement;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::{Location, Token, TokenWithSpan, Tokenizer};

/// Characters of a message of the parser. It may quote the component's text at any length.
const MESSAGE_CHARACTERS_MAX: usize = 200;

/// Parses exactly one statement; a semicolon may end it.
pub(super) fn one(sql: &str) -> Checked<Statement> {
    if sql.len() > STATEMENT_BYTES_MAX {
        let length = sql.len();
        return Err(Fault::refused(format!("the statement has {length} bytes, {STATEMENT_BYTES_MAX} are the most")));
    }
    let mut statements = split(tokens(sql)?).into_iter();
    let Some(first) = statements.next() else {
        return Err(Fault::refused("there is no statement in the text"));
    };
    if let Some(second) = statements.next() {
        let fault = "one call runs one statement: call again for what follows the semicolon";
        return Err(Fault::refused(fault).at(&Place(&second)));
    }
    statement(first)
}

/// The tokens of a text without comments. No token may hold U+0000: SQLite ends a statement there.
pub(crate) fn tokens(sql: &str) -> Checked<Vec<TokenWithSpan>> {
    if sql.contains('\0') {
        return Err(Fault::refused("U+0000 is in the text: pass bytes as a parameter"));
    }
    let all = Tokenizer::new(&Grammar, sql).tokenize_with_location();
    let mut tokens = all.map_err(|error| Fault::syntax(in_house_style(&error.message), error.location))?;
    tokens.retain(|token| !matches!(token.token, Token::Whitespace(_)));
    Ok(tokens)
}

/// Divides tokens at semicolons, and leaves out what is empty. No statement of the subset holds one inside.
pub(crate) fn split(tokens: Vec<TokenWithSpan>) -> Vec<Vec<TokenWithSpan>> {
    let mut statements = Vec::new();
    let mut current = Vec::new();
    for token in tokens {
        match token.token {
            Token::SemiColon if current.is_empty() => {}
            Token::SemiColon => statements.push(std::mem::take(&mut current)),
            _ => current.push(token),
        }
    }
    if !current.is_empty() {
        statements.push(current);
    }
    statements
}

/// Parses the tokens of one statement.
pub(crate) fn statement(tokens: Vec<TokenWithSpan>) -> Checked<Statement> {
    let count = tokens.len();
    if count > STATEMENT_TOKENS_MAX {
        return Err(Fault::refused(format!("the statement has {count} tokens, {STATEMENT_TOKENS_MAX} are the most")));
    }
    let mut parser = Parser::new(&Grammar).with_tokens_with_locations(tokens).with_recursion_limit(NESTING_DEPTH_MAX);
    let statement = parser.parse_statement().map_err(parser_fault)?;
    let next = parser.peek_token();
    if next.token == Token::EOF {
        return Ok(statement);
    }
    Err(Fault::syntax(format!("`{}` was not expected here", quoted(&next.token)), next.span.start))
}

fn parser_fault(error: ParserError) -> Fault {
    match error {
        ParserError::RecursionLimitExceeded => {
            Fault::refused(format!("the statement nests deeper than {NESTING_DEPTH_MAX} levels: name parts in a WITH"))
        }
        ParserError::ParserError(text) | ParserError::TokenizerError(text) => {
            let (message, location) = divide(&text);
            Fault::syntax(in_house_style(message), location)
        }
    }
}

/// A message of sqlparser as ours are: short, lower case, no full stop, no names of its types.
fn in_house_style(message: &str) -> String {
    if message.starts_with("No infix parser") {
        return "what stands here was not expected behind an expression".to_owned();
    }
    let mut characters = message.trim_end_matches('.').chars();
    let first = characters.next().map(|c| c.to_ascii_lowercase());
    let rest = characters.map(|c| if c.is_control() { ' ' } else { c });
    first.into_iter().chain(rest).take(MESSAGE_CHARACTERS_MAX).collect()
}

/// sqlparser writes the place behind the message: ` at Line: 1, Column: 8`.
fn divide(text: &str) -> (&str, Location) {
    let parts = || {
        let (message, place) = text.rsplit_once(" at Line: ")?;
        let (line, column) = place.split_once(", Column: ")?;
        Some((message, Location::new(line.parse().ok()?, column.parse().ok()?)))
    };
    parts().unwrap_or((text, Location::empty()))
}

struct Place<'a>(&'a [TokenWithSpan]);

impl sqlparser::ast::Spanned for Place<'_> {
    fn span(&self) -> sqlparser::tokenizer::Span {
        self.0.first().map_or_else(sqlparser::tokenizer::Span::empty, |token| token.span)
    }
}
