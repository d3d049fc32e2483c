// SPDX-License-Identifier: MIT OR Apache-2.0
//! The portable subset: what components write, checked and rewritten for one database. `docs/sql-subset.md` is its page.

mod assigned;
mod change;
mod expansion;
mod expression;
pub(crate) mod fault;
mod from;
mod function;
mod grouping;
mod insert;
mod keyword;
mod literal;
mod operator;
pub(crate) mod parse;
mod query;
pub(crate) mod rewriter;
mod select;
mod text;
mod window;

use crate::{Dialect, SqlError, Statement, StatementKind};
use fault::{Checked, Fault, quoted};
use kernel_types::ComponentId;
use rewriter::Rewriter;
use sqlparser::ast;

/// Address space for parsing and rewriting, of which only what is used becomes memory. Trees are walked and dropped
/// recursively; the caller's stack may be the small one of a guest's fibre, of which the parser knows nothing.
const STACK_BYTES: usize = 32 << 20;

/// Runs `inside` on a stack that is large enough for the deepest tree that the limits admit.
pub(crate) fn on_large_stack<T>(inside: impl FnOnce() -> T) -> T {
    stacker::grow(STACK_BYTES, inside)
}

/// Checks one statement and rewrites it into the component's namespace. [`crate::Compiler`] does the same and keeps the
/// result.
///
/// # Errors
/// [`SqlError::Syntax`] where it cannot be parsed, [`SqlError::Refused`] where it is outside the subset.
pub fn compile(dialect: Dialect, component: &ComponentId, sql: &str) -> Result<Statement, SqlError> {
    on_large_stack(|| {
        let statement = || {
            let parsed = parse::one(sql)?;
            let statement = rewrite(Rewriter::new(dialect, component), &parsed)?;
            expansion::check(&parsed)?;
            Ok(statement)
        };
        statement().map_err(|fault: Fault| fault.into_error(sql))
    })
}

fn rewrite(mut rewriter: Rewriter<'_>, statement: &ast::Statement) -> Checked<Statement> {
    let kind = rewriter.statement(statement)?;
    let (sql, placeholders) = rewriter.finish()?;
    Ok(Statement { sql: sql.into(), kind, placeholders })
}

impl Rewriter<'_> {
    /// Appends a statement that reads or changes rows.
    pub(crate) fn statement(&mut self, statement: &ast::Statement) -> Checked<StatementKind> {
        match statement {
            ast::Statement::Query(query) => self.top(query),
            ast::Statement::Insert(insert) => self.insert(insert),
            ast::Statement::Update(update) => self.update(update),
            ast::Statement::Delete(delete) => self.delete(delete),
            other => Err(refused(other)),
        }
    }

    /// Appends a query, or a change behind a WITH.
    fn top(&mut self, query: &ast::Query) -> Checked<StatementKind> {
        let query::Parts { with, body, order, limit } = query::parts(query)?;
        let (ast::SetExpr::Insert(change) | ast::SetExpr::Update(change) | ast::SetExpr::Delete(change)) = body else {
            return self.query(query, true).map(|()| StatementKind::Query);
        };
        if !order.is_empty() || limit.is_some() {
            return Err(Fault::refused("a change has no ORDER BY and no LIMIT").at(query));
        }
        if let Some(with) = with {
            self.with(with)?;
        }
        self.statement(change)
    }
}

/// Why a statement is refused of which nothing is in the subset.
fn refused(statement: &ast::Statement) -> Fault {
    let text = quoted(statement);
    let word = text.split(' ').next().unwrap_or_default();
    let instead = match word {
        "CREATE" | "ALTER" | "DROP" | "TRUNCATE" => "tables are made and changed by migrations only",
        "BEGIN" | "START" | "COMMIT" | "ROLLBACK" | "SAVEPOINT" | "RELEASE" | "END" => {
            "the unit of work begins and ends with the request; use the `savepoint` of `cortex:storage`"
        }
        "MERGE" => "write INSERT ... ON CONFLICT",
        _ => "write SELECT, VALUES, INSERT, UPDATE or DELETE",
    };
    Fault::refused(format!("`{word}` is not in the subset: {instead}")).at(statement)
}
