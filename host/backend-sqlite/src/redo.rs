// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the units of a batch changed, kept until the batch is committed.
//!
//! SQLite throws away the *whole* transaction when it interrupts a change, with the finished units of the neighbours in
//! it. A component that runs into its time limit must not hurt them, so the changes are run again: the same statements
//! with the same parameters on the same committed state, in the same order. The portable subset holds no function whose
//! result depends on anything else, and each step's effect is compared with what it was.

use crate::answers::Record;
use crate::value::parameter_bytes;
use cap_storage::{Parameters, SavepointStep, Statement};
use kernel_types::ComponentId;

/// Bytes that a step costs beside its parameters.
const STEP_BYTES: usize = 128;

/// One change of a unit.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// A statement, run once for each list, and how many rows it touched or returned in all.
    Change { component: ComponentId, statement: Statement, lists: Vec<Parameters>, rows: u64 },
    /// A step of a component's savepoint.
    Savepoint(SavepointStep),
    /// The answer that is kept of the unit.
    Answer(Record),
}

/// The changes of a batch.
#[derive(Debug, Default)]
pub(crate) struct Redo {
    /// Of each unit that ended with commit, in order.
    finished: Vec<Vec<Step>>,
    /// Of the unit that runs.
    current: Vec<Step>,
    /// The unit that runs cannot be restored: it changed more than the limit, or something that is no statement of a
    /// component.
    incomplete: bool,
    finished_bytes: usize,
    current_bytes: usize,
    bytes_max: usize,
}

impl Redo {
    /// A log for a new batch.
    pub(crate) fn new(bytes_max: usize) -> Self {
        Self { bytes_max, ..Self::default() }
    }

    /// Notes a step of the unit that runs. The parameters are copied only while there is room.
    pub(crate) fn note(
        &mut self,
        component: &ComponentId,
        statement: &Statement,
        lists: &[&[cap_storage::Value]],
        rows: u64,
    ) {
        let parameters = lists.iter().flat_map(|list| list.iter()).map(parameter_bytes);
        let bytes = parameters.fold(STEP_BYTES, usize::saturating_add);
        if self.reserve(bytes) {
            self.current.push(Step::Change {
                component: component.clone(),
                statement: statement.clone(),
                lists: lists.iter().map(|list| list.to_vec()).collect(),
                rows,
            });
        }
    }

    /// Notes a step of a savepoint of the unit that runs.
    pub(crate) fn note_savepoint(&mut self, step: SavepointStep) {
        if self.reserve(STEP_BYTES) {
            self.current.push(Step::Savepoint(step));
        }
    }

    /// Notes the answer that is kept of the unit that runs.
    pub(crate) fn note_answer(&mut self, record: Record) {
        if self.reserve(STEP_BYTES.saturating_add(record.answer.len())) {
            self.current.push(Step::Answer(record));
        }
    }

    /// The unit that runs changes something that is not noted.
    pub(crate) fn give_up_current(&mut self) {
        self.incomplete = true;
        self.current = Vec::new();
        self.current_bytes = 0;
    }

    fn reserve(&mut self, bytes: usize) -> bool {
        if self.incomplete {
            return false;
        }
        self.current_bytes = self.current_bytes.saturating_add(bytes);
        if self.finished_bytes.saturating_add(self.current_bytes) > self.bytes_max {
            self.give_up_current();
        }
        !self.incomplete
    }

    /// The unit that runs ended with commit. False: it could not be restored, so the batch must be committed now.
    pub(crate) fn finish(&mut self) -> bool {
        let complete = !self.incomplete;
        if complete && !self.current.is_empty() {
            self.finished.push(std::mem::take(&mut self.current));
            self.finished_bytes = self.finished_bytes.saturating_add(self.current_bytes);
        }
        self.forget();
        complete
    }

    /// The unit that runs left no trace.
    pub(crate) fn forget(&mut self) {
        self.current.clear();
        self.current_bytes = 0;
        self.incomplete = false;
    }

    /// The finished units, in order.
    pub(crate) fn finished(&self) -> &[Vec<Step>] {
        &self.finished
    }

    /// The steps of the unit that runs, where they are all here.
    pub(crate) fn current(&self) -> Option<&[Step]> {
        (!self.incomplete).then_some(&*self.current)
    }
}
