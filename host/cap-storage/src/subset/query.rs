// SPDX-License-Identifier: MIT OR Apache-2.0
//! Queries: WITH, what UNION and its like join, ORDER BY, LIMIT.

use super::fault::{Checked, Fault, quoted};
use super::literal::integer_of;
use super::rewriter::{Allowed, Rewriter, checked_name, single};
use crate::Dialect;
use crate::limits::{COMMON_TABLE_EXPRESSIONS_MAX, COMPOUND_SELECTS_MAX};
use sqlparser::ast::{
    Cte, Expr, LimitClause, ObjectName, Offset, OffsetRows, OrderBy, OrderByExpr, OrderByKind, Parens, Query, SetExpr,
    SetOperator, SetQuantifier, TableAlias, TableAliasColumnDef, Value, ValueWithSpan, Values, With,
};

/// The parts of a query that the subset knows.
pub(super) struct Parts<'q> {
    pub(super) with: Option<&'q With>,
    pub(super) body: &'q SetExpr,
    pub(super) order: &'q [OrderByExpr],
    pub(super) limit: Option<&'q LimitClause>,
}

/// Takes a query apart, and refuses the parts that no rule knows.
pub(super) fn parts(query: &Query) -> Checked<Parts<'_>> {
    let Query { with, body, order_by, limit_clause, fetch, locks, for_clause, settings, format_clause, pipe_operators } =
        query;
    if fetch.is_some() {
        return Err(Fault::refused("write LIMIT").at(query));
    }
    if !locks.is_empty() {
        return Err(Fault::refused("FOR UPDATE is not in the subset: a unit of work is alone already").at(query));
    }
    if for_clause.is_some() || settings.is_some() || format_clause.is_some() || !pipe_operators.is_empty() {
        return Err(Fault::refused("what follows the query is not in the subset").at(query));
    }
    let order = match order_by {
        None => [].as_slice(),
        Some(OrderBy { kind: OrderByKind::Expressions(terms), interpolate: None }) => terms.as_slice(),
        Some(order_by) => return Err(Fault::refused("write the terms of ORDER BY").at(order_by)),
    };
    Ok(Parts { with: with.as_ref(), body, order, limit: limit_clause.as_ref() })
}

