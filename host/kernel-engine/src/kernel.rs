// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the host wires together once: the engine, its capabilities, the back end, and who provides what to whom.

use crate::share::Shares;
use crate::{Capability, Engine, Extensions, Prepared, Transactor};
use kernel_types::{InterfaceId, TenantId};
use std::sync::Arc;

/// Who provides a domain interface in a tenant. Implemented by the registry of enabled components.
pub trait Directory: Send + Sync + 'static {
    /// The one component that the tenant enabled for the interface.
    fn provider(&self, tenant: &TenantId, interface: &InterfaceId) -> Option<Arc<Prepared>>;
}

/// The engine with everything that an invocation may reach. Cheap to clone.
#[derive(Clone)]
pub struct Kernel(pub(crate) Arc<Parts>);

pub(crate) struct Parts {
    pub(crate) engine: Engine,
    pub(crate) capabilities: Vec<Arc<dyn Capability>>,
    pub(crate) transactor: Arc<dyn Transactor>,
    pub(crate) directory: Arc<dyn Directory>,
    pub(crate) host: Extensions,
    pub(crate) shares: Shares,
}

impl Kernel {
    /// Wires a kernel. The list of capabilities is the whole of what components can be granted.
    #[must_use]
    pub fn new(
        engine: Engine,
        capabilities: Vec<Arc<dyn Capability>>,
        transactor: Arc<dyn Transactor>,
        directory: Arc<dyn Directory>,
    ) -> Self {
        let host = capabilities.iter().fold(Extensions::default(), |host, capability| capability.extend(host));
        Self(Arc::new(Parts { engine, capabilities, transactor, directory, host, shares: Shares::default() }))
    }

    /// The engine.
    #[must_use]
    pub fn engine(&self) -> &Engine {
        &self.0.engine
    }

    /// The capability that offers an import, and the version of the interface that it offers: the same name and major
    /// version, and not older than what is asked for.
    pub(crate) fn offered(&self, import: &str) -> Option<(&'static str, &Arc<dyn Capability>)> {
        let wanted = InterfaceId::parse(import).ok()?;
        self.0.capabilities.iter().find_map(|capability| {
            let offered = capability.interfaces().iter().copied().find(|name| serves(name, &wanted))?;
            Some((offered, capability))
        })
    }
}

fn serves(offered: &str, wanted: &InterfaceId) -> bool {
    let Ok(offered) = InterfaceId::parse(offered) else { return false };
    let numbers = |id: &InterfaceId| id.version().split('.').filter_map(|n| n.parse().ok()).collect::<Vec<u64>>();
    let (have, want) = (numbers(&offered), numbers(wanted));
    // Before 1.0.0 each minor version is one of its own (Semantic Versioning 2.0.0, item 4).
    let compatible = if wanted.major() == 0 { 2 } else { 1 };
    offered.package() == wanted.package()
        && offered.interface() == wanted.interface()
        && have.get(..compatible) == want.get(..compatible)
        && have >= want
}
