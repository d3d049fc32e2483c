// SPDX-License-Identifier: MIT OR Apache-2.0
//! The unit of work: what all components of one request share, and who opens, commits and rolls it back.
//!
//! The kernel knows no database. A back end implements [`Transactor`]; what it opens for a unit of work it puts into the
//! unit's [`Extensions`], where the capability that understands it finds it by its type.

use kernel_types::{Caller, Effect, RequestId, TenantId};
use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Instant, SystemTime};

/// A boxed future that may cross threads.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// One request as the kernel sees it: who, when, until when.
#[derive(Clone, Debug)]
pub struct Request {
    /// The identifier in the log, the trace and the answer.
    pub id: RequestId,
    /// Who asks, for which tenant.
    pub caller: Arc<Caller>,
    /// The time of the request, read once.
    pub now: SystemTime,
    /// When the caller stops waiting; nothing runs past it.
    pub deadline: Instant,
}

/// Values of one unit of work, by type: the database session, later the outbox and the audit entry.
#[derive(Clone, Default)]
pub struct Extensions(Arc<HashMap<TypeId, Arc<dyn Any + Send + Sync>>>);

impl Extensions {
    /// Adds a value; one of each type.
    #[must_use]
    pub fn with<T: Send + Sync + 'static>(mut self, value: Arc<T>) -> Self {
        Arc::make_mut(&mut self.0).insert(TypeId::of::<T>(), value);
        self
    }

    /// The value of that type, where the back end opened one.
    #[must_use]
    pub fn get<T: Send + Sync + 'static>(&self) -> Option<Arc<T>> {
        self.0.get(&TypeId::of::<T>()).and_then(|value| Arc::clone(value).downcast::<T>().ok())
    }
}

/// One unit of work, shared by every component that takes part in it. Cheap to clone.
#[derive(Clone)]
pub struct Unit(Arc<Inner>);

struct Inner {
    request: Request,
    effect: Effect,
    extensions: Extensions,
}

impl Unit {
    /// Joins a request and what the back end opened for it.
    #[must_use]
    pub fn new(request: Request, effect: Effect, extensions: Extensions) -> Self {
        Self(Arc::new(Inner { request, effect, extensions }))
    }

    /// The request that is served.
    #[must_use]
    pub fn request(&self) -> &Request {
        &self.0.request
    }

    /// The tenant, from the caller's credential.
    #[must_use]
    pub fn tenant(&self) -> &TenantId {
        &self.0.request.caller.tenant
    }

    /// Whether the outermost operation may change anything.
    #[must_use]
    pub fn effect(&self) -> Effect {
        self.0.effect
    }

    /// What the back end opened.
    #[must_use]
    pub fn extensions(&self) -> &Extensions {
        &self.0.extensions
    }
}

/// How the work of a unit ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The outermost operation returned ok: make it durable.
    Commit,
    /// An error result, a trap or a limit: leave no trace.
    Rollback,
}

/// The work of a unit: given what the back end opened, it runs the components and says how it ended.
pub type Work = Box<dyn FnOnce(Extensions) -> BoxFuture<'static, Verdict> + Send>;

/// Why a unit of work did not reach its end. Nothing of it remains, but of [`TransactError::Unknown`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TransactError {
    /// Too many units of work wait for this tenant.
    #[error("the tenant's queue is full; retry in {retry_after_ms} ms")]
    Busy {
        /// When a retry makes sense, in milliseconds.
        retry_after_ms: u64,
    },
    /// The database cannot answer or could not commit. The text is for the operator.
    #[error("the database is unavailable: {detail}")]
    Unavailable {
        /// What happened, for the log only.
        detail: String,
        /// When a retry makes sense, in milliseconds.
        retry_after_ms: u64,
    },
    /// The commit was sent and its answer was lost: all of the unit is in force, or nothing. The text is for the operator.
    #[error("whether the unit of work was committed is unknown: {0}")]
    Unknown(String),
    /// Another unit of work was first, and this one could not be kept beside it. It was rolled back, whatever its work said;
    /// run again, it may succeed. The kernel does so, within bounds.
    #[error("too many units of work change the same at the same time: {detail}")]
    Conflict {
        /// What the database says, for the log only.
        detail: String,
    },
    /// The request's deadline passed before the work was done.
    #[error("the deadline passed before the unit of work was done")]
    Deadline,
}

/// Opens units of work on a tenant's database. Implemented by storage back ends.
pub trait Transactor: Send + Sync + 'static {
    /// Runs `work` in one transaction of `tenant`, or on one snapshot where `effect` is [`Effect::Read`].
    ///
    /// Resolves to the verdict once it is in force: after [`Verdict::Commit`], durably. Work whose returned future is
    /// dropped, or that does not end by `deadline`, is abandoned and rolled back.
    fn run(
        &self,
        tenant: &TenantId,
        effect: Effect,
        deadline: Instant,
        work: Work,
    ) -> BoxFuture<'static, Result<Verdict, TransactError>>;
}
