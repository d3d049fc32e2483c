// SPDX-License-Identifier: MIT OR Apache-2.0
//! The data of one store: one component in one invocation.

use crate::cpu::CpuTime;
use crate::meter::Meter;
use crate::{Extensions, Kernel, Unit};
use kernel_types::{ComponentId, Effect, Limit};
use std::sync::Arc;
use wasmtime::component::ResourceTable;

/// One component, called once: its unit of work, its meter, its resources. Capabilities see nothing else of the host.
pub struct Invocation {
    pub(crate) kernel: Kernel,
    pub(crate) unit: Unit,
    pub(crate) component: ComponentId,
    pub(crate) operation: Arc<str>,
    pub(crate) effect: Effect,
    pub(crate) depth: u64,
    pub(crate) meter: Meter,
    pub(crate) cpu: Arc<CpuTime>,
    pub(crate) table: ResourceTable,
}

impl Invocation {
    /// The unit of work that the invocation belongs to.
    #[must_use]
    pub fn unit(&self) -> &Unit {
        &self.unit
    }

    /// What the capabilities share over all invocations, see [`crate::Capability::extend`].
    #[must_use]
    pub fn host(&self) -> &Extensions {
        &self.kernel.0.host
    }

    /// The component that runs.
    #[must_use]
    pub fn component(&self) -> &ComponentId {
        &self.component
    }

    /// The operation that runs, `interface.function`.
    #[must_use]
    pub fn operation(&self) -> &Arc<str> {
        &self.operation
    }

    /// Whether *this* operation may change anything: an operation declared `read` may not, also inside a unit that may.
    #[must_use]
    pub fn effect(&self) -> Effect {
        self.effect
    }

    /// Counts `amount` against a limit.
    ///
    /// # Errors
    /// A trap that ends the invocation where the limit is used up. A host function passes it on with `?`.
    pub fn charge(&mut self, limit: Limit, amount: u64) -> wasmtime::Result<()> {
        self.meter.charge(limit, amount)
    }

    /// The value of a limit, for a message that names it.
    #[must_use]
    pub fn limit(&self, limit: Limit) -> u64 {
        self.meter.limit(limit)
    }

    /// How much of a limit is left.
    #[must_use]
    pub fn remaining(&self, limit: Limit) -> u64 {
        self.meter.remaining(limit)
    }

    /// The resources that the component holds.
    pub fn table(&mut self) -> &mut ResourceTable {
        &mut self.table
    }
}
