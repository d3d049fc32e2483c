// SPDX-License-Identifier: MIT OR Apache-2.0
//! Expressions. Every operand that is not a single word is printed in parentheses: what an expression means is what the
//! tree says, whatever the engine's own precedence.

use super::fault::{Checked, Fault, quoted};
use super::rewriter::{Columns, Rewriter, checked_name};
use crate::Dialect;
use sqlparser::ast::{
    CaseWhen, CastKind, DataType, ExactNumberInfo, Expr, Ident, Query, UnaryOperator, Value, ValueWithSpan,
};

impl Rewriter<'_> {
    /// Appends an expression without parentheses around it.
    pub(crate) fn expr(&mut self, expr: &Expr) -> Checked {
        self.nested(|this| this.any_expr(expr)).map_err(|fault| fault.at(expr))
    }

    /// Appends an expression as an operand of something.
    pub(crate) fn operand(&mut self, expr: &Expr) -> Checked {
        match expr {
            Expr::Nested(inside) => self.nested(|this| this.operand(inside)),
            Expr::Identifier(_)
            | Expr::CompoundIdentifier(_)
            | Expr::Value(_)
            | Expr::Function(_)
            | Expr::Subquery(_)
            | Expr::Tuple(_)
            | Expr::Cast { .. }
            | Expr::Substring { .. }
            | Expr::Position { .. }
            | Expr::Trim { .. } => self.expr(expr),
            _ => self.parenthesised(|this| this.expr(expr)),
        }
    }

    fn any_expr(&mut self, expr: &Expr) -> Checked {
        match expr {
            Expr::Nested(inside) => self.expr(inside),
            Expr::Identifier(name) => self.column(name),
            Expr::CompoundIdentifier(parts) => self.qualified_column(parts),
            Expr::Value(literal) => self.value(literal),
            Expr::BinaryOp { left, op, right } => self.binary(left, op, right),
            Expr::UnaryOp { op, expr } => self.unary(*op, expr),
            Expr::Function(function) => self.function(function),
            Expr::Subquery(query) => self.subquery(query),
            Expr::Tuple(_) => Err(Fault::refused("a row value stands in a comparison with another, or before IN only")),
            Expr::Case { case_token: _, end_token: _, operand, conditions, else_result } => {
                self.case(operand.as_deref(), conditions, else_result.as_deref())
            }
            Expr::Cast { kind: CastKind::Cast, expr, data_type, format: None } => self.cast(expr, data_type),
            Expr::Substring { expr, substring_from, substring_for, special: _, shorthand: _ } => {
                self.substring(expr, substring_from.as_deref(), substring_for.as_deref())
            }
            Expr::Position { expr, r#in } => self.position(expr, r#in),
            Expr::Trim { trim_where: None, trim_what: None, expr, trim_characters } => {
                self.trim(expr, trim_characters.as_deref())
            }
            _ => self.predicate(expr),
        }
    }

    /// Appends what is true, false or unknown of one expression.
    fn predicate(&mut self, expr: &Expr) -> Checked {
        match expr {
            Expr::IsNull(operand) => self.suffixed(operand, " IS NULL"),
            Expr::IsNotNull(operand) => self.suffixed(operand, " IS NOT NULL"),
            Expr::IsTrue(operand) => self.suffixed(operand, " IS TRUE"),
            Expr::IsNotTrue(operand) => self.suffixed(operand, " IS NOT TRUE"),
            Expr::IsFalse(operand) => self.suffixed(operand, " IS FALSE"),
            Expr::IsNotFalse(operand) => self.suffixed(operand, " IS NOT FALSE"),
            Expr::IsDistinctFrom(left, right) => self.infixed(left, " IS DISTINCT FROM ", right),
            Expr::IsNotDistinctFrom(left, right) => self.infixed(left, " IS NOT DISTINCT FROM ", right),
            Expr::Between { expr, negated, low, high } => {
                self.infixed(expr, if *negated { " NOT BETWEEN " } else { " BETWEEN " }, low)?;
                self.push(" AND ");
                self.operand(high)
            }
            Expr::InList { expr, list, negated } => self.in_list(expr, list, *negated),
            Expr::InSubquery { expr, subquery, negated } => {
                self.row_or_operand(expr)?;
                self.push(if *negated { " NOT IN " } else { " IN " });
                self.subquery(subquery)
            }
            Expr::Exists { subquery, negated } => {
                self.push(if *negated { "NOT EXISTS " } else { "EXISTS " });
                self.subquery(subquery)
            }
            Expr::Like { negated, any: false, expr, pattern, escape_char } => {
                self.like(expr, *negated, pattern, escape_char.as_deref())
            }
            Expr::ILike { .. } => {
                Err(Fault::refused("ILIKE is not in the subset: LIKE ignores the case of ASCII letters"))
            }
            Expr::Collate { .. } => Err(Fault::refused("COLLATE is not in the subset: texts compare by their bytes")),
            Expr::Cast { .. } => Err(Fault::refused("write CAST(value AS type)")),
            Expr::TypedString(_) | Expr::Interval(_) => {
                Err(Fault::refused("dates and times are texts: write '2026-02-28' and compare as texts"))
            }
            Expr::Trim { .. } => Err(Fault::refused("write trim(text) or trim(text, characters)")),
            Expr::IsUnknown(_) | Expr::IsNotUnknown(_) => Err(Fault::refused("write IS NULL")),
            other => Err(Fault::refused(format!("`{}` is not in the subset", quoted(other)))),
        }
    }

    /// Appends a column that is written without its table.
    fn column(&mut self, ident: &Ident) -> Checked {
        let name = checked_name(ident)?;
        let qualifier = match &self.columns {
            Columns::QualifiedBy(table) => Some(table.clone()),
            Columns::Of(table) if self.dialect == Dialect::Postgres => Some(table.clone()),
            Columns::Of(_) | Columns::AsWritten | Columns::Unqualified => None,
        };
        if let Some(table) = qualifier {
            self.known_name(&table);
            self.push(".");
        }
        self.known_name(&name);
        Ok(())
    }

    fn qualified_column(&mut self, parts: &[Ident]) -> Checked {
        let [qualifier, column] = parts else {
            return Err(Fault::refused("a column has one qualifier at the most: the table or its alias"));
        };
        if self.columns == Columns::Unqualified {
            return Err(Fault::refused("write the column without its table").at_name(qualifier));
        }
        if let Columns::Of(table) = &self.columns {
            let table = table.clone();
            if checked_name(qualifier)? != table {
                let fault = format!("RETURNING sees `{table}` only");
                return Err(Fault::refused(fault).at_name(qualifier));
            }
            return self.column(column);
        }
        if qualifier.quote_style.is_none() && qualifier.value.eq_ignore_ascii_case("excluded") {
            if !matches!(self.columns, Columns::QualifiedBy(_)) {
                return Err(Fault::refused("`excluded` is known in DO UPDATE only").at_name(qualifier));
            }
            self.push("excluded.");
        } else {
            self.name(qualifier)?;
            self.push(".");
        }
        self.name(column)
    }

    fn unary(&mut self, op: UnaryOperator, operand: &Expr) -> Checked {
        if self.negative_number(&op, operand)? {
            return Ok(());
        }
        self.push(match op {
            UnaryOperator::Not => "NOT ",
            UnaryOperator::Minus => "-",
            UnaryOperator::Plus => "+",
            other => return Err(Fault::refused(format!("the operator `{other}` is not in the subset"))),
        });
        self.operand(operand)
    }

    fn suffixed(&mut self, operand: &Expr, suffix: &str) -> Checked {
        self.operand(operand)?;
        self.push(suffix);
        Ok(())
    }

    pub(super) fn infixed(&mut self, left: &Expr, between: &str, right: &Expr) -> Checked {
        self.operand(left)?;
        self.push(between);
        self.operand(right)
    }

    fn in_list(&mut self, expr: &Expr, list: &[Expr], negated: bool) -> Checked {
        if list.is_empty() {
            return Err(Fault::refused("IN needs at least one value"));
        }
        self.operand(expr)?;
        self.push(if negated { " NOT IN (" } else { " IN (" });
        self.list(list, Self::operand)?;
        self.push(")");
        Ok(())
    }

    /// Appends what may stand left of IN with a query: a value or a row of values.
    fn row_or_operand(&mut self, expr: &Expr) -> Checked {
        match expr {
            Expr::Tuple(values) => self.row(values),
            other => self.operand(other),
        }
    }

    /// Appends a row of values.
    pub(super) fn row(&mut self, values: &[Expr]) -> Checked {
        if values.len() < 2 {
            return Err(Fault::refused("a row value has two values at least"));
        }
        self.parenthesised(|this| this.list(values, Self::operand))
    }

    /// Appends LIKE. It ignores the case of ASCII letters, and has no escape character unless one is written: so does
    /// SQLite by itself, and PostgreSQL is told.
    fn like(&mut self, expr: &Expr, negated: bool, pattern: &Expr, escape: Option<&Expr>) -> Checked {
        let not = if negated { " NOT" } else { "" };
        let word = if self.dialect == Dialect::Postgres { "ILIKE" } else { "LIKE" };
        self.infixed(expr, &format!("{not} {word} "), pattern)?;
        match escape {
            None if self.dialect == Dialect::Postgres => self.push(" ESCAPE ''"),
            None => {}
            Some(Expr::Value(ValueWithSpan { value: Value::SingleQuotedString(text), span: _ }))
                if text.chars().count() == 1 =>
            {
                self.push(" ESCAPE ");
                self.text(text)?;
            }
            Some(other) => return Err(Fault::refused("ESCAPE takes a text of one character").at(other)),
        }
        Ok(())
    }

    fn case(&mut self, operand: Option<&Expr>, conditions: &[CaseWhen], otherwise: Option<&Expr>) -> Checked {
        self.push("CASE");
        if let Some(operand) = operand {
            self.push(" ");
            self.operand(operand)?;
        }
        for CaseWhen { condition, result } in conditions {
            self.push(" WHEN ");
            self.operand(condition)?;
            self.push(" THEN ");
            self.operand(result)?;
        }
        if let Some(otherwise) = otherwise {
            self.push(" ELSE ");
            self.operand(otherwise)?;
        }
        self.push(" END");
        Ok(())
    }

    fn cast(&mut self, expr: &Expr, data_type: &DataType) -> Checked {
        let (sqlite, postgres) = match data_type {
            DataType::Integer(None) | DataType::BigInt(None) => ("INTEGER", "bigint"),
            DataType::Text => ("TEXT", "text"),
            DataType::Real | DataType::DoublePrecision | DataType::Double(ExactNumberInfo::None) => {
                ("REAL", "double precision")
            }
            other => {
                let fault = format!("CAST knows INTEGER, REAL and TEXT, not `{}`", quoted(other));
                return Err(Fault::refused(fault));
            }
        };
        let name = if self.dialect == Dialect::Postgres { postgres } else { sqlite };
        let cast = |this: &mut Self| {
            this.push("CAST(");
            this.expr(expr)?;
            this.push(&format!(" AS {name})"));
            Ok(())
        };
        if *data_type == DataType::Text { self.collated(cast) } else { cast(self) }
    }

    /// Appends a query in parentheses as a value.
    pub(super) fn subquery(&mut self, query: &Query) -> Checked {
        if !self.allowed.subqueries {
            return Err(Fault::refused("a subquery cannot stand here"));
        }
        let columns = match self.columns {
            // Inside a subquery a bare column may be one of its own tables.
            Columns::QualifiedBy(_) => {
                return Err(Fault::refused("a subquery cannot stand in DO UPDATE: read before, and pass the value"));
            }
            Columns::AsWritten | Columns::Of(_) | Columns::Unqualified => Columns::AsWritten,
        };
        self.parenthesised(|this| this.with_columns(columns, |this| this.query(query, false)))
    }
}
