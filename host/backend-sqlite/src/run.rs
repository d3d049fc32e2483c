// SPDX-License-Identifier: MIT OR Apache-2.0
//! Runs one statement of a component on a connection: compile under the component's policy, bind, step, count.

use crate::authorizer::{Access, Policy};
use crate::connection::Connection;
use crate::failure::{compile_error, sql_error};
use crate::value::{Bound, from_engine, size_bytes};
use cap_storage::{Budget, Rows, SqlError, Statement, Value};
use kernel_types::{ComponentId, Limit};
use rusqlite::CachedStatement;

/// How long a row is expected to be at the least, for the first allocation only.
const ROWS_EXPECTED: usize = 8;

/// A component's statement on a connection, with the right to run it.
pub(crate) struct Run<'a> {
    component: &'a ComponentId,
    statement: &'a Statement,
    prepared: CachedStatement<'a>,
    // Dropped last: SQLite may compile the statement again while it runs, and asks again.
    _permit: crate::guard::Permit,
}

impl<'a> Run<'a> {
    /// Compiles the statement, or takes it from the connection's cache. The cache is keyed by the text, so the component
    /// is made a part of it: what one component was permitted to compile is not another's.
    pub(crate) fn prepare(
        connection: &'a Connection,
        component: &'a ComponentId,
        access: Access,
        statement: &'a Statement,
    ) -> Result<Self, SqlError> {
        let permit = connection.permit(Policy::Component(component.clone(), access));
        let id = component.as_str();
        let mut text = String::with_capacity(statement.sql().len().saturating_add(id.len()).saturating_add(4));
        text.push_str(statement.sql());
        // An id holds no white space and no `--`: no two (statement, component) make the same text.
        text.push_str("\n--");
        text.push_str(id);
        let prepared = connection.engine().prepare_cached(&text).map_err(|error| compile_error(component, &error))?;
        Ok(Self { component, statement, prepared, _permit: permit })
    }

    fn bind(&mut self, parameters: &[Value]) -> Result<(), SqlError> {
        let wanted = usize::from(self.statement.placeholders()).max(self.prepared.parameter_count());
        if parameters.len() != wanted {
            let given = parameters.len();
            return Err(SqlError::Parameter(format!("{given} parameters are given, the statement takes {wanted}")));
        }
        for (index, value) in parameters.iter().enumerate() {
            let bound = Bound::new(index, value)?;
            let number = index.saturating_add(1);
            self.prepared.raw_bind_parameter(number, bound).map_err(|error| sql_error(self.component, &error))?;
        }
        Ok(())
    }

    /// Runs a change; returns how many rows it touched.
    pub(crate) fn change(&mut self, parameters: &[Value]) -> Result<u64, SqlError> {
        self.bind(parameters)?;
        if self.prepared.column_count() > 0 {
            return Err(SqlError::Refused {
                message: "the statement returns rows: use `query`".into(),
                position: None,
            });
        }
        let touched = self.prepared.raw_execute().map_err(|error| sql_error(self.component, &error))?;
        Ok(u64::try_from(touched).unwrap_or(u64::MAX))
    }

    /// Runs a query; counts rows and bytes against the budget while they come.
    pub(crate) fn rows(&mut self, parameters: &[Value], budget: &mut Budget) -> Result<Rows, SqlError> {
        self.bind(parameters)?;
        let (rows_max, bytes_max) = (budget.rows, budget.bytes);
        let mut columns: Vec<String> = Vec::new();
        let mut rows = Vec::with_capacity(ROWS_EXPECTED);
        let mut cursor = self.prepared.raw_query();
        while let Some(row) = cursor.next().map_err(|error| sql_error(self.component, &error))? {
            if rows.is_empty() {
                // Known only now: the first step compiles the statement again where the tables have changed.
                columns = names(row.as_ref());
            }
            budget.rows = budget.rows.checked_sub(1).ok_or_else(|| used_up(Limit::SqlRows, rows_max))?;
            let mut values = Vec::with_capacity(columns.len());
            for index in 0..columns.len() {
                let value = row.get_ref(index).map_err(|error| sql_error(self.component, &error))?;
                let left = budget.bytes.checked_sub(size_bytes(value));
                budget.bytes = left.ok_or_else(|| used_up(Limit::ResultBytes, bytes_max))?;
                values.push(from_engine(value)?);
            }
            rows.push(values);
        }
        drop(cursor);
        if rows.is_empty() {
            columns = names(&self.prepared);
        }
        Ok(Rows { columns, rows })
    }
}

fn names(statement: &rusqlite::Statement<'_>) -> Vec<String> {
    statement.column_names().into_iter().map(str::to_owned).collect()
}

/// A limit of which nothing is left. `value` is what was left when the statement began.
pub(crate) fn used_up(limit: Limit, value: u64) -> SqlError {
    SqlError::LimitExceeded { limit: limit.name(), value }
}
