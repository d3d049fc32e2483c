// SPDX-License-Identifier: MIT OR Apache-2.0
//! How an invocation can fail. Whatever the variant, nothing of the unit of work remains.

use crate::meter::Exceeded;
use crate::unit::TransactError;
use kernel_types::{ComponentId, Limit, Limits, Permission};
use std::sync::Arc;

/// Why an invocation gave no result.
#[derive(Debug, thiserror::Error)]
pub enum InvokeError {
    /// A component used up a limit.
    #[error("component `{component}`: {exceeded}")]
    LimitExceeded {
        /// Whose limit.
        component: ComponentId,
        /// Which limit, and its value.
        exceeded: Exceeded,
    },
    /// A component failed: a defect of the component. The detail is for the operator.
    #[error("component `{component}` failed in `{operation}`: {detail}")]
    Trapped {
        /// Which component.
        component: ComponentId,
        /// Which operation.
        operation: Arc<str>,
        /// What happened, with a backtrace; for the log only.
        detail: String,
    },
    /// The host failed while it worked for a component: a defect of the host, whatever the component did to meet it.
    #[error("the host failed while `{operation}` of component `{component}` ran: {detail}")]
    Panicked {
        /// The component that ran.
        component: ComponentId,
        /// Its operation.
        operation: Arc<str>,
        /// What the panic says; for the log only.
        detail: String,
    },
    /// The caller lacks the permission of the operation, or of one that it calls.
    #[error("permission `{}` is needed for `{operation}` of component `{component}`", .permission.0)]
    Denied {
        /// Which component.
        component: ComponentId,
        /// Which operation.
        operation: Arc<str>,
        /// What is missing.
        permission: Permission,
    },
    /// The component was withdrawn: its package is revoked.
    #[error("component `{component}` was revoked and runs no more; enable another version of it")]
    Withdrawn {
        /// Which component.
        component: ComponentId,
    },
    /// An operation that only reads called one that writes.
    #[error("component `{component}` only reads in this request, but called `{operation}`, which writes")]
    WriteInRead {
        /// The component that made the call.
        component: ComponentId,
        /// The operation that it called.
        operation: Arc<str>,
    },
    /// The tenant has enabled no component that provides what another one calls.
    #[error("component `{component}` calls `{interface}`, which no enabled component provides; enable one")]
    NoProvider {
        /// The component that made the call.
        component: ComponentId,
        /// The interface that it called.
        interface: Arc<str>,
    },
    /// The component has no such operation.
    #[error("component `{component}` has no operation `{operation}`")]
    UnknownOperation {
        /// Which component.
        component: ComponentId,
        /// The operation that was asked for.
        operation: Arc<str>,
    },
    /// The key stands for another request already: another operation, or other arguments.
    #[error("the key was given to another request before")]
    KeyReused,
    /// The result cannot be written down: a component that broke its contract, or too long an answer.
    #[error("the answer cannot be written: {0}")]
    Unwritable(Box<dyn std::error::Error + Send + Sync>),
    /// The host runs as many invocations as it may; a retry makes sense soon.
    #[error("the host runs as many invocations as it may")]
    Exhausted,
    /// The caller's deadline passed.
    #[error("the request's deadline passed")]
    Deadline,
    /// The unit of work could not be opened or committed.
    #[error(transparent)]
    Transact(#[from] TransactError),
}

impl InvokeError {
    pub(crate) fn exceeded(component: &ComponentId, limit: Limit, value: u64) -> Self {
        Self::LimitExceeded { component: component.clone(), exceeded: Exceeded { limit, value } }
    }
}

/// An [`InvokeError`] on its way up through the components that called: it keeps its meaning across stores.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Carried(pub(crate) InvokeError);

/// A panic below an invocation, on its way up: its message.
#[derive(Debug, thiserror::Error)]
#[error("the host panicked: {0}")]
pub(crate) struct Panicked(pub(crate) String);

/// What the engine says when more leaves a component in one call than `set_hostcall_fuel` admits. It has no public
/// type; a test of this crate holds the words.
const TOO_MUCH_LEAVES: &str = "too much data is being copied between the host and the guest";

/// Reads the cause of a failed call.
pub(crate) fn classify(
    error: wasmtime::Error,
    component: &ComponentId,
    operation: &Arc<str>,
    limits: &Limits,
) -> InvokeError {
    let error = match error.downcast::<Carried>() {
        Ok(Carried(inner)) => return inner,
        Err(error) => error,
    };
    if let Some(Panicked(detail)) = error.downcast_ref::<Panicked>() {
        let (operation, detail) = (Arc::clone(operation), detail.clone());
        return InvokeError::Panicked { component: component.clone(), operation, detail };
    }
    if let Some(inner) = error.downcast_ref::<Exceeded>() {
        return InvokeError::exceeded(component, inner.limit, inner.value);
    }
    if error.is::<wasmtime::PoolConcurrencyLimitError>() {
        return InvokeError::Exhausted;
    }
    if error.downcast_ref::<wasmtime::Trap>() == Some(&wasmtime::Trap::StackOverflow) {
        return InvokeError::exceeded(component, Limit::StackBytes, Limits::HOST_MAXIMUM.stack_bytes_max);
    }
    if error.chain().any(|cause| cause.to_string().starts_with(TOO_MUCH_LEAVES)) {
        return InvokeError::exceeded(component, Limit::ResultBytes, limits.result_bytes_max);
    }
    let (operation, detail) = (Arc::clone(operation), format!("{error:#}"));
    InvokeError::Trapped { component: component.clone(), operation, detail }
}
