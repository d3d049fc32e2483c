// SPDX-License-Identifier: MIT OR Apache-2.0
//! How large a statement becomes when the database writes its parts into each other. A planner replaces a column of a
//! subquery by the expression behind it, wherever it is used, and a name of WITH by its query: a few hundred characters can
//! become gigabytes, before any limit on rows or time is asked. Here that size is computed, and bounded.
//!
//! It is an upper bound, not a plan: every column is as large as the largest that the query can see.

use super::fault::{Checked, Fault};
use crate::limits::EXPANDED_NODES_MAX;
use sqlparser::ast::{
    Expr, Ident, ObjectNamePart, Query, Select, SelectItem, SetExpr, Statement, TableFactor, TableWithJoins, Visit,
    Visitor,
};
use std::ops::ControlFlow;

/// Refuses a statement that grows beyond [`EXPANDED_NODES_MAX`].
pub(super) fn check(statement: &Statement) -> Checked {
    let nodes = walk(statement, &Scope::default(), 1);
    if nodes <= EXPANDED_NODES_MAX {
        return Ok(());
    }
    let fault = format!(
        "the statement uses columns of subqueries within each other so often that it grows beyond {EXPANDED_NODES_MAX} \
         terms: use each column of a subquery fewer times"
    );
    Err(Fault::refused(fault))
}

/// A query with everything written out.
#[derive(Clone, Copy)]
struct Size {
    /// All its terms.
    nodes: u64,
    /// The terms of its largest column.
    column: u64,
}

impl Size {
    /// A table.
    const TABLE: Self = Self { nodes: 1, column: 1 };

    /// Both, side by side.
    fn and(self, other: Self) -> Self {
        Self { nodes: self.nodes.saturating_add(other.nodes), column: self.column.max(other.column) }
    }
}

/// What a part of a statement can see.
#[derive(Clone)]
struct Scope<'q> {
    /// The queries of WITH, innermost last.
    names: Vec<(&'q Ident, Size)>,
    /// The largest column of the queries around it.
    outer: u64,
}

impl Default for Scope<'_> {
    fn default() -> Self {
        Self { names: Vec::new(), outer: 1 }
    }
}

impl Scope<'_> {
    fn named(&self, name: &Ident) -> Size {
        let same = |known: &&Ident| known.value.eq_ignore_ascii_case(&name.value);
        self.names.iter().rev().find(|(known, _)| same(known)).map_or(Size::TABLE, |(_, size)| *size)
    }
}

fn query<'q>(query: &'q Query, scope: &Scope<'q>) -> Size {
    let mut scope = scope.clone();
    if let Some(with) = &query.with {
        for cte in &with.cte_tables {
            if with.recursive {
                scope.names.push((&cte.alias.name, Size::TABLE));
            }
            let size = self::query(&cte.query, &scope);
            scope.names.push((&cte.alias.name, size));
        }
    }
    let body = set(&query.body, &scope);
    let rest = walk(&query.order_by, &scope, body.column).saturating_add(walk(&query.limit_clause, &scope, 1));
    Size { nodes: body.nodes.saturating_add(rest), ..body }
}

fn set<'q>(body: &'q SetExpr, scope: &Scope<'q>) -> Size {
    match body {
        SetExpr::Select(select) => self::select(select, scope),
        SetExpr::Query(query) => self::query(query, scope),
        // A chain of operations leans to the left, and may be long.
        SetExpr::SetOperation { .. } => {
            let (mut first, mut size) = (body, Size { nodes: 0, column: 0 });
            while let SetExpr::SetOperation { left, right, .. } = first {
                size = size.and(set(right, scope));
                first = left;
            }
            size.and(set(first, scope))
        }
        other => {
            let nodes = walk(other, scope, scope.outer);
            Size { nodes, column: nodes }
        }
    }
}

fn select<'q>(select: &'q Select, scope: &Scope<'q>) -> Size {
    let from = select.from.iter().fold(Size { nodes: 0, column: 0 }, |size, joined| size.and(relations(joined, scope)));
    let column = from.column.max(scope.outer);
    let scope = Scope { outer: column, ..scope.clone() };
    let item = |item: &'q SelectItem| match item {
        SelectItem::Wildcard(_) | SelectItem::QualifiedWildcard(..) => column,
        other => walk(other, &scope, column),
    };
    // Each once: a projection may hold subqueries, and those others.
    let (projected, largest) = select
        .projection
        .iter()
        .map(item)
        .fold((0u64, 1), |(sum, largest), nodes| (sum.saturating_add(nodes), nodes.max(largest)));
    let rest = [
        walk(&select.selection, &scope, column),
        walk(&select.group_by, &scope, column),
        walk(&select.having, &scope, column),
        walk(&select.named_window, &scope, column),
        select.from.iter().map(|joined| conditions(joined, &scope, column)).fold(0, u64::saturating_add),
    ];
    let own = rest.into_iter().fold(projected, u64::saturating_add);
    Size { nodes: from.nodes.saturating_add(own).saturating_add(1), column: largest }
}

fn relations<'q>(joined: &'q TableWithJoins, scope: &Scope<'q>) -> Size {
    let first = relation(&joined.relation, scope);
    joined.joins.iter().fold(first, |size, join| size.and(relation(&join.relation, scope)))
}

