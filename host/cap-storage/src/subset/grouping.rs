// SPDX-License-Identifier: MIT OR Apache-2.0
//! GROUP BY: in a query with groups, a column stands in GROUP BY or inside an aggregate.
//!
//! SQLite would answer with the value of any row of the group; PostgreSQL refuses. PostgreSQL's exception for columns
//! that depend on a primary key is not in the subset: the parser knows no keys.
//!
//! It runs after printing, which bounds how deep an expression nests; a chain of operators counts as one level here too.

use super::fault::{Checked, Fault, quoted};
use super::function::{Kind, kind_of};
use super::literal::integer_of;
use super::select::same_name;
use sqlparser::ast::{
    CaseWhen, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, ObjectNamePart, OrderByExpr, SelectItem,
    WindowType,
};

/// Checks the parts of a SELECT that see groups. What is not in the subset passes: printing refuses it.
pub(super) fn check(
    projection: &[SelectItem],
    groups: &[Expr],
    having: Option<&Expr>,
    order: &[OrderByExpr],
) -> Checked {
    let values = || projection.iter().filter_map(value);
    let grouped = !groups.is_empty()
        || having.is_some()
        || values().any(has_aggregate)
        || order.iter().any(|term| has_aggregate(&term.expr));
    if !grouped {
        return Ok(());
    }
    let keys: Vec<&Expr> = groups.iter().flat_map(|group| keys(group, projection)).collect();
    for item in projection {
        if matches!(item, SelectItem::Wildcard(_) | SelectItem::QualifiedWildcard(..)) {
            return Err(Fault::refused("`*` cannot stand in a query with groups: name the columns").at(item));
        }
    }
    values().chain(having).try_for_each(|expr| depends_on_groups(expr, &keys))?;
    for OrderByExpr { expr, options: _, with_fill: _ } in order {
        let is_output = projection.iter().any(|item| is_alias(item, expr)) || integer_of(expr).is_some();
        if !is_output {
            depends_on_groups(expr, &keys)?;
        }
    }
    Ok(())
}

fn value(item: &SelectItem) -> Option<&Expr> {
    match item {
        SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } => Some(expr),
        _ => None,
    }
}

fn is_alias(item: &SelectItem, expr: &Expr) -> bool {
    match (item, expr) {
        (SelectItem::ExprWithAlias { alias, .. }, Expr::Identifier(name)) => same_name(alias, name),
        _ => false,
    }
}

/// What a term of GROUP BY may stand for: itself, or the column whose number or alias it is. Which of the two the engine
/// takes depends on whether a table has a column of that name; both have the same groups in either engine.
fn keys<'e>(group: &'e Expr, projection: &'e [SelectItem]) -> impl Iterator<Item = &'e Expr> {
    let number = integer_of(group).and_then(|number| usize::try_from(number.checked_sub(1)?).ok());
    let by_number = number.and_then(|number| projection.get(number)).and_then(value);
    let by_alias = projection.iter().find(|item| is_alias(item, group)).and_then(value);
    std::iter::once(group).chain(by_number).chain(by_alias)
}

fn depends_on_groups(expr: &Expr, keys: &[&Expr]) -> Checked {
    if keys.iter().any(|key| same(expr, key)) {
        return Ok(());
    }
    match expr {
        Expr::Identifier(_) | Expr::CompoundIdentifier(_) => {
            let fault = format!("`{}` must stand in GROUP BY or inside an aggregate", quoted(expr));
            Err(Fault::refused(fault).at(expr))
        }
        Expr::Function(call) if is_aggregate(call) && call.over.is_none() => Ok(()),
        _ => children(expr).into_iter().try_for_each(|child| depends_on_groups(child, keys)),
    }
}

fn has_aggregate(expr: &Expr) -> bool {
    match expr {
        Expr::Function(call) if is_aggregate(call) && call.over.is_none() => true,
        _ => children(expr).into_iter().any(has_aggregate),
    }
}

fn is_aggregate(call: &Function) -> bool {
    match call.name.0.as_slice() {
        [ObjectNamePart::Identifier(name)] => kind_of(&name.value.to_ascii_lowercase()) == Some(Kind::Aggregate),
        _ => false,
    }
}

/// Whether two expressions are the same, apart from parentheses, the case of names, and a qualifier on one side.
fn same(one: &Expr, other: &Expr) -> bool {
    match (one, other) {
        (Expr::Nested(one), _) => same(one, other),
        (_, Expr::Nested(other)) => same(one, other),
        (Expr::Identifier(one), Expr::Identifier(other)) => same_name(one, other),
        (Expr::Identifier(one), Expr::CompoundIdentifier(parts))
        | (Expr::CompoundIdentifier(parts), Expr::Identifier(one)) => {
            parts.last().is_some_and(|last| same_name(one, last))
        }
        (Expr::CompoundIdentifier(one), Expr::CompoundIdentifier(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same_name(one, other))
        }
        _ => one == other,
    }
}

/// The expressions directly inside one, subqueries left out: they have groups of their own.
fn children(expr: &Expr) -> Vec<&Expr> {
    match expr {
        Expr::Nested(inside)
        | Expr::UnaryOp { expr: inside, .. }
        | Expr::Cast { expr: inside, .. }
        | Expr::IsNull(inside)
        | Expr::IsNotNull(inside)
        | Expr::IsTrue(inside)
        | Expr::IsNotTrue(inside)
        | Expr::IsFalse(inside)
        | Expr::IsNotFalse(inside)
        | Expr::InSubquery { expr: inside, .. } => vec![inside],
        Expr::BinaryOp { .. } => chain(expr),
        Expr::IsDistinctFrom(left, right)
        | Expr::IsNotDistinctFrom(left, right)
        | Expr::Like { expr: left, pattern: right, .. }
        | Expr::Position { expr: left, r#in: right } => vec![left, right],
        Expr::Between { expr, low, high, .. } => vec![expr, low, high],
        Expr::InList { expr, list, .. } => std::iter::once(&**expr).chain(list).collect(),
        Expr::Tuple(values) => values.iter().collect(),
        Expr::Trim { expr, trim_characters, .. } => {
            std::iter::once(&**expr).chain(trim_characters.iter().flatten()).collect()
        }
        Expr::Substring { expr, substring_from, substring_for, .. } => {
            let rest = substring_from.iter().chain(substring_for);
            std::iter::once(&**expr).chain(rest.map(|part| &**part)).collect()
        }
        Expr::Case { operand, conditions, else_result, .. } => {
            let ends = operand.iter().chain(else_result).map(|part| &**part);
            ends.chain(conditions.iter().flat_map(|CaseWhen { condition, result }| [condition, result])).collect()
        }
        Expr::Function(call) => function_children(call),
        _ => Vec::new(),
    }
}

/// The operands of a left-deep chain of operators.
fn chain(expr: &Expr) -> Vec<&Expr> {
    let mut operands = Vec::new();
    let mut rest = expr;
    while let Expr::BinaryOp { left, op: _, right } = rest {
        operands.push(&**right);
        rest = left;
    }
    operands.push(rest);
    operands
}

fn function_children(call: &Function) -> Vec<&Expr> {
    let mut inside = Vec::new();
    if let FunctionArguments::List(list) = &call.args {
        inside.extend(list.args.iter().filter_map(|argument| match argument {
            FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Some(expr),
            _ => None,
        }));
    }
    inside.extend(call.filter.as_deref());
    if let Some(WindowType::WindowSpec(window)) = &call.over {
        inside.extend(&window.partition_by);
        inside.extend(window.order_by.iter().map(|term| &term.expr));
    }
    inside
}
