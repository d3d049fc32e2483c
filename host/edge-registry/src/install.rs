// SPDX-License-Identifier: MIT OR Apache-2.0
//! From a checked bundle to a component that this host can run: machine code, and a trial link.

use crate::bundle::{Bundle, BundleError};
use crate::enable::EnabledSet;
use crate::lifecycle;
use crate::providers::Providers;
use cap_storage::{Dialect, Migrations, Schema};
use edge_package::Package;
use kernel_contract::Contract;
use kernel_engine::{
    CodeCache, CompileError, Compiled, ComponentSpec, Kernel, LinkError, OperationSpec, Origin, RehearseError,
};
use kernel_manifest::Manifest;
use kernel_types::{Digest, Grants, InterfaceId};
use parking_lot::Mutex;
use signing_verify::Admitted;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Weak};

/// A component that this host can run, for any tenant.
pub struct Installed {
    pub(crate) digest: Digest,
    pub(crate) manifest: Manifest,
    pub(crate) contract: Arc<Contract>,
    pub(crate) compiled: Compiled,
    pub(crate) migrations: Migrations,
    pub(crate) schemas: BTreeMap<String, serde_json::Value>,
    /// Where the machine code came from.
    pub origin: Origin,
}

impl Installed {
    /// The digest of the package.
    #[must_use]
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// What the manifest says.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// What the binary says.
    #[must_use]
    pub fn contract(&self) -> &Arc<Contract> {
        &self.contract
    }

    /// The extra JSON Schemas that the component ships.
    #[must_use]
    pub fn schemas(&self) -> &BTreeMap<String, serde_json::Value> {
        &self.schemas
    }

    /// The migrations that make its tables.
    #[must_use]
    pub fn migrations(&self) -> &Migrations {
        &self.migrations
    }

    /// Every capability that the manifest asks for.
    #[must_use]
    pub fn wanted(&self) -> Grants {
        Grants::of(self.manifest.capabilities.iter().map(|capability| capability.interface.name()))
    }

    /// What the engine links the component with, given what was granted.
    pub(crate) fn spec(&self, granted: &Grants) -> ComponentSpec {
        let wanted = self.wanted();
        let imports = self.contract.imports().iter().map(|import| &import.id);
        let called = |id: &&InterfaceId| self.manifest.calls.iter().any(|call| call.interface.covers(id.as_str()));
        let operations = self.contract.operations().filter_map(|operation| {
            let declared = self.manifest.operations.get(&operation.name)?;
            Some(OperationSpec {
                interface: operation.interface.clone(),
                function: operation.name.function().into(),
                effect: declared.effect,
                permission: declared.permission.clone(),
                limits: declared.limits,
            })
        });
        ComponentSpec {
            id: self.manifest.id.clone(),
            grants: Grants(wanted.0.intersection(&granted.0).cloned().collect()),
            calls: imports.filter(called).cloned().collect(),
            operations: operations.chain(lifecycle::specs(&self.contract, &self.manifest)).collect(),
        }
    }
}

/// Why a component cannot be installed.
#[derive(Debug, thiserror::Error)]
pub enum InstallError {
    /// Its parts do not fit together.
    #[error(transparent)]
    Bundle(#[from] BundleError),
    /// What was admitted is another package.
    #[error("{admitted} was admitted, and this is {found}: verify this one")]
    NotAdmitted {
        /// What was.
        admitted: Digest,
        /// What is here.
        found: Digest,
    },
    /// Its binary does not compile.
    #[error("component `{component}`: {source}")]
    Compile {
        /// Which component.
        component: String,
        /// What the compiler says.
        source: CompileError,
    },
    /// The host has no room to rehearse it now.
    #[error(
        "component `{component}`: the host runs as many instances as it may, and cannot rehearse it now; try again"
    )]
    NoRoom {
        /// Which component.
        component: String,
    },
    /// It cannot be made to stand without reaching for something.
    #[error("component `{component}` cannot be rehearsed without any capability: {detail}")]
    Rehearse {
        /// Which component.
        component: String,
        /// What it did.
        detail: String,
    },
    /// It cannot be linked even with everything that it asks for.
    #[error(transparent)]
    Link(#[from] LinkError),
    /// It exports the hooks in another form than their package says.
    #[error("component `{component}` exports `{}` in another form than that package says", lifecycle::LIFECYCLE)]
    Lifecycle {
        /// Which component.
        component: String,
    },
    /// It asks for a part of the contract that this version of the host does not serve.
    #[error("component `{component}` declares `{key}`, which this version of the host does not serve yet; remove it")]
    NotServed {
        /// Which component.
        component: String,
        /// The manifest's key.
        key: &'static str,
    },
}

