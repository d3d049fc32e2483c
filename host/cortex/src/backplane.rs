// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the gateway asks of the host: credentials, what a tenant enabled, and how an operation is run.

use crate::host::Host;
use cap_log::Tracker;
use edge_gateway::{
    Backplane, Credential, EnabledComponent, EnabledOperation, Progress, Readiness, Record, Rest, Surface, Target,
    TenantView,
};
use edge_registry::{CredentialRecord, Enabled, EnabledSet};
use kernel_engine::{Answer, BoxFuture, InvokeError, Kernel, Prepared, Request, Writing};
use kernel_types::{Digest, InterfaceId, Limits, RequestId, Subject, TenantId};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use wasmtime::component::Val;

/// The interface whose importers report progress.
const PROGRESS: &str = "cortex:log/progress@";

/// What is shared between tenants that enabled the same.
#[derive(Default)]
pub(crate) struct Surfaces(Vec<(Weak<EnabledSet>, Weak<Surface>)>);

impl Surfaces {
    /// The surface of a set of components, made at most once.
    pub(crate) fn surface(&mut self, host: &Host, set: &Arc<EnabledSet>) -> Arc<Surface> {
        self.0.retain(|(set, surface)| set.strong_count() > 0 && surface.strong_count() > 0);
        let of_set = |(known, _): &&(Weak<EnabledSet>, Weak<Surface>)| std::ptr::eq(known.as_ptr(), Arc::as_ptr(set));
        if let Some(surface) = self.0.iter().find(of_set).and_then(|(_, surface)| surface.upgrade()) {
            return surface;
        }
        let components = set.components().iter().map(|enabled| component(host, enabled)).collect();
        let surface = Arc::new(Surface::new(components));
        for fault in surface.route_faults() {
            tracing::warn!(%fault, "a route of a manifest is not served; the derived route of its operation is");
        }
        self.0.push((Arc::downgrade(set), Arc::downgrade(&surface)));
        surface
    }
}

fn component(host: &Host, enabled: &Enabled) -> EnabledComponent {
    let installed = &enabled.installed;
    let manifest = installed.manifest();
    let reports = installed.contract().imports().iter().any(|import| import.id.as_str().starts_with(PROGRESS));
    let operations = installed.contract().operations().filter_map(|operation| {
        let declared = manifest.operations.get(&operation.name)?;
        Some(EnabledOperation {
            contract: Arc::clone(operation),
            effect: declared.effect,
            permission: declared.permission.clone(),
            limits: declared.limits.lowered_to(&Limits::HOST_MAXIMUM),
            rest: declared.rest.as_ref().map(|rest| Rest {
                method: method(rest.method),
                path: rest.path.to_string(),
                query: rest.query.clone(),
            }),
            target: Arc::new(OperationTarget {
                kernel: host.registry.kernel().clone(),
                prepared: Arc::clone(&enabled.prepared),
                interface: operation.interface.clone(),
                function: operation.name.function().into(),
                tracker: reports.then(|| Arc::clone(&host.tracker)),
            }),
        })
    });
    EnabledComponent {
        id: manifest.id.clone(),
        version: manifest.version.to_string(),
        title: manifest.title.clone(),
        description: manifest.description.clone(),
        contract: Arc::clone(installed.contract()),
        operations: operations.collect(),
    }
}

fn method(method: kernel_manifest::Method) -> edge_gateway::Method {
    use kernel_manifest::Method;
    match method {
        Method::Get => edge_gateway::Method::GET,
        Method::Post => edge_gateway::Method::POST,
        Method::Put => edge_gateway::Method::PUT,
        Method::Patch => edge_gateway::Method::PATCH,
        Method::Delete => edge_gateway::Method::DELETE,
    }
}

/// An operation of an enabled component.
struct OperationTarget {
    kernel: Kernel,
    prepared: Arc<Prepared>,
    interface: InterfaceId,
    function: Arc<str>,
    /// Where its progress is kept, for a component that reports it.
    tracker: Option<Arc<Tracker>>,
}

impl Target for OperationTarget {
    fn invoke(
        &self,
        request: Request,
        arguments: Vec<Val>,
        writing: Option<Writing>,
    ) -> BoxFuture<'static, Result<Answer, InvokeError>> {
        let (kernel, prepared) = (self.kernel.clone(), Arc::clone(&self.prepared));
        let (interface, function) = (self.interface.clone(), Arc::clone(&self.function));
        let tracker = self.tracker.clone();
        Box::pin(async move {
            let tracker = tracker.as_deref();
            let _watch = tracker.map(|tracker| tracker.watch(&request.caller.tenant, &request.id));
            kernel.invoke(request, &prepared, &interface, &function, arguments, writing).await
        })
    }
}

/// A remembered credential, ready to be checked against.
pub(crate) fn credential(id: &Arc<str>, record: &CredentialRecord) -> Credential {
    Credential::from(Record {
        id: Arc::clone(id),
        token: record.token,
        tenant: record.tenant.clone(),
        subject: Subject(Arc::clone(&record.subject)),
        kind: record.kind,
        display_name: Arc::clone(&record.display_name),
        roles: record.roles.clone(),
        permissions: record.permissions.clone(),
        expires_at: None,
    })
}

impl Backplane for Host {
    fn credential(&self, token: &Digest) -> Option<Arc<Credential>> {
        self.credentials.read().get(token).cloned()
    }

    fn view(&self, tenant: &TenantId) -> Option<Arc<TenantView>> {
        self.views.read().get(tenant).cloned()
    }

    fn suspended(&self, tenant: &TenantId) -> Option<&'static str> {
        self.suspended.read().get(tenant).map(|why| why.told())
    }

    fn readiness(&self) -> Readiness {
        if !self.ready.load(Ordering::Acquire) {
            Readiness::NotReady("the host is stopping")
        } else if !self.store.answers() {
            Readiness::NotReady("the host's database does not answer")
        } else {
            Readiness::Ready
        }
    }

    fn progress(&self, tenant: &TenantId, request: &RequestId) -> Option<Progress> {
        let progress = self.tracker.read(tenant, request)?;
        Some(match progress {
            Some(report) => Progress { done: report.done, total: report.total, unit: report.unit.into() },
            None => Progress { done: 0, total: None, unit: "".into() },
        })
    }
}
