// SPDX-License-Identifier: MIT OR Apache-2.0
//! Windows: what stands behind OVER, and the terms of every ORDER BY.
//!
//! NULL sorts before every value, and behind all in descending order: SQLite's rule, written out for PostgreSQL.

use super::fault::{Checked, Fault};
use super::literal::integer_of;
use super::rewriter::{Allowed, Rewriter};
use crate::Dialect;
use sqlparser::ast::{
    Expr, OrderByExpr, OrderByOptions, OrderBySort, Value, ValueWithSpan, WindowFrame, WindowFrameBound,
    WindowFrameUnits, WindowSpec,
};

impl Rewriter<'_> {
    /// Appends one term of an ORDER BY.
    pub(crate) fn order_term(&mut self, term: &OrderByExpr) -> Checked {
        let OrderByExpr { expr, options: OrderByOptions { sort, nulls_first }, with_fill } = term;
        if with_fill.is_some() {
            return Err(Fault::refused("WITH FILL is not in the subset").at(expr));
        }
        self.term(expr)?;
        let descending = match sort {
            None | Some(OrderBySort::Asc) => false,
            Some(OrderBySort::Desc) => true,
            Some(OrderBySort::Using(_)) => return Err(Fault::refused("write ASC or DESC").at(expr)),
        };
        if descending {
            self.push(" DESC");
        }
        let usual = !descending;
        let first = nulls_first.unwrap_or(usual);
        if first != usual || self.dialect == Dialect::Postgres {
            self.push(if first { " NULLS FIRST" } else { " NULLS LAST" });
        }
        Ok(())
    }

    /// Appends what rows are ordered or grouped by: no constant, except the number of a column.
    pub(super) fn term(&mut self, expr: &Expr) -> Checked {
        match expr {
            Expr::Value(ValueWithSpan { value: Value::Number(..), span: _ }) if let Some(column) = integer_of(expr) => {
                self.plain_integer(column);
                return Ok(());
            }
            Expr::Value(_) => {
                return Err(
                    Fault::refused("a constant orders and groups nothing: write a column or its number").at(expr)
                );
            }
            _ => {}
        }
        self.operand(expr)
    }

    /// Appends ` OVER (...)`.
    pub(super) fn window(&mut self, window: &WindowSpec) -> Checked {
        let WindowSpec { window_name, partition_by, order_by, window_frame } = window;
        if let Some(name) = window_name {
            return Err(Fault::refused("write the window itself behind OVER").at_name(name));
        }
        let inner = Allowed { windows: false, ..self.allowed };
        self.push(" OVER (");
        self.allowing(inner, |this| {
            let mut space = "";
            if !partition_by.is_empty() {
                this.push("PARTITION BY ");
                this.list(partition_by, Self::operand)?;
                space = " ";
            }
            if !order_by.is_empty() {
                this.push(space);
                this.push("ORDER BY ");
                this.list(order_by, Self::order_term)?;
                space = " ";
            }
            if let Some(frame) = window_frame {
                this.push(space);
                this.frame(frame)?;
            }
            Ok(())
        })?;
        self.push(")");
        Ok(())
    }

    fn frame(&mut self, frame: &WindowFrame) -> Checked {
        let WindowFrame { units, start_bound, end_bound } = frame;
        self.push(match units {
            WindowFrameUnits::Rows => "ROWS BETWEEN ",
            WindowFrameUnits::Range => "RANGE BETWEEN ",
            WindowFrameUnits::Groups => "GROUPS BETWEEN ",
        });
        self.bound(*units, start_bound)?;
        self.push(" AND ");
        match end_bound {
            Some(bound) => self.bound(*units, bound),
            None => {
                self.push("CURRENT ROW");
                Ok(())
            }
        }
    }

    fn bound(&mut self, units: WindowFrameUnits, bound: &WindowFrameBound) -> Checked {
        let (distance, word) = match bound {
            WindowFrameBound::CurrentRow => {
                self.push("CURRENT ROW");
                return Ok(());
            }
            WindowFrameBound::Preceding(distance) => (distance.as_deref(), " PRECEDING"),
            WindowFrameBound::Following(distance) => (distance.as_deref(), " FOLLOWING"),
        };
        match distance {
            None => self.push("UNBOUNDED"),
            Some(expr) => match integer_of(expr) {
                Some(rows) if units != WindowFrameUnits::Range && rows >= 0 => self.plain_integer(rows),
                _ => return Err(Fault::refused("a frame counts rows or groups, with a number written out").at(expr)),
            },
        }
        self.push(word);
        Ok(())
    }
}
