// SPDX-License-Identifier: MIT OR Apache-2.0
//! Ways around the first wall, for tests of back ends: with it out of the way they show that their own one holds. Compiled
//! only with the feature `danger-unchecked`, which only dev-dependencies switch on.

use crate::{Budget, Parameters, Rows, SavepointStep, SharedSession, SqlError, Statement, Value};
use kernel_types::ComponentId;

impl SharedSession {
    /// Runs a query as the capability does, but any statement.
    #[doc(hidden)]
    pub async fn danger_query(
        &self,
        component: &ComponentId,
        statement: &Statement,
        parameters: &[Value],
        budget: &mut Budget,
    ) -> Result<Rows, SqlError> {
        self.lock().await?.session.query(component, statement, parameters, budget).await
    }

    /// Runs a change as the capability does, but any statement.
    #[doc(hidden)]
    pub async fn danger_execute(
        &self,
        component: &ComponentId,
        statement: &Statement,
        parameters: &[Parameters],
        budget: &mut Budget,
    ) -> Result<u64, SqlError> {
        self.lock().await?.session.execute(component, statement, parameters, budget).await
    }

    /// Takes any step of a savepoint.
    #[doc(hidden)]
    pub async fn danger_savepoint(&self, step: SavepointStep) -> Result<(), SqlError> {
        self.lock().await?.session.savepoint(step).await
    }
}
