// SPDX-License-Identifier: MIT OR Apache-2.0
//! Statements compiled once and kept: a bounded cache for each component, so that none can push out another's.

use crate::limits::{CACHED_STATEMENT_BYTES_MAX, CACHED_STATEMENTS_MAX};
use crate::{Dialect, SqlError, Statement, subset};
use kernel_types::ComponentId;
use parking_lot::{Mutex, RwLock};
use std::collections::HashMap;
use std::sync::Arc;

/// Compiles statements of the portable subset for one database, and keeps them.
pub struct Compiler {
    dialect: Dialect,
    components: RwLock<HashMap<ComponentId, Arc<Mutex<Kept>>>>,
}

/// The statements of one component by their text as written.
#[derive(Default)]
struct Kept {
    statements: HashMap<Arc<str>, Entry>,
    bytes: usize,
    clock: u64,
}

struct Entry {
    statement: Arc<Statement>,
    used: u64,
}

impl Compiler {
    /// A compiler with an empty cache.
    #[must_use]
    pub fn new(dialect: Dialect) -> Self {
        Self { dialect, components: RwLock::default() }
    }

    /// The database that it compiles for.
    #[must_use]
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// Checks a statement and rewrites it into the component's namespace, or finds it in the cache.
    ///
    /// # Errors
    /// [`SqlError::Syntax`] where it cannot be parsed, [`SqlError::Refused`] where it is outside the subset.
    pub fn compile(&self, component: &ComponentId, sql: &str) -> Result<Arc<Statement>, SqlError> {
        let kept = self.kept(component);
        if let Some(statement) = kept.lock().find(sql) {
            return Ok(statement);
        }
        // Not under the lock: two requests may compile the same statement once each, but none waits for another's.
        let statement = Arc::new(subset::compile(self.dialect, component, sql)?);
        kept.lock().keep(sql, &statement);
        Ok(statement)
    }

    /// Forgets the statements of a component that was removed.
    pub fn forget(&self, component: &ComponentId) {
        self.components.write().remove(component);
    }

    fn kept(&self, component: &ComponentId) -> Arc<Mutex<Kept>> {
        if let Some(kept) = self.components.read().get(component) {
            return Arc::clone(kept);
        }
        Arc::clone(self.components.write().entry(component.clone()).or_default())
    }
}

impl Kept {
    fn find(&mut self, sql: &str) -> Option<Arc<Statement>> {
        self.clock = self.clock.saturating_add(1);
        let entry = self.statements.get_mut(sql)?;
        entry.used = self.clock;
        Some(Arc::clone(&entry.statement))
    }

    fn keep(&mut self, sql: &str, statement: &Arc<Statement>) {
        let size = sql.len().saturating_add(statement.sql().len());
        while self.statements.len() >= CACHED_STATEMENTS_MAX
            || self.bytes.saturating_add(size) > CACHED_STATEMENT_BYTES_MAX
        {
            if !self.drop_oldest() {
                break;
            }
        }
        let entry = Entry { statement: Arc::clone(statement), used: self.clock };
        if self.statements.insert(sql.into(), entry).is_none() {
            self.bytes = self.bytes.saturating_add(size);
        }
    }

    /// Drops the statement that was not used for the longest time. A search through all: it runs on a miss only, beside
    /// which it costs nothing.
    fn drop_oldest(&mut self) -> bool {
        let oldest = self.statements.iter().min_by_key(|(_, entry)| entry.used).map(|(sql, _)| Arc::clone(sql));
        let Some(sql) = oldest else { return false };
        if let Some(entry) = self.statements.remove(&sql) {
            self.bytes = self.bytes.saturating_sub(sql.len().saturating_add(entry.statement.sql().len()));
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(text: &str) -> ComponentId {
        ComponentId::parse(text).unwrap()
    }

    fn kept(compiler: &Compiler, component: &str) -> (usize, usize) {
        let kept = compiler.kept(&id(component));
        let kept = kept.lock();
        (kept.statements.len(), kept.bytes)
    }

    #[test]
    fn a_statement_is_compiled_once_for_each_component() {
        let compiler = Compiler::new(Dialect::Sqlite);
        let first = compiler.compile(&id("a"), "SELECT id FROM t").unwrap();
        let again = compiler.compile(&id("a"), "SELECT id FROM t").unwrap();
        let other = compiler.compile(&id("b"), "SELECT id FROM t").unwrap();
        assert!(Arc::ptr_eq(&first, &again));
        assert_eq!((first.sql(), other.sql()), ("SELECT id FROM a__t AS t", "SELECT id FROM b__t AS t"));
        compiler.forget(&id("a"));
        assert_eq!((kept(&compiler, "a").0, kept(&compiler, "b").0), (0, 1));
    }

    #[test]
    fn a_component_cannot_take_the_names_that_sqlite_keeps() {
        let compiler = Compiler::new(Dialect::Sqlite);
        for (component, accepted) in [("sqlite", false), ("sqlite-tools", false), ("sqlit", true), ("my-sqlite", true)]
        {
            assert_eq!(compiler.compile(&id(component), "SELECT a FROM t").is_ok(), accepted, "{component}");
        }
    }

    #[test]
    fn a_refused_statement_takes_no_room() {
        let compiler = Compiler::new(Dialect::Sqlite);
        assert!(compiler.compile(&id("a"), "PRAGMA journal_mode").is_err());
        assert_eq!(kept(&compiler, "a"), (0, 0));
    }

    #[test]
    fn a_component_pushes_out_its_own_oldest_statement_and_nobody_elses() {
        let compiler = Compiler::new(Dialect::Sqlite);
        let other = compiler.compile(&id("b"), "SELECT 0 AS x").unwrap();
        let first = compiler.compile(&id("a"), "SELECT 0 AS x").unwrap();
        for number in 1..CACHED_STATEMENTS_MAX {
            compiler.compile(&id("a"), &format!("SELECT {number} AS x")).unwrap();
        }
        assert!(Arc::ptr_eq(&first, &compiler.compile(&id("a"), "SELECT 0 AS x").unwrap()));
        let second = compiler.compile(&id("a"), "SELECT 1 AS x").unwrap();
        compiler.compile(&id("a"), "SELECT -1 AS x").unwrap();
        assert_eq!(kept(&compiler, "a").0, CACHED_STATEMENTS_MAX);
        // 0 and 1 were used since; 2 was the oldest and is gone.
        assert!(Arc::ptr_eq(&first, &compiler.compile(&id("a"), "SELECT 0 AS x").unwrap()));
        assert!(Arc::ptr_eq(&second, &compiler.compile(&id("a"), "SELECT 1 AS x").unwrap()));
        assert!(Arc::ptr_eq(&other, &compiler.compile(&id("b"), "SELECT 0 AS x").unwrap()));
    }

    #[test]
    fn long_statements_are_bounded_by_their_bytes() {
        let compiler = Compiler::new(Dialect::Sqlite);
        for number in 0..40 {
            let text = "x".repeat(50_000);
            compiler.compile(&id("a"), &format!("SELECT '{text}' AS x, {number} AS y")).unwrap();
        }
        let (count, bytes) = kept(&compiler, "a");
        assert!(count > 0 && bytes <= CACHED_STATEMENT_BYTES_MAX, "{count} {bytes}");
    }
}