impl Rewriter<'_> {
    /// Appends a query. `named`: its columns are seen by somebody and need the same names everywhere.
    pub(crate) fn query(&mut self, query: &Query, named: bool) -> Checked {
        self.nested(|this| {
            let Parts { with, body, order, limit } = parts(query)?;
            let scope = this.with_names.len();
            if let Some(with) = with {
                this.with(with)?;
            }
            this.body(body, order, limit.is_some(), named)?;
            this.with_names.truncate(scope);
            limit.map_or(Ok(()), |limit| this.limit(limit))
        })
        .map_err(|fault| fault.at(query))
    }

    /// Appends `WITH ...` and puts its names in scope; the caller takes them out again.
    pub(super) fn with(&mut self, with: &With) -> Checked {
        let With { with_token: _, recursive, cte_tables } = with;
        if cte_tables.len() > COMMON_TABLE_EXPRESSIONS_MAX {
            let fault = format!("WITH names more than {COMMON_TABLE_EXPRESSIONS_MAX} queries");
            return Err(Fault::refused(fault).at(with));
        }
        self.push(if *recursive { "WITH RECURSIVE " } else { "WITH " });
        self.list(cte_tables, |this, cte| this.common_table(cte, *recursive))?;
        self.push(" ");
        Ok(())
    }

    /// A query of WITH sees those before it, and itself where WITH is recursive: PostgreSQL's rule. What it does not see
    /// is a table, and is printed by its physical name, which SQLite cannot mistake for one that comes later.
    fn common_table(&mut self, cte: &Cte, recursive: bool) -> Checked {
        let Cte { alias, query, from, materialized, closing_paren_token: _ } = cte;
        let TableAlias { explicit: _, name, columns, at } = alias;
        if from.is_some() || at.is_some() || materialized.is_some() {
            return Err(Fault::refused("write `name AS (query)`").at_name(name));
        }
        let known = checked_name(name)?;
        if recursive {
            self.with_names.push(known.clone());
        }
        self.known_name(&known);
        if !columns.is_empty() {
            self.parenthesised(|this| this.list(columns, Self::column_alias))?;
        }
        self.push(" AS (");
        self.allowing(Allowed::PROJECTION, |this| this.query(query, true))?;
        self.push(")");
        if !recursive {
            self.with_names.push(known);
        }
        Ok(())
    }

    pub(super) fn column_alias(&mut self, column: &TableAliasColumnDef) -> Checked {
        let TableAliasColumnDef { name, data_type } = column;
        if data_type.is_some() {
            return Err(Fault::refused("a column's alias has no type").at_name(name));
        }
        self.name(name)
    }

    fn body(&mut self, body: &SetExpr, order: &[OrderByExpr], limited: bool, named: bool) -> Checked {
        match body {
            SetExpr::Select(select) => self.select(select, order, named),
            SetExpr::Values(values) if order.is_empty() && !limited => self.values(values, None),
            SetExpr::SetOperation { .. } | SetExpr::Values(_) => {
                self.set_operation(body, named, &mut 0)?;
                self.compound_order(order)
            }
            SetExpr::Query(query) if order.is_empty() => self.query(query, named),
            SetExpr::Query(_) => Err(Fault::refused("write ORDER BY inside the parentheses")),
            SetExpr::Insert(_) | SetExpr::Update(_) | SetExpr::Delete(_) | SetExpr::Merge(_) => {
                Err(Fault::refused("a change cannot stand inside a query: run it by itself"))
            }
            SetExpr::Table(_) => Err(Fault::refused("write SELECT * FROM table")),
        }
    }

    /// Appends what UNION, EXCEPT and INTERSECT join. SQLite takes them from left to right and knows no parentheses
    /// there, so that what the tree joins first becomes a query of its own.
    fn set_operation(&mut self, body: &SetExpr, named: bool, selects: &mut usize) -> Checked {
        let mut steps = Vec::new();
        let mut first = body;
        while let SetExpr::SetOperation { left, op, set_quantifier, right } = first {
            *selects = selects.saturating_add(1);
            if *selects >= COMPOUND_SELECTS_MAX {
                let fault = format!("more than {COMPOUND_SELECTS_MAX} queries are joined: use VALUES, IN or OR");
                return Err(Fault::refused(fault));
            }
            steps.push((*op, *set_quantifier, &**right));
            first = left;
        }
        self.set_operand(first, named, selects)?;
        for (op, quantifier, right) in steps.into_iter().rev() {
            self.set_operator(op, quantifier)?;
            self.nested(|this| this.set_operand(right, named, selects))?;
        }
        Ok(())
    }

    fn set_operand(&mut self, operand: &SetExpr, named: bool, selects: &mut usize) -> Checked {
        if let SetExpr::Select(select) = operand {
            return self.select(select, &[], named);
        }
        self.push("SELECT * FROM (");
        match operand {
            SetExpr::Query(query) => self.query(query, true)?,
            SetExpr::Values(values) => self.values(values, None)?,
            SetExpr::SetOperation { .. } => self.set_operation(operand, true, selects)?,
            _ => return Err(Fault::refused("UNION, EXCEPT and INTERSECT join SELECT and VALUES only")),
        }
        self.push(") AS part");
        Ok(())
    }

    fn set_operator(&mut self, op: SetOperator, quantifier: SetQuantifier) -> Checked {
        self.push(match (op, quantifier) {
            (SetOperator::Union, SetQuantifier::None | SetQuantifier::Distinct) => " UNION ",
            (SetOperator::Union, SetQuantifier::All) => " UNION ALL ",
            (SetOperator::Except, SetQuantifier::None | SetQuantifier::Distinct) => " EXCEPT ",
            (SetOperator::Intersect, SetQuantifier::None | SetQuantifier::Distinct) => " INTERSECT ",
            _ => {
                let known = "UNION, UNION ALL, EXCEPT and INTERSECT";
                let text = format!("{op} {quantifier}");
                return Err(Fault::refused(format!("`{}` is not in the subset: write {known}", text.trim_end())));
            }
        });
        Ok(())
    }

    /// Appends the ORDER BY of joined queries: by their columns only.
    fn compound_order(&mut self, order: &[OrderByExpr]) -> Checked {
        if order.is_empty() {
            return Ok(());
        }
        for term in order {
            if !matches!(term.expr, Expr::Identifier(_)) && integer_of(&term.expr).is_none() {
                let fault = "joined queries are ordered by the names or the numbers of their columns";
                return Err(Fault::refused(fault).at(&term.expr));
            }
        }
        self.sort(order)
    }

    /// Appends `VALUES (...), (...)`.
    /// Appends VALUES. `target`: a table, as the component calls it, and its columns that get the values, in order.
    pub(super) fn values(&mut self, values: &Values, target: Option<(&str, &[ObjectName])>) -> Checked {
        let Values { explicit_row, value_keyword, rows } = values;
        let width = rows.first().map_or(0, |row| row.content.len());
        let even = rows.iter().all(|row| row.content.len() == width);
        if *explicit_row || *value_keyword || width == 0 || !even {
            return Err(Fault::refused("write VALUES with rows of as many values each").at(values));
        }
        self.push("VALUES ");
        self.allowing(Allowed { aggregates: false, windows: false, ..self.allowed }, |this| {
            this.list(rows, |this, Parens { opening_token: _, content, closing_token: _ }| {
                this.parenthesised(|this| {
                    let Some((table, columns)) = target else { return this.list(content, Self::operand) };
                    let mut columns = columns.iter();
                    this.list(content, |this, value| match columns.next() {
                        Some(column) => this.assigned(table, single(column)?, value),
                        None => this.operand(value),
                    })
                })
            })
        })
    }

    /// Appends LIMIT and OFFSET. Less than zero is zero: SQLite would take it for "all", PostgreSQL for an error.
    fn limit(&mut self, limit: &LimitClause) -> Checked {
        let (limit, offset) = match limit {
            LimitClause::LimitOffset { limit, offset, limit_by } if limit_by.is_empty() => (limit, offset),
            _ => return Err(Fault::refused("write LIMIT number OFFSET number")),
        };
        match (limit, offset, self.dialect) {
            (Some(limit), _, _) => {
                self.push(" LIMIT ");
                self.count(limit)?;
            }
            // SQLite has no OFFSET without LIMIT.
            (None, Some(_), Dialect::Sqlite) => self.push(" LIMIT -1"),
            (None, _, _) => {}
        }
        match offset {
            None => Ok(()),
            Some(Offset { value, rows: OffsetRows::None }) => {
                self.push(" OFFSET ");
                self.count(value)
            }
            Some(Offset { value, rows: _ }) => Err(Fault::refused("write OFFSET number").at(value)),
        }
    }

    /// Appends a number of rows: written out, or a placeholder.
    fn count(&mut self, expr: &Expr) -> Checked {
        match expr {
            Expr::Value(ValueWithSpan { value: Value::Placeholder(_), span: _ }) => {
                self.push(if self.dialect == Dialect::Postgres { "greatest(" } else { "max(" });
                self.expr(expr)?;
                self.push(", 0)");
                Ok(())
            }
            _ => match integer_of(expr) {
                Some(rows) if rows >= 0 => {
                    self.plain_integer(rows);
                    Ok(())
                }
                _ => {
                    let fault = format!("`{}` is no number of rows: write a number or a placeholder", quoted(expr));
                    Err(Fault::refused(fault).at(expr))
                }
            },
        }
    }
}
