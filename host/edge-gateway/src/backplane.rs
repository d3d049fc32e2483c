// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the gateway asks of the host behind it. The binary implements it over the registry and the engine; tests
//! implement it with a few closures.
//!
//! It deliberately knows nothing of how components are found, compiled or granted, and nothing of HTTP.

use crate::caller::Credential;
use crate::surface::TenantView;
use kernel_engine::{Answer, BoxFuture, InvokeError, Request, Writing};
use kernel_types::{Digest, RequestId, TenantId};
use std::sync::Arc;
use wasmtime::component::Val;

/// The host behind the gateway. Every method but [`Target::invoke`] is called on the request's thread and must not
/// block: answer from memory.
pub trait Backplane: Send + Sync + 'static {
    /// The credential whose token has this SHA-256 digest, where there is one that is not revoked. Tokens themselves
    /// are never stored, so they cannot be read from a copy of the table.
    fn credential(&self, token: &Digest) -> Option<Arc<Credential>>;

    /// What the tenant has enabled now. [`None`] where the tenant is unknown: its callers are then refused.
    fn view(&self, tenant: &TenantId) -> Option<Arc<TenantView>>;

    /// Why the tenant, which is known, cannot be served now; [`None`] where it can. Told to its callers.
    fn suspended(&self, tenant: &TenantId) -> Option<&'static str> {
        let _ = tenant;
        None
    }

    /// Whether the host can serve requests.
    fn readiness(&self) -> Readiness;

    /// How far a running request of the tenant has come. [`None`] where no such request runs in this tenant.
    fn progress(&self, tenant: &TenantId, request: &RequestId) -> Option<Progress>;
}

/// One operation of one enabled component, ready to be called.
pub trait Target: Send + Sync + 'static {
    /// Runs the operation in a unit of work of its own. The arguments are typed as its contract says and in its order.
    /// `writing`, of an operation that writes, says how its result is written down before the unit commits.
    ///
    /// Resolves once the unit of work is in force. Dropping the future abandons the work and rolls it back.
    fn invoke(
        &self,
        request: Request,
        arguments: Vec<Val>,
        writing: Option<Writing>,
    ) -> BoxFuture<'static, Result<Answer, InvokeError>>;
}

/// Whether the host can serve requests, for `/readyz`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// It can.
    Ready,
    /// It cannot now. The text goes to anybody who asks: say what is awaited and give nothing away.
    NotReady(&'static str),
}

/// How far a running request has come, as its component last reported it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Progress {
    /// Units done; never more than 2^53, so that every JSON reader can read it.
    pub done: u64,
    /// Units in all, where known.
    pub total: Option<u64>,
    /// What a unit is, `entries`; empty before the first report.
    pub unit: Arc<str>,
}
