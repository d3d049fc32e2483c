// SPDX-License-Identifier: MIT OR Apache-2.0
//! From the files of a component to [`Migrations`].

use super::change::Change;
use super::{Migration, Migrations};
use crate::Dialect;
use crate::limits::{MIGRATION_BYTES_MAX, MIGRATION_STATEMENTS_MAX, MIGRATIONS_MAX};
use crate::subset::fault::{Checked, Fault, quoted};
use crate::subset::rewriter::Rewriter;
use crate::subset::{on_large_stack, parse};
use kernel_types::{ComponentId, Digest};
use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::{Location, Token, TokenWithSpan};
use std::sync::Arc;

/// One migration file as the component ships it.
#[derive(Clone, Copy, Debug)]
pub struct MigrationFile<'a> {
    /// The file's name without its directory, `0001_accounts.sql`.
    pub name: &'a str,
    /// Its text.
    pub text: &'a str,
}

/// Why a component's migrations are refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MigrationError {
    /// The file's name is no migration's.
    #[error("`{0}` is no migration: name it with four digits and words, `0001_accounts.sql`")]
    Name(String),
    /// The numbers are not 1, 2, 3 and so on.
    #[error("migration {found} follows {before}: number the files from 0001 without a gap, each once")]
    Number {
        /// The number before, 0 at the start.
        before: u32,
        /// The number that follows.
        found: u32,
    },
    /// A statement is outside the subset of migrations.
    #[error("`{file}` line {line}, column {column}: {message}")]
    Statement {
        /// The file's name.
        file: String,
        /// The line of the fault, from 1.
        line: u64,
        /// The column of the fault in characters, from 1.
        column: u64,
        /// What is wrong and what to write instead.
        message: String,
    },
    /// The files are too many, or one is too long; the text says which and how many are allowed.
    #[error("{0}")]
    Limit(String),
}

impl Migrations {
    /// Parses a component's files, in any order.
    ///
    /// # Errors
    /// Where a name, a number or a statement is not as migrations are.
    pub fn parse(
        dialect: Dialect,
        component: &ComponentId,
        files: &[MigrationFile<'_>],
    ) -> Result<Self, MigrationError> {
        if files.len() > MIGRATIONS_MAX {
            let count = files.len();
            return Err(MigrationError::Limit(format!("{count} migrations are given, {MIGRATIONS_MAX} are the most")));
        }
        let numbered = files.iter().map(|file| Ok((number_of(file.name)?, file)));
        let mut numbered = numbered.collect::<Result<Vec<_>, MigrationError>>()?;
        numbered.sort_by_key(|(number, file)| (*number, file.name));
        let mut list = Vec::with_capacity(numbered.len());
        let mut before = 0_u32;
        for (found, file) in numbered {
            if Some(found) != before.checked_add(1) {
                return Err(MigrationError::Number { before, found });
            }
            list.push(on_large_stack(|| migration(dialect, component, found, file))?);
            before = found;
        }
        Ok(Self { component: component.clone(), list })
    }
}

/// The number in a file's name.
fn number_of(name: &str) -> Result<u32, MigrationError> {
    let fault = || MigrationError::Name(quoted(name));
    let (number, words) = name.strip_suffix(".sql").and_then(|stem| stem.split_once('_')).ok_or_else(fault)?;
    let digits = number.len() == 4 && number.bytes().all(|b| b.is_ascii_digit());
    let plain = !words.is_empty()
        && words.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'_' | b'-'));
    if digits && plain { number.parse().map_err(|_| fault()) } else { Err(fault()) }
}

fn migration(
    dialect: Dialect,
    component: &ComponentId,
    number: u32,
    file: &MigrationFile<'_>,
) -> Result<Migration, MigrationError> {
    let MigrationFile { name, text } = file;
    if text.len() > MIGRATION_BYTES_MAX {
        let length = text.len();
        return Err(MigrationError::Limit(format!("`{name}` has {length} bytes, {MIGRATION_BYTES_MAX} are the most")));
    }
    let statements = parse::tokens(text).map_err(|fault| located(name, fault, Location::new(1, 1)))?;
    let statements = parse::split(statements);
    if statements.len() > MIGRATION_STATEMENTS_MAX {
        let count = statements.len();
        let fault = format!("`{name}` has {count} statements, {MIGRATION_STATEMENTS_MAX} are the most");
        return Err(MigrationError::Limit(fault));
    }
    let compiled = statements.into_iter().map(|tokens| {
        let start = tokens.first().map_or(Location::new(1, 1), |token| token.span.start);
        compile(dialect, component, tokens).map_err(|fault| located(name, fault, start))
    });
    let (statements, changes) = compiled.collect::<Result<Vec<_>, _>>()?.into_iter().unzip();
    let digest = Digest::of(text.replace("\r\n", "\n").as_bytes());
    Ok(Migration { number, name: (*name).to_owned(), digest, statements, changes })
}

/// Checks and rewrites one statement of a migration: of the tables, or of rows.
fn compile(dialect: Dialect, component: &ComponentId, tokens: Vec<TokenWithSpan>) -> Checked<(Arc<str>, Change)> {
    numbers_itself(&tokens)?;
    let statement = parse::statement(tokens)?;
    let mut rewriter = Rewriter::new(dialect, component);
    if !rewriter.schema_statement(&statement)? && rewriter.statement(&statement)? != crate::StatementKind::Change {
        return Err(Fault::refused("a migration changes tables or rows: nobody reads what a query answers"));
    }
    match rewriter.finish()? {
        (sql, 0) => Ok((sql.into(), Change::of(&statement)?)),
        _ => Err(Fault::refused("a migration has no parameters: write the values themselves")),
    }
}

/// Refuses words that sqlparser 0.63 takes from a column's definition and forgets where the dialect does not have them:
/// a table would be made that does not do what was written.
fn numbers_itself(tokens: &[TokenWithSpan]) -> Checked {
    for token in tokens {
        let Token::Word(word) = &token.token else { continue };
        let forgotten = [Keyword::AUTOINCREMENT, Keyword::AUTO_INCREMENT, Keyword::IDENTITY, Keyword::SRID];
        if word.quote_style.is_none() && forgotten.contains(&word.keyword) {
            let fault = "is not in the subset: a key is a value that the component gives";
            return Err(Fault::refused(format!("`{}` {fault}", word.value)).at(token));
        }
    }
    Ok(())
}

fn located(file: &str, fault: Fault, start: Location) -> MigrationError {
    let Location { line, column } = fault.location().unwrap_or(start);
    MigrationError::Statement { file: file.to_owned(), line, column, message: fault.message().to_owned() }
}
