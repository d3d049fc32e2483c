// SPDX-License-Identifier: MIT OR Apache-2.0
//! CREATE TABLE.
//!
//! On SQLite every table is STRICT, so that a column holds values of its type only, and WITHOUT ROWID, so that the
//! primary key is what it says: it cannot be NULL, it does not number rows by itself, and there is no hidden column.

use crate::Dialect;
use crate::limits::TABLE_COLUMNS_MAX;
use crate::subset::fault::{Checked, Fault};
use crate::subset::rewriter::{Rewriter, checked_name};
use sqlparser::ast::helpers::stmt_create_table::CreateTableBuilder;
use sqlparser::ast::{
    CheckConstraint, ColumnDef, ColumnOption, CreateTable, ForeignKeyConstraint, Ident, IndexColumn, KeyOrIndexDisplay,
    NullsDistinctOption, PrimaryKeyConstraint, ReferentialAction, TableConstraint, UniqueConstraint,
};
use sqlparser::ast::{Expr, OrderByExpr, OrderByOptions};

impl Rewriter<'_> {
    pub(super) fn create_table(&mut self, table: &CreateTable) -> Checked {
        let CreateTable { name, columns, constraints, .. } = table;
        // The node has sixty fields. Everything but these three must be as an empty one has it.
        let plain =
            CreateTableBuilder::new(name.clone()).columns(columns.clone()).constraints(constraints.clone()).build();
        if *table != plain {
            let fault =
                "write CREATE TABLE name (columns and constraints): the host adds STRICT and what else it needs";
            return Err(Fault::refused(fault).at(name));
        }
        if columns.len() > TABLE_COLUMNS_MAX {
            let count = columns.len();
            let fault = format!("the table has {count} columns, {TABLE_COLUMNS_MAX} are the most");
            return Err(Fault::refused(fault).at(name));
        }
        if primary_keys(columns, constraints) != 1 {
            return Err(Fault::refused("a table has one PRIMARY KEY, of one column or of several").at(name));
        }
        self.push("CREATE TABLE ");
        self.object(name)?;
        self.push(" (");
        self.list(columns, Self::column_definition)?;
        for constraint in constraints {
            self.push(", ");
            self.constraint(constraint).map_err(|fault| fault.at(name))?;
        }
        self.push(if self.dialect == Dialect::Sqlite { ") STRICT, WITHOUT ROWID" } else { ")" });
        Ok(())
    }

    fn constraint(&mut self, constraint: &TableConstraint) -> Checked {
        match constraint {
            TableConstraint::PrimaryKey(key) => self.primary_key(None, key, true),
            TableConstraint::Unique(unique) => self.unique(None, unique, true),
            TableConstraint::ForeignKey(key) => self.foreign_key(None, key, true),
            TableConstraint::Check(check) => self.check(None, check),
            _ => Err(Fault::refused("a table knows PRIMARY KEY, UNIQUE, FOREIGN KEY and CHECK")),
        }
    }

    /// Appends `CONSTRAINT name `, where it has one.
    fn constraint_name(&mut self, outer: Option<&Ident>, inner: Option<&Ident>) -> Checked {
        let Some(name) = outer.or(inner) else { return Ok(()) };
        self.push("CONSTRAINT ");
        self.name(name)?;
        self.push(" ");
        Ok(())
    }

    pub(super) fn primary_key(&mut self, name: Option<&Ident>, key: &PrimaryKeyConstraint, table: bool) -> Checked {
        let PrimaryKeyConstraint {
            name: inner,
            index_name,
            index_type,
            columns,
            include,
            index_options,
            characteristics,
        } = key;
        let foreign = index_name.is_some()
            || index_type.is_some()
            || !include.is_empty()
            || !index_options.is_empty()
            || characteristics.is_some();
        if foreign {
            return Err(Fault::refused("write PRIMARY KEY"));
        }
        self.constraint_name(name, inner.as_ref())?;
        self.push("PRIMARY KEY");
        if table { self.key_columns(columns) } else { Ok(()) }
    }

    pub(super) fn unique(&mut self, name: Option<&Ident>, unique: &UniqueConstraint, table: bool) -> Checked {
        let UniqueConstraint {
            name: inner,
            index_name,
            index_type_display,
            index_type,
            columns,
            include,
            index_options,
            characteristics,
            nulls_distinct,
        } = unique;
        let foreign = index_name.is_some()
            || *index_type_display != KeyOrIndexDisplay::None
            || index_type.is_some()
            || !include.is_empty()
            || !index_options.is_empty()
            || characteristics.is_some()
            || *nulls_distinct != NullsDistinctOption::None;
        if foreign {
            return Err(Fault::refused("write UNIQUE"));
        }
        self.constraint_name(name, inner.as_ref())?;
        self.push("UNIQUE");
        if table { self.key_columns(columns) } else { Ok(()) }
    }

    fn key_columns(&mut self, columns: &[IndexColumn]) -> Checked {
        self.push(" (");
        self.list(columns, |this, column| {
            let IndexColumn { column: OrderByExpr { expr, options, with_fill: _ }, operator_class } = column;
            match (expr, operator_class, options) {
                (Expr::Identifier(name), None, OrderByOptions { sort: None, nulls_first: None }) => this.name(name),
                _ => Err(Fault::refused("a key holds columns and nothing else").at(expr)),
            }
        })?;
        self.push(")");
        Ok(())
    }

    pub(super) fn foreign_key(&mut self, name: Option<&Ident>, key: &ForeignKeyConstraint, table: bool) -> Checked {
        let ForeignKeyConstraint {
            name: inner,
            index_name,
            columns,
            foreign_table,
            referred_columns,
            on_delete,
            on_update,
            match_kind,
            characteristics,
        } = key;
        if index_name.is_some() || match_kind.is_some() || characteristics.is_some() {
            let fault =
                "write REFERENCES table (columns) ON DELETE ... ON UPDATE ...: it is checked with each statement";
            return Err(Fault::refused(fault).at(foreign_table));
        }
        self.constraint_name(name, inner.as_ref())?;
        if table {
            self.push("FOREIGN KEY (");
            self.list(columns, Self::name)?;
            self.push(") ");
        }
        self.push("REFERENCES ");
        self.object(foreign_table)?;
        if !referred_columns.is_empty() {
            self.push(" (");
            self.list(referred_columns, Self::name)?;
            self.push(")");
        }
        for (word, action) in [(" ON DELETE ", on_delete), (" ON UPDATE ", on_update)] {
            let Some(action) = action else { continue };
            self.push(word);
            self.push(match action {
                ReferentialAction::Restrict => "RESTRICT",
                ReferentialAction::Cascade => "CASCADE",
                ReferentialAction::SetNull => "SET NULL",
                ReferentialAction::NoAction => "NO ACTION",
                ReferentialAction::SetDefault => {
                    return Err(Fault::refused("SET DEFAULT is not in the subset").at(foreign_table));
                }
            });
        }
        Ok(())
    }

    pub(super) fn check(&mut self, name: Option<&Ident>, check: &CheckConstraint) -> Checked {
        let CheckConstraint { name: inner, expr, no_inherit, enforced } = check;
        if *no_inherit || enforced.is_some() {
            return Err(Fault::refused("write CHECK (condition)").at(&**expr));
        }
        self.constraint_name(name, inner.as_ref())?;
        self.push("CHECK (");
        self.row_condition(expr)?;
        self.push(")");
        Ok(())
    }

    /// Appends the check that a truth value is one, on SQLite, which keeps it as an integer.
    pub(super) fn truth_check(&mut self, column: &Ident) -> Checked {
        let name = checked_name(column)?;
        self.push(" CHECK (");
        self.known_name(&name);
        self.push(" IN (0, 1))");
        Ok(())
    }
}

fn primary_keys(columns: &[ColumnDef], constraints: &[TableConstraint]) -> usize {
    let options = columns.iter().flat_map(|column| &column.options);
    let of_columns = options.filter(|option| matches!(option.option, ColumnOption::PrimaryKey(_))).count();
    let of_table = constraints.iter().filter(|constraint| matches!(constraint, TableConstraint::PrimaryKey(_))).count();
    of_columns.saturating_add(of_table)
}
