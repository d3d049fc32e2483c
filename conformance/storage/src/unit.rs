// SPDX-License-Identifier: MIT OR Apache-2.0
//! Units of work on a back end, and a component's statements in them.

use crate::backend::{Backend, component, tenant};
use cap_storage::{
    Budget, Dialect, Parameters, Rows, SavepointStep, SharedSession, SqlError, StatementKind, Value, subset,
};
use kernel_engine::{AnswerBook, BoxFuture, Extensions, TransactError, Verdict};
use kernel_types::{ComponentId, Effect};
use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What a statement may use where nothing else is said: what a component may whose manifest says nothing.
pub const BUDGET: Budget = Budget { rows: 100_000, bytes: 8 << 20, time: Duration::from_secs(20) };

/// How long a unit of work of the suite may take.
const UNIT_TIME: Duration = Duration::from_secs(60);

/// The work of a unit, for a closure's type.
pub type Work = BoxFuture<'static, Verdict>;

/// The session of a unit of work, as the component of the cases uses it.
#[derive(Clone)]
pub struct Sql {
    session: Arc<SharedSession>,
    dialect: Dialect,
    component: ComponentId,
    book: Option<Arc<Box<dyn AnswerBook>>>,
}

/// What a statement of any kind came to.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// It returned rows.
    Rows(Rows),
    /// It changed so many rows.
    Touched(u64),
}

impl Backend {
    /// Runs a unit of work; `Err(Conflict)` is left to the caller, as the kernel sees it.
    ///
    /// # Errors
    /// What the back end says.
    pub async fn unit<F, R>(&self, effect: Effect, work: F) -> Result<Verdict, TransactError>
    where
        F: FnOnce(Sql) -> R + Send + 'static,
        R: Future<Output = Verdict> + Send + 'static,
    {
        self.start(effect, work).await
    }

    /// Likewise, as a future that can be run beside others.
    pub fn start<F, R>(&self, effect: Effect, work: F) -> BoxFuture<'static, Result<Verdict, TransactError>>
    where
        F: FnOnce(Sql) -> R + Send + 'static,
        R: Future<Output = Verdict> + Send + 'static,
    {
        let dialect = self.dialect;
        let work = Box::new(move |opened: Extensions| -> Work {
            let session = opened.get().expect("a back end opens a session");
            Box::pin(work(Sql { session, dialect, component: component(), book: opened.get() }))
        });
        self.transactor.run(&tenant(), effect, Instant::now() + UNIT_TIME, work)
    }
}

impl Sql {
    /// Runs a statement of the subset once for each list of parameters; one that returns rows, once.
    ///
    /// # Errors
    /// What the subset or the back end says.
    pub async fn run(&self, written: &str, lists: &[Parameters], budget: &mut Budget) -> Result<Answer, SqlError> {
        let statement = subset::compile(self.dialect, &self.component, written)?;
        match statement.kind() {
            StatementKind::Change => {
                self.session.danger_execute(&self.component, &statement, lists, budget).await.map(Answer::Touched)
            }
            StatementKind::Query | StatementKind::ChangeReturning => {
                let none = Parameters::new();
                let parameters = lists.first().unwrap_or(&none);
                self.session.danger_query(&self.component, &statement, parameters, budget).await.map(Answer::Rows)
            }
        }
    }

    /// The rows of a query, with plenty of everything.
    ///
    /// # Errors
    /// What the back end says.
    pub async fn rows(&self, written: &str, parameters: &[Value]) -> Result<Vec<Vec<Value>>, SqlError> {
        match self.run(written, &[parameters.to_vec()], &mut { BUDGET }).await? {
            Answer::Rows(rows) => Ok(rows.rows),
            Answer::Touched(_) => panic!("`{written}` returns no rows"),
        }
    }

    /// Runs a change once.
    ///
    /// # Errors
    /// What the back end says.
    pub async fn change(&self, written: &str, parameters: &[Value]) -> Result<u64, SqlError> {
        match self.run(written, &[parameters.to_vec()], &mut { BUDGET }).await? {
            Answer::Touched(touched) => Ok(touched),
            Answer::Rows(_) => panic!("`{written}` returns rows"),
        }
    }

    /// The answers that are kept; a unit that only reads has none.
    #[must_use]
    pub fn book(&self) -> Option<&dyn AnswerBook> {
        self.book.as_deref().map(AsRef::as_ref)
    }

    /// Takes a step of a savepoint.
    ///
    /// # Errors
    /// What the back end says.
    pub async fn savepoint(&self, step: SavepointStep) -> Result<(), SqlError> {
        self.session.danger_savepoint(step).await
    }
}
