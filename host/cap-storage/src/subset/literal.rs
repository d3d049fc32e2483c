// SPDX-License-Identifier: MIT OR Apache-2.0
//! Values written in a statement: numbers, texts, bytes, truth values, NULL, placeholders.

use super::fault::{Checked, Fault, quoted};
use super::rewriter::Rewriter;
use crate::Dialect;
use sqlparser::ast::{Expr, UnaryOperator, Value, ValueWithSpan};

impl Rewriter<'_> {
    pub(super) fn value(&mut self, literal: &ValueWithSpan) -> Checked {
        let ValueWithSpan { value, span: _ } = literal;
        let done = match value {
            Value::Number(digits, false) => self.number(false, digits),
            Value::SingleQuotedString(text) => self.collated(|this| this.text(text)),
            Value::HexStringLiteral(digits) => self.bytes(digits),
            Value::Boolean(truth) => {
                self.push(if *truth { "TRUE" } else { "FALSE" });
                Ok(())
            }
            Value::Null => {
                self.push("NULL");
                Ok(())
            }
            Value::Placeholder(text) => self.placeholder(text),
            other => Err(Fault::refused(format!(
                "`{}` is no value here: write 12, 1.5, 'text', X'00ff', TRUE, FALSE, NULL or a placeholder `?1`",
                quoted(other)
            ))),
        };
        done.map_err(|fault| fault.at(literal))
    }

    /// Appends a number: an integer of 64 bits, or a finite double.
    fn number(&mut self, negative: bool, digits: &str) -> Checked {
        let sign = if negative { "-" } else { "" };
        let signed = format!("{sign}{digits}");
        if digits.bytes().all(|b| b.is_ascii_digit()) {
            let fault = |_| Fault::refused(format!("`{}` does not fit 64 bits", quoted(&signed)));
            let integer: i64 = signed.parse().map_err(fault)?;
            match self.dialect {
                Dialect::Sqlite => self.push(&integer.to_string()),
                // By itself a small number has 32 bits there.
                Dialect::Postgres => self.push(&format!("CAST({integer} AS bigint)")),
            }
            return Ok(());
        }
        let plain = digits.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'e' | b'E' | b'+' | b'-'));
        match signed.parse::<f64>() {
            Ok(real) if plain && real.is_finite() => {
                let text = format!("{real:?}");
                match self.dialect {
                    Dialect::Sqlite => self.push(&text),
                    Dialect::Postgres => self.push(&format!("CAST({text} AS double precision)")),
                }
                Ok(())
            }
            _ => Err(Fault::refused(format!("`{}` is no finite number", quoted(&signed)))),
        }
    }

    /// Appends a text. The engines read `'` doubled and everything else as it is.
    pub(crate) fn text(&mut self, text: &str) -> Checked {
        if text.contains('\0') {
            return Err(Fault::refused("U+0000 is in a text: store it as bytes"));
        }
        self.push("'");
        self.push(&text.replace('\'', "''"));
        self.push("'");
        Ok(())
    }

    /// Appends a text with the collation that columns have, where it would else compare as the database was made to.
    pub(super) fn collated(&mut self, text: impl FnOnce(&mut Self) -> Checked) -> Checked {
        match self.dialect {
            Dialect::Sqlite => text(self),
            Dialect::Postgres => self.parenthesised(|this| {
                text(this)?;
                this.push(" COLLATE \"C\"");
                Ok(())
            }),
        }
    }

    fn bytes(&mut self, digits: &str) -> Checked {
        if !digits.len().is_multiple_of(2) || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(Fault::refused(format!(
                "`X'{}'` is no bytes: write two hexadecimal digits each",
                quoted(digits)
            )));
        }
        let text = match self.dialect {
            Dialect::Sqlite => format!("X'{digits}'"),
            Dialect::Postgres => format!("CAST('\\x{digits}' AS bytea)"),
        };
        self.push(&text);
        Ok(())
    }

    /// Appends a negative number, where the expression is one: `-9223372036854775808` fits, its digits alone do not.
    pub(super) fn negative_number(&mut self, op: &UnaryOperator, operand: &Expr) -> Checked<bool> {
        match (op, operand) {
            (UnaryOperator::Minus, Expr::Value(ValueWithSpan { value: Value::Number(digits, false), span: _ })) => {
                self.number(true, digits).map_err(|fault| fault.at(operand))?;
                Ok(true)
            }
            _ => Ok(false),
        }
    }
}

impl Rewriter<'_> {
    /// Appends an integer that counts or numbers something of the statement's own and is no value: as it is written.
    pub(super) fn plain_integer(&mut self, integer: i64) {
        self.push(&integer.to_string());
    }
}

/// The integer that the expression is, where it is one written out.
pub(super) fn integer_of(expr: &Expr) -> Option<i64> {
    match expr {
        Expr::Nested(inside) => integer_of(inside),
        Expr::Value(ValueWithSpan { value: Value::Number(digits, false), span: _ }) => digits.parse().ok(),
        Expr::UnaryOp { op: UnaryOperator::Minus, expr } => match &**expr {
            Expr::Value(ValueWithSpan { value: Value::Number(digits, false), span: _ }) => {
                format!("-{digits}").parse().ok()
            }
            _ => None,
        },
        _ => None,
    }
}
