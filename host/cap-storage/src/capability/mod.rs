// SPDX-License-Identifier: MIT OR Apache-2.0
//! The capability: what is linked, what all invocations share, and how a component's end and calls meet the session.

mod convert;
mod failure;
mod host;

use crate::savepoint::Savepoint;
use crate::shared::SharedSession;
use crate::{Compiler, Dialect};
use kernel_engine::{BoxFuture, Capability, Extensions, Invocation, Unit};
use std::sync::Arc;
use wasmtime::component::{HasSelf, Linker};

mod bindings {
    wasmtime::component::bindgen!({
        path: "../../wit/storage-1.0.0",
        inline: "package cortex:cap-storage; world host { import cortex:storage/sql@1.0.0; }",
        world: "cortex:cap-storage/host",
        imports: { default: async | trappable },
        with: { "cortex:storage/sql.savepoint": crate::savepoint::Savepoint },
        trappable_error_type: { "cortex:storage/sql.error" => super::failure::Failure },
    });
}

use bindings::cortex::storage::sql as wit;

/// `cortex:storage/sql@1.0.0`.
pub struct Storage {
    compiler: Arc<Compiler>,
}

impl Storage {
    /// The capability over back ends of one kind.
    #[must_use]
    pub fn new(dialect: Dialect) -> Self {
        Self { compiler: Arc::new(Compiler::new(dialect)) }
    }

    /// The compiler with its cache, for instance to forget a component that was removed.
    #[must_use]
    pub fn compiler(&self) -> &Arc<Compiler> {
        &self.compiler
    }
}

impl Capability for Storage {
    fn interfaces(&self) -> &'static [&'static str] {
        &["cortex:storage/sql@1.0.0"]
    }

    fn needs_transaction(&self) -> bool {
        true
    }

    fn extend(&self, host: Extensions) -> Extensions {
        host.with(Arc::clone(&self.compiler))
    }

    fn link(&self, _interface: &str, linker: &mut Linker<Invocation>) -> wasmtime::Result<()> {
        wit::add_to_linker::<_, HasSelf<Invocation>>(linker, |invocation| invocation)
    }

    /// Rolls back the savepoints that the component left open.
    fn end<'a>(&'a self, invocation: &'a mut Invocation) -> Option<BoxFuture<'a, wasmtime::Result<()>>> {
        let mut left_open = false;
        for resource in invocation.table().iter_mut() {
            if let Some(savepoint) = resource.downcast_mut::<Savepoint>() {
                savepoint.abandon();
                left_open = true;
            }
        }
        let shared = left_open.then(|| invocation.unit().extensions().get::<SharedSession>()).flatten()?;
        Some(Box::pin(async move { shared.settle().await.map_err(wasmtime::Error::new) }))
    }

    fn call_begins<'a>(&'a self, unit: &'a Unit) -> Option<BoxFuture<'a, wasmtime::Result<()>>> {
        let shared = unit.extensions().get::<SharedSession>()?;
        Some(Box::pin(async move { shared.begin_call().await.map_err(wasmtime::Error::new) }))
    }

    fn call_ended<'a>(&'a self, unit: &'a Unit, keep: bool) -> Option<BoxFuture<'a, wasmtime::Result<()>>> {
        let shared = unit.extensions().get::<SharedSession>()?;
        Some(Box::pin(async move { shared.end_call(keep).await.map_err(wasmtime::Error::new) }))
    }
}
