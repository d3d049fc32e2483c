// SPDX-License-Identifier: MIT OR Apache-2.0
//! What must hold for any text whatever that a component passes as SQL; asserted, for fuzzers and property tests.
//!
//! What the rewriter printed is parsed again by rules that have nothing in common with the ones that printed it, and
//! every relation in it is looked at. It is the first wall looked at from outside; the second is not in this crate.

use crate::name::namespace;
use crate::subset::{compile, on_large_stack};
use crate::{Dialect, MigrationFile, Migrations, Statement};
use kernel_types::ComponentId;
use sqlparser::ast::{self, Cte, Expr, ObjectName, TableFactor, Visit, Visitor};
use sqlparser::parser::Parser;
use std::collections::BTreeSet;
use std::ops::ControlFlow;

/// Compiles the data as a statement and as a migration, and asserts that neither reaches outside of its namespace.
///
/// # Panics
/// Where one does, or where what is printed is no SQL.
pub fn fuzz_one(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let Ok(component) = ComponentId::parse("demo-shop") else { return };
    let sqlite = compile(Dialect::Sqlite, &component, &text);
    let postgres = compile(Dialect::Postgres, &component, &text);
    assert_eq!(sqlite.is_ok(), postgres.is_ok(), "the subset is the same on both: {text}");
    if let Ok(statement) = &sqlite {
        assert_eq!(compile(Dialect::Sqlite, &component, &text).as_ref(), Ok(statement), "compiling is a function");
        check_statement(&component, statement);
    }
    let file = MigrationFile { name: "0001_fuzz.sql", text: &text };
    if let Ok(migrations) = Migrations::parse(Dialect::Sqlite, &component, &[file]) {
        for statement in migrations.as_slice().iter().flat_map(|migration| migration.statements()) {
            on_large_stack(|| check_text(&component, statement));
        }
    }
}

/// Asserts that a compiled statement for SQLite is one statement on rows, and names nothing outside of the namespace.
///
/// # Panics
/// Where it is not so.
pub fn check_statement(component: &ComponentId, statement: &Statement) {
    on_large_stack(|| {
        let parsed = check_text(component, statement.sql());
        let on_rows = matches!(
            parsed,
            ast::Statement::Query(_)
                | ast::Statement::Insert(_)
                | ast::Statement::Update(_)
                | ast::Statement::Delete(_)
        );
        assert!(on_rows, "a statement on rows: {}", statement.sql());
    });
}

fn check_text(component: &ComponentId, sql: &str) -> ast::Statement {
    let parser = Parser::new(&Printed).with_recursion_limit(1_000);
    let parsed = parser.try_with_sql(sql).and_then(|mut parser| parser.parse_statements());
    assert!(matches!(&parsed, Ok(list) if list.len() == 1), "one statement of SQLite: {sql}: {:?}", parsed.err());
    let mut outside = Outside { namespace: namespace(component), with_names: BTreeSet::new(), faults: Vec::new() };
    let statement = parsed.ok().and_then(|mut list| list.pop()).unwrap_or(ast::Statement::UnlockTables);
    let _ = statement.visit(&mut WithNames(&mut outside.with_names));
    let _ = statement.visit(&mut outside);
    assert!(outside.faults.is_empty(), "outside of the namespace: {:?} in {sql}", outside.faults);
    statement
}

/// The language that is printed for SQLite: what sqlparser takes for it lacks an alias in INSERT.
#[derive(Debug)]
struct Printed;

impl sqlparser::dialect::Dialect for Printed {
    fn is_delimited_identifier_start(&self, ch: char) -> bool {
        ch == '`' || ch == '"'
    }

    fn is_identifier_start(&self, ch: char) -> bool {
        ch.is_ascii_alphabetic()
    }

    fn is_identifier_part(&self, ch: char) -> bool {
        ch.is_ascii_alphanumeric() || ch == '_'
    }

    fn supports_filter_during_aggregation(&self) -> bool {
        true
    }

    fn supports_comma_separated_trim(&self) -> bool {
        true
    }

    fn supports_insert_table_alias(&self) -> bool {
        true
    }
}

/// Collects the names of every WITH.
struct WithNames<'a>(&'a mut BTreeSet<String>);

impl Visitor for WithNames<'_> {
    type Break = ();

    fn pre_visit_query(&mut self, query: &ast::Query) -> ControlFlow<()> {
        let names = query.with.iter().flat_map(|with| &with.cte_tables);
        self.0.extend(names.map(|Cte { alias, .. }| alias.name.value.clone()));
        ControlFlow::Continue(())
    }
}

/// Collects what lies outside of the namespace.
struct Outside {
    namespace: String,
    with_names: BTreeSet<String>,
    faults: Vec<String>,
}

impl Visitor for Outside {
    type Break = ();

    fn pre_visit_relation(&mut self, relation: &ObjectName) -> ControlFlow<()> {
        let name = relation.to_string().replace('`', "");
        let own = name.strip_prefix(&self.namespace).is_some_and(|table| !table.is_empty() && !table.contains("__"));
        let common = self.with_names.contains(&name) && !name.contains("__") && !name.starts_with("sqlite_");
        if !own && !common {
            self.faults.push(name);
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<()> {
        match factor {
            TableFactor::Table { args: None, .. } | TableFactor::Derived { .. } | TableFactor::NestedJoin { .. } => {}
            other => self.faults.push(other.to_string()),
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        if let Expr::Identifier(name) = expr
            && name.quote_style == Some('"')
        {
            // SQLite would read an unknown name in double quotes as a text.
            self.faults.push(name.to_string());
        }
        ControlFlow::Continue(())
    }
}
