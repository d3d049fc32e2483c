// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a set of enabled components offers over HTTP: operations, routes, the OpenAPI document.
//!
//! A [`Surface`] belongs to no tenant: tenants that enabled the same components share one, so that an idle tenant costs
//! nearly nothing. The host makes a new one when something is enabled, disabled or upgraded; requests that run keep the
//! one with which they began.

use crate::backplane::Target;
use crate::guard::Gauge;
use crate::table::{Place, RouteFault, Table};
use bytes::Bytes;
use hyper::Method;
use kernel_contract::{Binding, Contract, Operation};
use kernel_types::{ComponentId, Effect, Limits, Permission, TenantId};
use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

/// A component that is enabled.
pub struct EnabledComponent {
    /// Its name in URLs.
    pub id: ComponentId,
    /// Its version.
    pub version: String,
    /// Its name for people.
    pub title: String,
    /// What it is for.
    pub description: String,
    /// What its binary offers.
    pub contract: Arc<Contract>,
    /// The operations that are served.
    pub operations: Vec<EnabledOperation>,
}

/// An operation that is served.
pub struct EnabledOperation {
    /// Its types.
    pub contract: Arc<Operation>,
    /// Whether it may change anything.
    pub effect: Effect,
    /// What its caller must hold.
    pub permission: Permission,
    /// What it may use; already lowered to the host's maximum.
    pub limits: Limits,
    /// Its route beside the derived one.
    pub rest: Option<Rest>,
    /// What runs it.
    pub target: Arc<dyn Target>,
}

/// A route that a manifest gives to an operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rest {
    /// The method.
    pub method: Method,
    /// The path below `/api/{component}/v{major}`, with placeholders `{name}` for parameters.
    pub path: String,
    /// The parameters in the query, as WIT names them; empty means all that are left, where the method has no body.
    pub query: Vec<String>,
}

impl Rest {
    /// Whether a request of this method carries parameters in its body.
    fn has_body(&self) -> bool {
        ![Method::GET, Method::DELETE].contains(&self.method)
    }
}

/// An operation and how requests of each of its routes are read.
pub(crate) struct Served {
    pub(crate) operation: EnabledOperation,
    pub(crate) canonical: Binding,
    pub(crate) rest: Option<Binding>,
}

/// A tenant with what it has enabled, and how many of its requests run.
pub struct TenantView {
    tenant: TenantId,
    pub(crate) surface: Arc<Surface>,
    pub(crate) withheld: BTreeMap<ComponentId, Arc<str>>,
    pub(crate) running: Gauge,
}

impl TenantView {
    /// A tenant that has enabled what the surface offers. Keep it for as long as that stays so: a new one begins to
    /// count the tenant's requests anew.
    #[must_use]
    pub fn new(tenant: TenantId, surface: Arc<Surface>) -> Self {
        Self { tenant, surface, withheld: BTreeMap::new(), running: Gauge::default() }
    }

    /// The same, with components that the tenant enabled and that may not run: each with the reason, which callers are
    /// told.
    #[must_use]
    pub fn withholding(mut self, withheld: BTreeMap<ComponentId, Arc<str>>) -> Self {
        self.withheld = withheld;
        self
    }

    /// The components that may not run, with the reasons.
    #[must_use]
    pub const fn withheld(&self) -> &BTreeMap<ComponentId, Arc<str>> {
        &self.withheld
    }

    /// The tenant.
    #[must_use]
    pub const fn tenant(&self) -> &TenantId {
        &self.tenant
    }
}

/// What a set of enabled components offers.
pub struct Surface {
    pub(crate) components: Vec<EnabledComponent>,
    served: Vec<Vec<Served>>,
    pub(crate) table: Table,
    faults: Vec<RouteFault>,
    openapi: OnceLock<Bytes>,
}

impl Surface {
    /// Prepares a surface. A route of a manifest that cannot be served is left out and named by
    /// [`Surface::route_faults`]; derived routes are always there.
    #[must_use]
    pub fn new(mut components: Vec<EnabledComponent>) -> Self {
        let mut table = Table::default();
        let mut faults = Vec::new();
        let operations: Vec<_> = components.iter_mut().map(|each| std::mem::take(&mut each.operations)).collect();
        for (component, (enabled, operations)) in components.iter().zip(&operations).enumerate() {
            for (operation, each) in operations.iter().enumerate() {
                let place = Place { component, operation };
                let added = table.add(Method::POST, &canonical_path(&enabled.id, &each.contract), place, true);
                faults.extend(added.err());
            }
        }
        let mut served = Vec::new();
        for (component, (enabled, operations)) in components.iter().zip(operations).enumerate() {
            let prepare = |(operation, each): (usize, EnabledOperation)| {
                let place = Place { component, operation };
                let rest =
                    each.rest.as_ref().map(|rest| add_rest(&mut table, &enabled.id, &each.contract, rest, place));
                let rest = rest.and_then(|added| added.map_err(|fault| faults.push(fault)).ok());
                Served { canonical: Binding::canonical(&each.contract), rest, operation: each }
            };
            served.push(operations.into_iter().enumerate().map(prepare).collect());
        }
        Self { components, served, table, faults, openapi: OnceLock::new() }
    }

    /// The routes that could not be served, for the operator's log.
    #[must_use]
    pub fn route_faults(&self) -> &[RouteFault] {
        &self.faults
    }

    /// Every method and path that leads to an operation, `GET /api/accounting/v1/entries/{id}`.
    pub fn routes(&self) -> impl Iterator<Item = (&Method, &str)> {
        let routes = self.table.routes().iter();
        routes.flat_map(|route| route.endpoints.iter().map(|endpoint| (&endpoint.method, route.pattern.as_ref())))
    }

    pub(crate) fn served(&self, place: Place) -> Option<(&EnabledComponent, &Served)> {
        let served = self.served.get(place.component)?.get(place.operation)?;
        Some((self.components.get(place.component)?, served))
    }

    /// The OpenAPI document; made at the first request for it.
    pub(crate) fn openapi(&self) -> Bytes {
        self.openapi.get_or_init(|| crate::openapi::document(self).into()).clone()
    }

    /// Every component with its operations.
    pub(crate) fn all(&self) -> impl Iterator<Item = (&EnabledComponent, &[Served])> {
        self.components.iter().zip(self.served.iter().map(Vec::as_slice))
    }
}

/// `/api/{component}/v{major}`, under which all routes of one interface's version lie.
pub(crate) fn base(component: &ComponentId, operation: &Operation) -> String {
    format!("/api/{component}/v{}", operation.interface.major())
}

fn canonical_path(component: &ComponentId, operation: &Operation) -> String {
    let (interface, function) = (operation.name.interface(), operation.name.function());
    format!("{}/{interface}/{function}", base(component, operation))
}

fn add_rest(
    table: &mut Table,
    component: &ComponentId,
    operation: &Operation,
    rest: &Rest,
    place: Place,
) -> Result<Binding, RouteFault> {
    let pattern = format!("{}{}", base(component, operation), rest.path);
    let path: Vec<&str> = rest.path.split('/').filter_map(crate::table::placeholder).collect();
    let query: Vec<&str> = rest.query.iter().map(String::as_str).collect();
    let binding = operation.binding(&path, &query, rest.has_body());
    let binding = binding.map_err(|source| RouteFault::Binding { pattern: pattern.clone(), source })?;
    table.add(rest.method.clone(), &pattern, place, false)?;
    Ok(binding)
}
