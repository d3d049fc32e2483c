// SPDX-License-Identifier: MIT OR Apache-2.0
//! Calling the hooks of components: before the host answers, when it does, and when it has answered its last request.
//! In an order that is the same each time within a tenant; tenants beside each other.

use crate::host::Host;
use edge_gateway::host_caller;
use edge_registry::{Enabled, Hook, LIFECYCLE};
use futures_util::StreamExt as _;
use kernel_contract::problem_from_val;
use kernel_engine::Request;
use kernel_types::{InterfaceId, RequestId, TenantId};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant, SystemTime};
use wasmtime::component::Val;

/// Tenants whose hooks run at a time. Each holds a writer of the store; what remains is for those that are served.
const TENANTS_MAX: usize = 8;

/// How long hooks may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadlines {
    /// Those of one tenant together, before the host answers.
    pub preboot: Duration,
    /// Those of one tenant together, when it does.
    pub boot: Duration,
    /// Those of all tenants together, when it has answered its last request.
    pub shutdown: Duration,
}

impl Default for Deadlines {
    fn default() -> Self {
        Self { preboot: Duration::from_secs(30), boot: Duration::from_secs(30), shutdown: Duration::from_secs(10) }
    }
}

impl Deadlines {
    const fn of(&self, hook: Hook) -> Duration {
        match hook {
            Hook::Preboot => self.preboot,
            Hook::Boot => self.boot,
            Hook::Shutdown => self.shutdown,
        }
    }
}

impl Host {
    /// Calls the hooks `on-preboot`, the first time that it is called; afterwards the host may answer. [`Host::serve`]
    /// does so by itself where nobody did before.
    pub async fn preboot(&self) {
        if !self.prebooted.swap(true, Ordering::AcqRel) {
            self.call_hooks(Hook::Preboot).await;
        }
    }

    /// Calls a hook of every component that has it, for every tenant that is served.
    pub(crate) async fn call_hooks(&self, hook: Hook) {
        let tenants = futures_util::stream::iter(self.registry.providers().tenants());
        let within = self.hook_deadlines.of(hook);
        let deadline = move || Instant::now().checked_add(within).unwrap_or_else(Instant::now);
        // Whoever ends a host waits for a time that it knows. Before, a tenant that hangs takes no time of the others.
        let last = (hook == Hook::Shutdown).then(deadline);
        let called = |tenant: TenantId| async move {
            self.hooks_of(&tenant, hook, last.unwrap_or_else(deadline)).await;
        };
        tenants.for_each_concurrent(TENANTS_MAX, called).await;
    }

    async fn hooks_of(&self, tenant: &TenantId, hook: Hook, deadline: Instant) {
        let Some(set) = self.registry.providers().get(tenant) else { return };
        if !set.components().iter().any(|enabled| enabled.has_hooks()) {
            return;
        }
        let mut components = set.in_call_order();
        components.retain(|enabled| enabled.has_hooks());
        if hook == Hook::Shutdown {
            components.reverse();
        }
        for enabled in components {
            let Err(error) = self.call_hook(tenant, enabled, hook, deadline).await else { continue };
            let (component, hook_name) = (&enabled.installed.manifest().id, hook.function());
            if hook == Hook::Preboot {
                self.suspend(tenant);
                tracing::error!(%tenant, %component, hook = hook_name, error,
                    "a hook failed: the tenant is not served until its components are changed or the host is started again");
                return;
            }
            tracing::error!(%tenant, %component, hook = hook_name, error, "a hook failed");
        }
    }

    /// Calls one hook in a unit of work of its own.
    async fn call_hook(
        &self,
        tenant: &TenantId,
        enabled: &Arc<Enabled>,
        hook: Hook,
        deadline: Instant,
    ) -> Result<(), String> {
        let text = |error: &dyn std::fmt::Display| error.to_string();
        let interface = InterfaceId::parse(LIFECYCLE).map_err(|error| text(&error))?;
        let id = RequestId::parse(&uuid::Uuid::now_v7().to_string()).map_err(|error| text(&error))?;
        let caller = host_caller(tenant, &hook.permission());
        let request = Request { id, caller, now: SystemTime::now(), deadline };
        let kernel = self.registry.kernel();
        let running = kernel.invoke(request, &enabled.prepared, &interface, hook.function(), Vec::new(), None);
        // What waits for something else than its own work ends here; dropping it rolls it back.
        let answer = match tokio::time::timeout_at(deadline.into(), running).await {
            Ok(answer) => answer.map_err(|error| text(&error))?,
            Err(_) => return Err("it did not end within its time".to_owned()),
        };
        match answer.result {
            Some(Val::Result(Err(refusal))) => {
                let problem = refusal.and_then(|refusal| problem_from_val(&refusal));
                Err(problem.map_or_else(
                    || "it refused".to_owned(),
                    |problem| format!("{}: {}", problem.code, problem.message),
                ))
            }
            _ => Ok(()),
        }
    }
}
