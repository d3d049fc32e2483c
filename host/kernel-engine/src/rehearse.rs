// SPDX-License-Identifier: MIT OR Apache-2.0
//! A component made to stand with every import a trap: one that reaches for anything before it is called is found out,
//! at no risk.

use crate::engine::Compiled;
use crate::kernel::Kernel;
use crate::meter::Meter;
use crate::settings::TICK;
use kernel_types::Limits;
use std::task::{Context, Poll, Waker};
use wasmtime::Store;
use wasmtime::component::Linker;

/// Why a component was not made to stand.
#[derive(Debug, thiserror::Error)]
pub enum RehearseError {
    /// The host has no room for an instance now; that says nothing of the component.
    #[error("the host has no room for a rehearsal now")]
    NoRoom,
    /// What it did.
    #[error("{0:#}")]
    Component(wasmtime::Error),
}

impl Kernel {
    /// Makes an instance that can reach nothing, within the limits that an invocation has by default, and drops it.
    ///
    /// # Errors
    /// See [`RehearseError`].
    pub fn rehearse(&self, compiled: &Compiled) -> Result<(), RehearseError> {
        self.stand(compiled).map_err(|error| match error.is::<wasmtime::PoolConcurrencyLimitError>() {
            true => RehearseError::NoRoom,
            false => RehearseError::Component(error),
        })
    }

    fn stand(&self, compiled: &Compiled) -> wasmtime::Result<()> {
        let engine = &self.engine().wasm;
        let mut linker = Linker::<Meter>::new(engine);
        linker.define_unknown_imports_as_traps(&compiled.component)?;
        let mut store = Store::new(engine, Meter::new(Limits::DEFAULT));
        store.limiter(|meter| meter);
        let ticks = u128::from(Limits::DEFAULT.cpu_ms_max).checked_div(TICK.as_millis()).unwrap_or(1);
        store.set_epoch_deadline(u64::try_from(ticks).unwrap_or(u64::MAX).max(1));
        let standing = std::pin::pin!(linker.instantiate_async(&mut store, &compiled.component));
        match standing.poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(done) => done.map(drop),
            Poll::Pending => Err(wasmtime::Error::msg("it waits for something")),
        }
    }
}
