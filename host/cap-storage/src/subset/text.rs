// SPDX-License-Identifier: MIT OR Apache-2.0
//! The functions on texts that have a syntax of their own.

use super::fault::{Checked, Fault};
use super::literal::integer_of;
use super::rewriter::Rewriter;
use crate::Dialect;
use sqlparser::ast::Expr;

impl Rewriter<'_> {
    /// Appends `substr(text, start, length)`. A start below 1 is 1 and a length below 0 is 0: the engines disagree on
    /// what else they would mean.
    pub(super) fn substring(&mut self, text: &Expr, start: Option<&Expr>, length: Option<&Expr>) -> Checked {
        let Some(start) = start else {
            return Err(Fault::refused("write substr(text, start) or substr(text, start, length)"));
        };
        self.push("substr(");
        self.expr(text)?;
        self.push(", ");
        self.count_from(1, start)?;
        if let Some(length) = length {
            self.push(", ");
            self.count_from(0, length)?;
        }
        self.push(")");
        Ok(())
    }

    /// Appends a number of characters, `least` where it would be less. PostgreSQL counts them with 32 bits, more than a
    /// text has.
    fn count_from(&mut self, least: i64, expr: &Expr) -> Checked {
        let most = i64::from(i32::MAX);
        if let Some(value) = integer_of(expr).filter(|value| (least..=most).contains(value)) {
            self.plain_integer(value);
            return Ok(());
        }
        let value = self.captured(|this| this.operand(expr))?;
        self.push(&match self.dialect {
            Dialect::Sqlite => format!("CASE WHEN {value} < {least} THEN {least} ELSE {value} END"),
            Dialect::Postgres => format!(
                "CAST(CASE WHEN {value} < {least} THEN {least} WHEN {value} > {most} THEN {most} ELSE {value} END AS integer)"
            ),
        });
        self.bounded()
    }

    /// Appends `position(part IN text)`: from 1, 0 where it is not found.
    pub(super) fn position(&mut self, part: &Expr, text: &Expr) -> Checked {
        let (function, first, second) = match self.dialect {
            Dialect::Sqlite => ("instr(", text, part),
            Dialect::Postgres => ("CAST(strpos(", text, part),
        };
        self.push(function);
        self.expr(first)?;
        self.push(", ");
        self.expr(second)?;
        self.push(if self.dialect == Dialect::Postgres { ") AS bigint)" } else { ")" });
        Ok(())
    }

    /// Appends `trim(text)`, which takes spaces away and no other white space, or `trim(text, characters)`.
    pub(super) fn trim(&mut self, text: &Expr, characters: Option<&[Expr]>) -> Checked {
        self.push(if self.dialect == Dialect::Postgres { "btrim(" } else { "trim(" });
        self.expr(text)?;
        match characters {
            None => {}
            Some([characters]) => {
                self.push(", ");
                self.expr(characters)?;
            }
            Some(_) => return Err(Fault::refused("write trim(text) or trim(text, characters)")),
        }
        self.push(")");
        Ok(())
    }
}
