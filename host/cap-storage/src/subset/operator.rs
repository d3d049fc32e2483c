// SPDX-License-Identifier: MIT OR Apache-2.0
//! Operators with two operands.
//!
//! A chain of one operator (`a AND b AND c`) is printed flat, because the engines bound how deep expressions nest. A
//! division by zero is an error on both engines: SQLite, which would answer NULL, is made to overflow.

use super::fault::{Checked, Fault, quoted};
use super::literal::integer_of;
use super::rewriter::Rewriter;
use crate::Dialect;
use crate::limits::CHAIN_TERMS_MAX;
use sqlparser::ast::{BinaryOperator, Expr};

/// What the SQLite form of a division by zero evaluates: the only value without an absolute value.
const OVERFLOW: &str = "abs(-9223372036854775808)";

impl Rewriter<'_> {
    pub(super) fn binary(&mut self, left: &Expr, op: &BinaryOperator, right: &Expr) -> Checked {
        match op {
            BinaryOperator::And => self.chain(left, op, " AND ", right),
            BinaryOperator::Or => self.chain(left, op, " OR ", right),
            BinaryOperator::StringConcat => self.chain(left, op, " || ", right),
            BinaryOperator::Plus => self.chain(left, op, " + ", right),
            BinaryOperator::Multiply => self.chain(left, op, " * ", right),
            BinaryOperator::Minus => self.infixed(left, " - ", right),
            BinaryOperator::Divide => self.division(left, " / ", right),
            BinaryOperator::Modulo => self.division(left, " % ", right),
            BinaryOperator::Eq => self.comparison(left, " = ", right),
            BinaryOperator::NotEq => self.comparison(left, " <> ", right),
            BinaryOperator::Lt => self.comparison(left, " < ", right),
            BinaryOperator::LtEq => self.comparison(left, " <= ", right),
            BinaryOperator::Gt => self.comparison(left, " > ", right),
            BinaryOperator::GtEq => self.comparison(left, " >= ", right),
            other => Err(Fault::refused(format!("the operator `{}` is not in the subset", quoted(other)))),
        }
    }

    /// Appends the terms of a left-deep chain of one operator.
    fn chain(&mut self, left: &Expr, op: &BinaryOperator, text: &str, right: &Expr) -> Checked {
        let mut terms = vec![right];
        let mut rest = left;
        while let Expr::BinaryOp { left, op: same, right } = rest {
            if same != op {
                break;
            }
            if terms.len() >= CHAIN_TERMS_MAX {
                let fault = format!("a chain of more than {CHAIN_TERMS_MAX} operators: use IN or a VALUES");
                return Err(Fault::refused(fault));
            }
            terms.push(right);
            rest = left;
        }
        self.operand(rest)?;
        for term in terms.into_iter().rev() {
            self.push(text);
            self.operand(term)?;
        }
        Ok(())
    }

    fn comparison(&mut self, left: &Expr, text: &str, right: &Expr) -> Checked {
        match (left, right) {
            (Expr::Tuple(left), Expr::Tuple(right)) if left.len() == right.len() => {
                self.row(left)?;
                self.push(text);
                self.row(right)
            }
            (Expr::Tuple(_), _) | (_, Expr::Tuple(_)) => {
                Err(Fault::refused("a row value is compared with a row value of as many values"))
            }
            _ => self.infixed(left, text, right),
        }
    }

    fn division(&mut self, left: &Expr, text: &str, right: &Expr) -> Checked {
        let safe = integer_of(right).is_some_and(|divisor| divisor != 0);
        if safe || self.dialect == Dialect::Postgres {
            return self.infixed(left, text, right);
        }
        self.operand(left)?;
        self.push(text);
        let divisor = self.captured(|this| this.operand(right))?;
        self.push(&format!("CASE {divisor} WHEN 0 THEN {OVERFLOW} ELSE {divisor} END"));
        self.bounded()
    }
}
