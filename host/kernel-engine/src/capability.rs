// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a capability crate implements: the interfaces that it offers and how they are linked.

use crate::{BoxFuture, Extensions, Invocation, Unit};
use wasmtime::component::Linker;

/// A capability: one or more platform interfaces (`cortex:storage/sql@1.0.0`) that the host offers to components.
///
/// The same life everywhere: *linked* once per (component, grant set) by [`Capability::link`]; per invocation its host
/// functions find what they need in the [`Invocation`], the store's data: the unit of work, the meter, the resource table.
pub trait Capability: Send + Sync + 'static {
    /// The interfaces, with versions, that [`Capability::link`] defines.
    fn interfaces(&self) -> &'static [&'static str];

    /// Whether a component that imports one of these needs a transaction of the tenant's database.
    fn needs_transaction(&self) -> bool {
        false
    }

    /// Whether the interface must be granted by the tenant's administrator. Interfaces that give nothing away (who calls,
    /// what time it is, a log line) are linked to whoever declares them.
    fn needs_grant(&self) -> bool {
        true
    }

    /// Adds what its host functions share over all invocations (a cache, a sink) to the host's own values; they find it by
    /// its type through [`Invocation::host`].
    fn extend(&self, host: Extensions) -> Extensions {
        host
    }

    /// Defines one interface in the linker.
    ///
    /// # Errors
    /// Where the linker already holds the name: a defect of the wiring.
    fn link(&self, interface: &str, linker: &mut Linker<Invocation>) -> wasmtime::Result<()>;

    /// Called when a component returned: what it left open (a savepoint) is closed before anything else of the unit runs.
    /// Not called after a trap, which rolls the whole unit back.
    fn end<'a>(&'a self, invocation: &'a mut Invocation) -> Option<BoxFuture<'a, wasmtime::Result<()>>> {
        let _ = invocation;
        None
    }

    /// Called before a component calls an operation of another that may write.
    fn call_begins<'a>(&'a self, unit: &'a Unit) -> Option<BoxFuture<'a, wasmtime::Result<()>>> {
        let _ = unit;
        None
    }

    /// Called after it returned: unless `keep` (it returned an error), what it changed is undone, so that a caller that
    /// goes on after an error of its callee does not commit half of the callee's work.
    fn call_ended<'a>(&'a self, unit: &'a Unit, keep: bool) -> Option<BoxFuture<'a, wasmtime::Result<()>>> {
        let _ = (unit, keep);
        None
    }
}