/// The host's components and its tenants' choice among them.
pub struct Registry {
    pub(crate) kernel: Kernel,
    pub(crate) schema: Arc<dyn Schema>,
    pub(crate) providers: Arc<Providers>,
    code: CodeCache,
    dialect: Dialect,
    pub(crate) sets: Mutex<HashMap<SetKey, Weak<EnabledSet>>>,
    /// Enabling is rare and must not interleave: one at a time.
    pub(crate) changing: tokio::sync::Mutex<()>,
}

/// What makes two tenants' sets the same: bundles and grants, sorted.
pub(crate) type SetKey = Vec<(Digest, Grants)>;

impl Registry {
    /// Joins what a registry needs.
    #[must_use]
    pub fn new(
        kernel: Kernel,
        schema: Arc<dyn Schema>,
        providers: Arc<Providers>,
        code: CodeCache,
        dialect: Dialect,
    ) -> Self {
        let (sets, changing) = (Mutex::default(), tokio::sync::Mutex::default());
        Self { kernel, schema, providers, code, dialect, sets, changing }
    }

    /// Ends a component on this host, for every tenant and for good: what runs is cut, and nothing is linked from it
    /// again.
    pub fn end(&self, installed: &Installed) {
        installed.compiled.withdraw();
        self.sets.lock().retain(|key, _| key.iter().all(|(digest, _)| *digest != installed.digest));
    }

    /// The kernel.
    #[must_use]
    pub fn kernel(&self) -> &Kernel {
        &self.kernel
    }

    /// What each tenant has enabled.
    #[must_use]
    pub fn providers(&self) -> &Arc<Providers> {
        &self.providers
    }

    /// Checks a package.
    ///
    /// # Errors
    /// See [`BundleError`].
    pub fn read(&self, package: Arc<Package>) -> Result<Bundle, BundleError> {
        Bundle::of_package(package, self.dialect)
    }

    /// Compiles the component of a package that was admitted (or takes kept machine code), and links it on trial with
    /// everything that it asks for. Takes seconds of processor time where it must compile. There is no other way to run
    /// a component.
    ///
    /// # Errors
    /// See [`InstallError`]; nothing is kept but machine code.
    pub fn install(&self, bundle: Bundle, admitted: &Admitted) -> Result<Arc<Installed>, InstallError> {
        if *admitted.digest() != bundle.digest {
            return Err(InstallError::NotAdmitted { admitted: *admitted.digest(), found: bundle.digest });
        }
        not_served(bundle.manifest())?;
        if !lifecycle::are_as_released(bundle.contract()) {
            return Err(InstallError::Lifecycle { component: bundle.manifest().id.to_string() });
        }
        let (compiled, origin) = self
            .code
            .get_or_compile(self.kernel.engine(), bundle.package.component())
            .map_err(|source| InstallError::Compile { component: bundle.manifest().id.to_string(), source })?;
        let rehearsed = self.kernel.rehearse(&compiled);
        rehearsed.map_err(|error| {
            let component = bundle.manifest().id.to_string();
            match error {
                RehearseError::NoRoom => InstallError::NoRoom { component },
                RehearseError::Component(error) => InstallError::Rehearse { component, detail: format!("{error:#}") },
            }
        })?;
        let Bundle { digest, package, migrations, schemas } = bundle;
        let (manifest, contract) = (package.manifest().clone(), Arc::clone(package.contract()));
        let installed = Installed { digest, manifest, contract, compiled, migrations, schemas, origin };
        self.kernel.prepare(&installed.compiled, &installed.spec(&installed.wanted()))?;
        Ok(Arc::new(installed))
    }
}

fn not_served(manifest: &Manifest) -> Result<(), InstallError> {
    let declared = [
        ("publishes", !manifest.publishes.is_empty()),
        ("subscribes", !manifest.subscribes.is_empty()),
        ("hooks", !manifest.hooks.offers.is_empty() || !manifest.hooks.answers.is_empty()),
        ("schedules", !manifest.schedules.is_empty()),
    ];
    match declared.into_iter().find(|(_, declared)| *declared) {
        Some((key, _)) => Err(InstallError::NotServed { component: manifest.id.to_string(), key }),
        None => Ok(()),
    }
}
