// SPDX-License-Identifier: MIT OR Apache-2.0
//! SELECT.
//!
//! Each column that somebody sees gets a name here, because the engines name expressions differently: a column's own
//! name, a function's name, else `column_` and its number.

use super::fault::{Checked, Fault};
use super::rewriter::{Allowed, Rewriter, checked_name, single};
use super::{function, grouping};
use sqlparser::ast::{
    Distinct, Expr, GroupByExpr, Ident, OrderByExpr, Select, SelectFlavor, SelectItem, SelectItemQualifiedWildcardKind,
    WildcardAdditionalOptions,
};

impl Rewriter<'_> {
    /// Appends a SELECT with its ORDER BY.
    pub(super) fn select(&mut self, select: &Select, order: &[OrderByExpr], named: bool) -> Checked {
        let Select {
            select_token: _,
            optimizer_hints,
            distinct,
            select_modifiers,
            top,
            top_before_distinct: _,
            projection,
            exclude,
            into,
            from,
            lateral_views,
            prewhere,
            selection,
            connect_by,
            group_by,
            cluster_by,
            distribute_by,
            sort_by,
            having,
            named_window,
            qualify,
            window_before_qualify: _,
            value_table_mode,
            flavor,
        } = select;
        let foreign = !optimizer_hints.is_empty()
            || select_modifiers.is_some()
            || top.is_some()
            || exclude.is_some()
            || into.is_some()
            || !lateral_views.is_empty()
            || prewhere.is_some()
            || !connect_by.is_empty()
            || !cluster_by.is_empty()
            || !distribute_by.is_empty()
            || !sort_by.is_empty()
            || !named_window.is_empty()
            || qualify.is_some()
            || value_table_mode.is_some()
            || *flavor != SelectFlavor::Standard;
        if foreign {
            let known = "DISTINCT, FROM, WHERE, GROUP BY, HAVING, ORDER BY and LIMIT";
            return Err(Fault::refused(format!("SELECT knows {known} only")).at(select));
        }
        let groups = groups(group_by)?;
        self.push("SELECT ");
        self.distinct(distinct.as_ref())?;
        self.allowing(Allowed::PROJECTION, |this| this.projection(projection, named))?;
        if !from.is_empty() {
            self.push(" FROM ");
            self.from(from)?;
        }
        self.condition(" WHERE ", Allowed::ROW, selection.as_ref())?;
        if !groups.is_empty() {
            self.push(" GROUP BY ");
            self.allowing(Allowed::ROW, |this| this.list(groups, Self::term))?;
        }
        self.condition(" HAVING ", Allowed::GROUP, having.as_ref())?;
        if !order.is_empty() {
            self.allowing(Allowed::PROJECTION, |this| this.sort(order))?;
        }
        grouping::check(projection, groups, having.as_ref(), order)
    }

    /// Appends a condition behind its word.
    pub(super) fn condition(&mut self, word: &str, allowed: Allowed, condition: Option<&Expr>) -> Checked {
        let Some(condition) = condition else { return Ok(()) };
        self.push(word);
        self.allowing(allowed, |this| this.expr(condition))
    }

    fn distinct(&mut self, distinct: Option<&Distinct>) -> Checked {
        match distinct {
            None | Some(Distinct::All) => Ok(()),
            Some(Distinct::Distinct) => {
                self.push("DISTINCT ");
                Ok(())
            }
            Some(Distinct::On(_)) => {
                Err(Fault::refused("DISTINCT ON is not in the subset: use row_number() OVER (...) in a subquery"))
            }
        }
    }

    /// Appends the columns of a SELECT or of RETURNING.
    pub(super) fn projection(&mut self, items: &[SelectItem], named: bool) -> Checked {
        if items.is_empty() {
            return Err(Fault::refused("a SELECT has at least one column"));
        }
        let mut number = 0_usize;
        self.list(items, |this, item| {
            number = number.saturating_add(1);
            this.item(item, named.then_some(number)).map_err(|fault| fault.at(item))
        })
    }

    fn item(&mut self, item: &SelectItem, number: Option<usize>) -> Checked {
        match item {
            SelectItem::Wildcard(options) => {
                plain(options)?;
                self.push("*");
                Ok(())
            }
            SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(table), options) => {
                plain(options)?;
                self.name(single(table)?)?;
                self.push(".*");
                Ok(())
            }
            SelectItem::ExprWithAlias { expr, alias } => {
                self.operand(expr)?;
                self.push(" AS ");
                self.name(alias)
            }
            SelectItem::UnnamedExpr(expr) => {
                self.operand(expr)?;
                let Some(number) = number else { return Ok(()) };
                let Some(name) = name_of(expr, number)? else { return Ok(()) };
                self.push(" AS ");
                self.known_name(&name);
                Ok(())
            }
            SelectItem::ExprWithAliases { .. } | SelectItem::QualifiedWildcard(..) => {
                Err(Fault::refused("write `expression AS name`"))
            }
        }
    }
}

/// The name of a column without an alias, where it needs to be written.
fn name_of(expr: &Expr, number: usize) -> Checked<Option<String>> {
    Ok(match expr {
        Expr::Nested(inside) => name_of(inside, number)?,
        Expr::Identifier(_) => None,
        Expr::CompoundIdentifier(parts) => parts.last().map(checked_name).transpose()?,
        Expr::Function(call) => {
            let name = checked_name(single(&call.name)?)?;
            function::kind_of(&name).map(|_| name)
        }
        Expr::Substring { .. } => Some("substr".to_owned()),
        Expr::Position { .. } => Some("position".to_owned()),
        Expr::Trim { .. } => Some("trim".to_owned()),
        _ => Some(format!("column_{number}")),
    })
}

/// The terms of GROUP BY.
fn groups(group_by: &GroupByExpr) -> Checked<&[Expr]> {
    match group_by {
        GroupByExpr::Expressions(terms, modifiers) if modifiers.is_empty() => Ok(terms),
        GroupByExpr::All(_) | GroupByExpr::Expressions(..) => Err(Fault::refused("write the terms of GROUP BY")),
    }
}

fn plain(options: &WildcardAdditionalOptions) -> Checked {
    let WildcardAdditionalOptions {
        wildcard_token: _,
        opt_ilike,
        opt_exclude,
        opt_except,
        opt_replace,
        opt_rename,
        opt_alias,
    } = options;
    let extended = opt_ilike.is_some()
        || opt_exclude.is_some()
        || opt_except.is_some()
        || opt_replace.is_some()
        || opt_rename.is_some()
        || opt_alias.is_some();
    if extended { Err(Fault::refused("write the names of the columns")) } else { Ok(()) }
}

/// Whether a name is that of the other identifier, as the engines compare them.
pub(super) fn same_name(one: &Ident, other: &Ident) -> bool {
    one.value.eq_ignore_ascii_case(&other.value)
}
