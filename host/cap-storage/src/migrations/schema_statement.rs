// SPDX-License-Identifier: MIT OR Apache-2.0
//! Statements that make, change and drop tables and indexes.

use crate::subset::fault::{Checked, Fault, quoted};
use crate::subset::rewriter::{Allowed, Columns, Rewriter};
use sqlparser::ast::{
    AlterTable, AlterTableOperation, CreateIndex, Expr, IndexColumn, ObjectName, ObjectType, OrderByExpr,
    OrderByOptions, OrderBySort, RenameTableNameKind, Statement,
};

impl Rewriter<'_> {
    /// Appends the statement, where it is one of these.
    pub(super) fn schema_statement(&mut self, statement: &Statement) -> Checked<bool> {
        match statement {
            Statement::CreateTable(table) => self.create_table(table)?,
            Statement::CreateIndex(index) => self.create_index(index)?,
            Statement::AlterTable(alter) => self.alter_table(alter)?,
            Statement::Drop {
                object_type,
                if_exists: false,
                names,
                cascade: false,
                restrict: _,
                purge: false,
                temporary: false,
                table: None,
            } => self.drop_object(*object_type, names)?,
            Statement::Drop { .. } => return Err(Fault::refused("write DROP TABLE name or DROP INDEX name")),
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn drop_object(&mut self, object_type: ObjectType, names: &[ObjectName]) -> Checked {
        let word = match object_type {
            ObjectType::Table => "DROP TABLE ",
            ObjectType::Index => "DROP INDEX ",
            other => return Err(Fault::refused(format!("a migration drops tables and indexes, no {other}"))),
        };
        let [name] = names else { return Err(Fault::refused("one DROP names one table or index")) };
        self.push(word);
        self.object(name).map(drop)
    }

    fn create_index(&mut self, index: &CreateIndex) -> Checked {
        let CreateIndex {
            name,
            table_name,
            using,
            columns,
            unique,
            concurrently,
            r#async,
            if_not_exists,
            include,
            nulls_distinct,
            with,
            predicate,
            index_options,
            alter_options,
        } = index;
        let Some(name) = name else { return Err(Fault::refused("an index needs a name").at(table_name)) };
        let foreign = using.is_some()
            || *concurrently
            || *r#async
            || *if_not_exists
            || !include.is_empty()
            || nulls_distinct.is_some()
            || !with.is_empty()
            || !index_options.is_empty()
            || !alter_options.is_empty();
        if foreign {
            return Err(
                Fault::refused("write CREATE [UNIQUE] INDEX name ON table (columns) [WHERE condition]").at(name)
            );
        }
        self.push(if *unique { "CREATE UNIQUE INDEX " } else { "CREATE INDEX " });
        self.object(name)?;
        self.push(" ON ");
        self.object(table_name)?;
        self.push(" (");
        self.list(columns, Self::index_column)?;
        self.push(")");
        if let Some(condition) = predicate {
            self.push(" WHERE ");
            self.row_condition(condition)?;
        }
        Ok(())
    }

    fn index_column(&mut self, column: &IndexColumn) -> Checked {
        let IndexColumn { column: OrderByExpr { expr, options, with_fill: _ }, operator_class } = column;
        let OrderByOptions { sort, nulls_first } = options;
        let (Expr::Identifier(name), None, None) = (expr, operator_class, nulls_first) else {
            return Err(Fault::refused("an index holds columns, each with ASC or DESC at the most").at(expr));
        };
        self.name(name)?;
        match sort {
            None | Some(OrderBySort::Asc) => Ok(()),
            Some(OrderBySort::Desc) => {
                self.push(" DESC");
                Ok(())
            }
            Some(OrderBySort::Using(_)) => Err(Fault::refused("write ASC or DESC").at(expr)),
        }
    }

    /// Appends a condition on one row: its columns without qualifier, and nothing from elsewhere.
    pub(super) fn row_condition(&mut self, condition: &Expr) -> Checked {
        self.allowing(Allowed::SCHEMA, |this| this.with_columns(Columns::Unqualified, |this| this.expr(condition)))
    }

    fn alter_table(&mut self, alter: &AlterTable) -> Checked {
        let AlterTable { name, if_exists, only, operations, location, on_cluster, table_type, end_token: _ } = alter;
        let [operation] = operations.as_slice() else {
            return Err(Fault::refused("one ALTER TABLE does one thing: write one for each").at(name));
        };
        if *if_exists || *only || location.is_some() || on_cluster.is_some() || table_type.is_some() {
            return Err(Fault::refused("write ALTER TABLE name ...").at(name));
        }
        self.push("ALTER TABLE ");
        self.object(name)?;
        match operation {
            AlterTableOperation::AddColumn {
                column_keyword: _,
                if_not_exists: false,
                column_def,
                column_position: None,
            } => {
                self.push(" ADD COLUMN ");
                self.added_column(column_def)
            }
            AlterTableOperation::DropColumn {
                has_column_keyword: _,
                column_names,
                if_exists: false,
                drop_behavior: None,
            } => {
                let [column] = column_names.as_slice() else {
                    return Err(Fault::refused("one ALTER TABLE drops one column").at(name));
                };
                self.push(" DROP COLUMN ");
                self.name(column)
            }
            AlterTableOperation::RenameColumn { old_column_name, new_column_name } => {
                self.push(" RENAME COLUMN ");
                self.name(old_column_name)?;
                self.push(" TO ");
                self.name(new_column_name)
            }
            AlterTableOperation::RenameTable { table_name: RenameTableNameKind::To(new) } => {
                self.push(" RENAME TO ");
                self.object(new).map(drop)
            }
            other => {
                let known = "ADD COLUMN, DROP COLUMN, RENAME COLUMN ... TO and RENAME TO";
                let fault =
                    format!("ALTER TABLE knows {known}, not `{}`: make a new table and move the rows", quoted(other));
                Err(Fault::refused(fault).at(name))
            }
        }
    }
}
