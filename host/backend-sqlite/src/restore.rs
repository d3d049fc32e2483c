// SPDX-License-Identifier: MIT OR Apache-2.0
//! Brings back a transaction that SQLite threw away under an interrupted change, from the batch's redo log.

use crate::authorizer::Access;
use crate::redo::{Redo, Step};
use crate::run::Run;
use crate::session::Lease;
use cap_storage::{Budget, SqlError, StatementKind};
use std::time::Duration;

/// Enough for whatever was within its own limits the first time.
const UNBOUNDED: Budget = Budget { rows: u64::MAX, bytes: u64::MAX, time: Duration::MAX };

impl Lease {
    /// Begins the transaction anew and runs the changes of the finished units and of this one again. Where it does not
    /// come out the same, `lost` says so; where only this unit cannot be restored, `failure` does.
    pub(crate) fn restore(&mut self) {
        let redo = std::mem::replace(&mut self.redo, Redo::new(0));
        match self.run_again(&redo) {
            Ok(()) => self.restored = self.restored.saturating_add(1),
            Err(error) => {
                tracing::error!(%error, "a batch could not be restored after an interrupted statement");
                self.lost = true;
            }
        }
        self.redo = redo;
    }

    fn run_again(&mut self, redo: &Redo) -> Result<(), SqlError> {
        self.host("BEGIN IMMEDIATE")?;
        for unit in redo.finished() {
            self.host("SAVEPOINT cortex_unit")?;
            self.steps(unit)?;
            self.host("RELEASE cortex_unit")?;
        }
        self.host("SAVEPOINT cortex_unit")?;
        match redo.current() {
            Some(steps) => self.steps(steps),
            None => {
                self.failure = Some("the unit was interrupted after more changes than can be restored".into());
                Ok(())
            }
        }
    }

    fn steps(&mut self, steps: &[Step]) -> Result<(), SqlError> {
        steps.iter().try_for_each(|step| self.step(step))
    }

    fn step(&mut self, step: &Step) -> Result<(), SqlError> {
        let (component, statement, lists, expected) = match step {
            Step::Savepoint(step) => return self.savepoint_step(*step),
            Step::Answer(record) => return self.record_again(record),
            Step::Change { component, statement, lists, rows } => (component, statement, lists, *rows),
        };
        let mut run = Run::prepare(&self.connection, component, Access::Write, statement)?;
        let mut touched = 0_u64;
        for list in lists {
            touched = touched.saturating_add(match statement.kind() {
                StatementKind::Change => run.change(list)?,
                StatementKind::Query | StatementKind::ChangeReturning => {
                    u64::try_from(run.rows(list, &mut { UNBOUNDED })?.rows.len()).unwrap_or(u64::MAX)
                }
            });
        }
        if touched == expected {
            return Ok(());
        }
        Err(SqlError::Unavailable(format!(
            "a change touched {touched} rows instead of {expected} when it was run again"
        )))
    }
}