fn relation<'q>(factor: &'q TableFactor, scope: &Scope<'q>) -> Size {
    match factor {
        TableFactor::Table { name, .. } => match name.0.as_slice() {
            [ObjectNamePart::Identifier(name)] => scope.named(name),
            _ => Size::TABLE,
        },
        TableFactor::Derived { subquery, .. } => query(subquery, scope),
        TableFactor::NestedJoin { table_with_joins, .. } => relations(table_with_joins, scope),
        _ => Size::TABLE,
    }
}

/// The conditions of the joins.
fn conditions<'q>(joined: &'q TableWithJoins, scope: &Scope<'q>, column: u64) -> u64 {
    let of = |factor: &'q TableFactor| match factor {
        TableFactor::NestedJoin { table_with_joins, .. } => conditions(table_with_joins, scope, column),
        _ => 0,
    };
    joined.joins.iter().fold(of(&joined.relation), |nodes, join| {
        nodes.saturating_add(walk(&join.join_operator, scope, column)).saturating_add(of(&join.relation))
    })
}

/// The terms of a part of a statement, its subqueries written out, where each column has so many.
fn walk<'q>(part: &'q impl Visit, scope: &Scope<'q>, column: u64) -> u64 {
    let mut walk = Walk { scope, column, inside: 0, nodes: 0 };
    let ControlFlow::Continue(()) = part.visit(&mut walk);
    walk.nodes
}

struct Walk<'s, 'q> {
    scope: &'s Scope<'q>,
    column: u64,
    /// How many queries deep the walk is; they are computed where they begin.
    inside: usize,
    nodes: u64,
}

impl Visitor for Walk<'_, '_> {
    type Break = std::convert::Infallible;

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<Self::Break> {
        if self.inside == 0 {
            let scope = Scope { names: self.scope.names.clone(), outer: self.column.max(self.scope.outer) };
            self.nodes = self.nodes.saturating_add(self::query(query, &scope).nodes);
        }
        self.inside = self.inside.saturating_add(1);
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _query: &Query) -> ControlFlow<Self::Break> {
        self.inside = self.inside.saturating_sub(1);
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<Self::Break> {
        if self.inside == 0 {
            let column = matches!(expr, Expr::Identifier(_) | Expr::CompoundIdentifier(_));
            self.nodes = self.nodes.saturating_add(if column { self.column } else { 1 });
        }
        ControlFlow::Continue(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::subset::parse;

    fn nodes(sql: &str) -> u64 {
        walk(&parse::one(sql).unwrap(), &Scope::default(), 1)
    }

    /// Subqueries within each other, each of which uses its column so often.
    fn nested(levels: usize, times: usize) -> String {
        (0..levels).fold("SELECT a AS x FROM t".to_owned(), |inner, _| {
            format!("SELECT {} AS x FROM ({inner}) q", vec!["x"; times].join(" || "))
        })
    }

    /// Queries of WITH, each of which names the one before so often.
    fn named(levels: usize, times: usize) -> String {
        let ctes = (0..levels).map(|level| {
            let from: Vec<_> = (0..times).map(|index| format!("c{level} a{index}")).collect();
            format!("c{} AS (SELECT a0.n FROM {})", level + 1, from.join(" CROSS JOIN "))
        });
        let ctes = ctes.collect::<Vec<_>>().join(", ");
        format!("WITH c0 AS (SELECT 1 AS n), {ctes} SELECT n FROM c{levels}")
    }

    #[test]
    fn what_is_written_out_counts_and_what_is_not_does_not() {
        for (sql, expected) in [
            ("SELECT a FROM t", 3),
            ("SELECT a + 1 FROM t", 5),
            ("SELECT a FROM t WHERE b = 2", 6),
            // The column of `q` has three terms.
            ("SELECT x, x FROM (SELECT a + b AS x FROM t) q", 1 + 5 + 3 + 3),
            ("SELECT * FROM (SELECT a + b AS x FROM t) q", 1 + 5 + 3),
            // Also in a subquery that sees it from inside.
            ("SELECT 1 FROM (SELECT a + b AS x FROM t) q WHERE EXISTS (SELECT x FROM u)", 1 + 5 + 1 + 1 + (1 + 1 + 3)),
            ("WITH c AS (SELECT a FROM t) SELECT 1 FROM c CROSS JOIN c d", 1 + 3 + 3 + 1),
            ("SELECT a FROM t UNION ALL SELECT a FROM t", 6),
            ("INSERT INTO t (a) SELECT x FROM (SELECT a + b AS x FROM t) q", 1 + 5 + 3),
        ] {
            assert_eq!(nodes(sql), expected, "{sql}");
        }
    }

    #[test]
    fn growth_by_columns_and_by_names_is_refused_where_it_explodes() {
        for (sql, accepted) in [
            (nested(3, 20), true),
            (nested(4, 20), false),
            (nested(10, 2), true),
            (nested(15, 2), false),
            (nested(16, 1), true),
            (named(2, 20), true),
            (named(4, 20), false),
        ] {
            let checked = check(&parse::one(&sql).unwrap());
            assert_eq!(checked.is_ok(), accepted, "{} terms: {sql}", nodes(&sql));
        }
    }
}
