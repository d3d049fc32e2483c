// SPDX-License-Identifier: MIT OR Apache-2.0
//! Values that a statement gives to columns. Where a value has another type than its column, SQLite refuses what it cannot
//! convert without loss; PostgreSQL would round a real for an INTEGER, and write a real, bytes or a truth value into a TEXT in a
//! form of its own. So there such a value is compared with its column first, by a function of the host's.

use super::fault::Checked;
use super::rewriter::{Rewriter, checked_name};
use crate::{Dialect, name};
use sqlparser::ast::{Expr, Ident, UnaryOperator, Value, ValueWithSpan};

/// What PostgreSQL is to compare.
enum Doubt {
    /// Nothing: a value that it converts as SQLite does, or whose type the parser cannot see.
    None,
    /// A value that is bound: its type is known only then. The back end finds the column in a comment behind it.
    Bound,
    /// A value that is written.
    Written,
    /// A text that is written: it is enough to say that it is one, because there a text in quotes is of any type.
    Text,
}

impl Rewriter<'_> {
    /// Appends the value that a column of a table gets. `table` is as the component calls it.
    pub(super) fn assigned(&mut self, table: &str, column: &Ident, value: &Expr) -> Checked {
        let doubt = if self.dialect == Dialect::Postgres { doubt(value) } else { Doubt::None };
        if matches!(doubt, Doubt::None) {
            return self.operand(value);
        }
        let (table, column) = (name::physical_name(self.component, table), checked_name(column)?);
        match doubt {
            Doubt::None => {}
            Doubt::Bound => {
                self.operand(value)?;
                self.push(&format!("/*{table}."));
                self.known_name(&column);
                self.push("*/");
            }
            Doubt::Text => {
                self.push("CAST(");
                self.operand(value)?;
                self.push(" AS text)");
            }
            Doubt::Written => {
                self.push("cortex_sql.fit(");
                self.operand(value)?;
                self.push(&format!(", (CAST(NULL AS {table}))."));
                self.known_name(&column);
                self.push(")");
            }
        }
        Ok(())
    }
}

fn doubt(value: &Expr) -> Doubt {
    match value {
        Expr::Nested(inside) => doubt(inside),
        Expr::UnaryOp { op: UnaryOperator::Minus | UnaryOperator::Plus, expr } => match doubt(expr) {
            Doubt::Written => Doubt::Written,
            Doubt::None | Doubt::Bound | Doubt::Text => Doubt::None,
        },
        Expr::Value(ValueWithSpan { value, .. }) => match value {
            Value::Placeholder(_) => Doubt::Bound,
            Value::SingleQuotedString(_) => Doubt::Text,
            Value::Boolean(_) | Value::HexStringLiteral(_) => Doubt::Written,
            Value::Number(digits, _) if !digits.bytes().all(|byte| byte.is_ascii_digit()) => Doubt::Written,
            _ => Doubt::None,
        },
        _ => Doubt::None,
    }
}
