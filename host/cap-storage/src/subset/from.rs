// SPDX-License-Identifier: MIT OR Apache-2.0
//! FROM: tables, subqueries and their joins. The one place where a name becomes a table.
//!
//! A table is printed by its physical name with its own name (or the alias that was written) as alias, so that columns
//! keep the qualifiers that the component wrote.

use super::fault::{Checked, Fault};
use super::rewriter::{Allowed, Rewriter, checked_name, single};
use crate::limits::JOINED_RELATIONS_MAX;
use sqlparser::ast::{Ident, Join, JoinConstraint, JoinOperator, ObjectName, TableAlias, TableFactor, TableWithJoins};

impl Rewriter<'_> {
    /// Appends the relations of a FROM.
    pub(super) fn from(&mut self, from: &[TableWithJoins]) -> Checked {
        let mut relations = 0_usize;
        self.allowing(Allowed::ROW, |this| this.list(from, |this, table| this.joined(table, &mut relations)))
    }

    fn joined(&mut self, table: &TableWithJoins, relations: &mut usize) -> Checked {
        let TableWithJoins { relation, joins } = table;
        self.relation(relation, relations)?;
        for join in joins {
            self.join(join, relations)?;
        }
        Ok(())
    }

    fn join(&mut self, join: &Join, relations: &mut usize) -> Checked {
        let Join { relation, global, join_operator } = join;
        let (word, constraint) = match join_operator {
            _ if *global => return Err(Fault::refused("GLOBAL is not in the subset").at(relation)),
            JoinOperator::Join(constraint) | JoinOperator::Inner(constraint) => (" JOIN ", constraint),
            JoinOperator::Left(constraint) | JoinOperator::LeftOuter(constraint) => (" LEFT JOIN ", constraint),
            JoinOperator::Right(constraint) | JoinOperator::RightOuter(constraint) => (" RIGHT JOIN ", constraint),
            JoinOperator::FullOuter(constraint) => (" FULL JOIN ", constraint),
            JoinOperator::CrossJoin(constraint) => (" CROSS JOIN ", constraint),
            _ => return Err(Fault::refused("write JOIN, LEFT, RIGHT, FULL or CROSS JOIN").at(relation)),
        };
        self.push(word);
        self.relation(relation, relations)?;
        let cross = matches!(join_operator, JoinOperator::CrossJoin(_));
        match constraint {
            JoinConstraint::None if cross => Ok(()),
            JoinConstraint::On(condition) if !cross => {
                self.push(" ON ");
                self.expr(condition)
            }
            JoinConstraint::Using(columns) if !cross => {
                self.push(" USING (");
                self.list(columns, |this, column| this.name(single(column)?))?;
                self.push(")");
                Ok(())
            }
            _ => Err(Fault::refused("a join has ON or USING, a CROSS JOIN has neither").at(relation)),
        }
    }

    fn relation(&mut self, relation: &TableFactor, relations: &mut usize) -> Checked {
        *relations = relations.saturating_add(1);
        if *relations > JOINED_RELATIONS_MAX {
            let fault = format!("FROM joins more than {JOINED_RELATIONS_MAX} relations: name parts in a WITH");
            return Err(Fault::refused(fault).at(relation));
        }
        match relation {
            TableFactor::Derived { lateral: false, subquery, alias: Some(alias), sample: None } => {
                self.push("(");
                self.allowing(Allowed::PROJECTION, |this| this.query(subquery, true))?;
                self.push(") AS ");
                self.name(alias_name(alias)?)
            }
            TableFactor::Derived { alias: None, .. } => {
                Err(Fault::refused("a subquery in FROM needs a name: (...) AS name").at(relation))
            }
            TableFactor::NestedJoin { table_with_joins, alias: None } => {
                self.push("(");
                self.nested(|this| this.joined(table_with_joins, relations))?;
                self.push(")");
                Ok(())
            }
            TableFactor::Table { .. } => {
                let (name, alias) = plain_table(relation)?;
                self.table_or_common_table(name, alias)
            }
            other => Err(Fault::refused("FROM knows tables, subqueries and joins only").at(other)),
        }
    }

    fn table_or_common_table(&mut self, name: &ObjectName, alias: Option<&Ident>) -> Checked {
        let own = checked_name(single(name)?)?;
        if !self.with_names.contains(&own) {
            return self.table(name, alias).map(drop);
        }
        self.known_name(&own);
        match alias {
            None => Ok(()),
            Some(alias) => {
                self.push(" AS ");
                self.name(alias)
            }
        }
    }

    /// Appends a table of the component with its alias, and returns the alias.
    pub(super) fn table(&mut self, name: &ObjectName, alias: Option<&Ident>) -> Checked<String> {
        let own = self.object(name)?;
        let alias = alias.map_or(Ok(own), checked_name)?;
        self.push(" AS ");
        self.known_name(&alias);
        Ok(alias)
    }
}

/// A table without anything that the subset does not know, and its alias.
pub(super) fn plain_table(relation: &TableFactor) -> Checked<(&ObjectName, Option<&Ident>)> {
    let TableFactor::Table {
        name,
        alias,
        args,
        with_hints,
        version,
        with_ordinality,
        partitions,
        json_path,
        sample,
        index_hints,
    } = relation
    else {
        return Err(Fault::refused("this is no table").at(relation));
    };
    if args.is_some() {
        return Err(Fault::refused("a function cannot stand in FROM").at(relation));
    }
    let extended = !with_hints.is_empty()
        || version.is_some()
        || *with_ordinality
        || !partitions.is_empty()
        || json_path.is_some()
        || sample.is_some()
        || !index_hints.is_empty();
    if extended {
        return Err(Fault::refused("a table has an alias and nothing else").at(relation));
    }
    Ok((name, alias.as_ref().map(alias_name).transpose()?))
}

/// The name of an alias that has nothing else.
fn alias_name(alias: &TableAlias) -> Checked<&Ident> {
    let TableAlias { explicit: _, name, columns, at } = alias;
    if columns.is_empty() && at.is_none() {
        return Ok(name);
    }
    Err(Fault::refused("SQLite has no column names behind an alias: name the columns in the query").at_name(name))
}
