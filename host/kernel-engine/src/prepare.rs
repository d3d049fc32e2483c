// SPDX-License-Identifier: MIT OR Apache-2.0
//! From machine code and a grant to something that can be invoked: every import linked, or refused by name.

use crate::engine::Compiled;
use crate::kernel::Kernel;
use crate::{Invocation, InvokeError, call, signature};
use kernel_types::{ComponentId, Digest, Effect, Grants, InterfaceId, Limits, Permission, platform};
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use wasmtime::component::types::ComponentItem;
use wasmtime::component::{ComponentExportIndex, InstancePre, Linker};

/// What the manifest says of one operation.
#[derive(Clone, Debug)]
pub struct OperationSpec {
    /// The exported interface.
    pub interface: InterfaceId,
    /// The function.
    pub function: Arc<str>,
    /// Whether it may change anything.
    pub effect: Effect,
    /// What its caller must hold.
    pub permission: Permission,
    /// The limits of an invocation of this operation.
    pub limits: Limits,
}

/// What a component is to be linked with.
#[derive(Clone, Debug)]
pub struct ComponentSpec {
    /// The component.
    pub id: ComponentId,
    /// The capabilities that its manifest asks for *and* the administrator granted.
    pub grants: Grants,
    /// The domain interfaces that its manifest says it calls.
    pub calls: BTreeSet<InterfaceId>,
    /// Its operations.
    pub operations: Vec<OperationSpec>,
}

/// Why an import is not linked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ImportFault {
    /// The host offers it; the tenant's administrator has not granted it (or the manifest does not ask).
    #[error("import `{0}` is not granted: ask for it under `capabilities` in cortex.yaml and have it granted")]
    NotGranted(String),
    /// A domain interface that the manifest does not name.
    #[error("import `{0}` is not declared: name it under `calls` in cortex.yaml")]
    NotDeclared(String),
    /// Nothing in this host offers it.
    #[error("import `{0}` is not offered by this host")]
    NotOffered(String),
    /// Something else than an interface of functions over plain values.
    #[error("import `{0}` is of a kind that cannot cross between components ({1})")]
    Unsupported(String, &'static str),
}

/// Why a component cannot be linked. Every import at fault is named.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// Imports that cannot be satisfied.
    #[error("component `{component}` cannot be linked: {}", list(.faults))]
    Imports {
        /// Which component.
        component: ComponentId,
        /// Each import at fault.
        faults: Vec<ImportFault>,
    },
    /// An operation that the manifest declares is not exported.
    #[error("component `{component}` does not export `{interface}` function `{function}`")]
    MissingExport {
        /// Which component.
        component: ComponentId,
        /// The interface that was looked for.
        interface: InterfaceId,
        /// The function that was looked for.
        function: Arc<str>,
    },
    /// The types of an import differ from what the host or the provider offers.
    #[error("component `{component}` cannot be linked: {detail}")]
    Types {
        /// Which component.
        component: ComponentId,
        /// What differs.
        detail: String,
    },
}

fn types(spec: &ComponentSpec) -> impl Fn(wasmtime::Error) -> LinkError {
    |error| LinkError::Types { component: spec.id.clone(), detail: format!("{error:#}") }
}

fn list(faults: &[ImportFault]) -> String {
    faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

/// One operation, ready to be called.
pub(crate) struct Target {
    pub(crate) export: ComponentExportIndex,
    pub(crate) name: Arc<str>,
    pub(crate) effect: Effect,
    pub(crate) permission: Permission,
    pub(crate) limits: Limits,
    pub(crate) has_result: bool,
}

/// A component linked with one set of grants: an instance can be made of it at once.
pub struct Prepared {
    pub(crate) id: ComponentId,
    pub(crate) digest: Digest,
    pub(crate) withdrawn: Arc<AtomicBool>,
    pub(crate) instance: InstancePre<Invocation>,
    pub(crate) targets: HashMap<InterfaceId, HashMap<Arc<str>, Target>>,
    pub(crate) needs_transaction: bool,
    /// What its results and its arguments to others cost the host, see [`signature::cost_percent`].
    pub(crate) cost_percent: u64,
}

impl Prepared {
    /// The component.
    #[must_use]
    pub fn id(&self) -> &ComponentId {
        &self.id
    }

    /// The digest of its binary.
    #[must_use]
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// # Errors
    /// Where the component was withdrawn.
    pub(crate) fn check_in_force(&self) -> Result<(), InvokeError> {
        let withdrawn = self.withdrawn.load(Ordering::Acquire);
        if withdrawn { Err(InvokeError::Withdrawn { component: self.id.clone() }) } else { Ok(()) }
    }

    /// The operation of an exported interface.
    pub(crate) fn target(&self, interface: &InterfaceId, function: &str) -> Result<&Target, InvokeError> {
        let target = self.targets.get(interface).and_then(|functions| functions.get(function));
        let operation = || format!("{}.{function}", interface.interface()).into();
        target.ok_or_else(|| InvokeError::UnknownOperation { component: self.id.clone(), operation: operation() })
    }
}

impl Kernel {
    /// Links a component: capabilities that were granted, calls that were declared, and nothing else.
    ///
    /// # Errors
    /// Names every import that is not granted, not declared or not offered, and every operation that is not exported.
    pub fn prepare(&self, compiled: &Compiled, spec: &ComponentSpec) -> Result<Arc<Prepared>, LinkError> {
        let mut linker = Linker::<Invocation>::new(&self.engine().wasm);
        let (needs_transaction, mut cost_percent) = self.link(&mut linker, compiled, spec)?;
        let instance = linker.instantiate_pre(&compiled.component).map_err(types(spec))?;
        let mut targets: HashMap<InterfaceId, HashMap<Arc<str>, Target>> = HashMap::new();
        for operation in &spec.operations {
            let (target, cost) = self.target(compiled, spec, operation)?;
            cost_percent = cost_percent.max(cost);
            let functions = targets.entry(operation.interface.clone()).or_default();
            functions.insert(Arc::clone(&operation.function), target);
        }
        let (id, digest, withdrawn) = (spec.id.clone(), compiled.digest, Arc::clone(&compiled.withdrawn));
        Ok(Arc::new(Prepared { id, digest, withdrawn, instance, targets, needs_transaction, cost_percent }))
    }

    fn target(
        &self,
        compiled: &Compiled,
        spec: &ComponentSpec,
        operation: &OperationSpec,
    ) -> Result<(Target, u64), LinkError> {
        let missing = || LinkError::MissingExport {
            component: spec.id.clone(),
            interface: operation.interface.clone(),
            function: Arc::clone(&operation.function),
        };
        let component = &compiled.component;
        let instance = component.get_export_index(None, operation.interface.as_str()).ok_or_else(missing)?;
        let (item, export) = component.get_export(Some(&instance), operation.function.as_ref()).ok_or_else(missing)?;
        let ComponentItem::ComponentFunc(function) = item else { return Err(missing()) };
        let target = Target {
            export,
            name: format!("{}.{}", operation.interface.interface(), operation.function).into(),
            effect: operation.effect,
            permission: operation.permission.clone(),
            limits: operation.limits.lowered_to(&self.engine().limits_max),
            has_result: function.results().len() > 0,
        };
        Ok((target, signature::cost_percent(function.results())))
    }

    /// Fills the linker; returns whether an invocation needs a transaction, and what the arguments of its calls cost.
    fn link(
        &self,
        linker: &mut Linker<Invocation>,
        compiled: &Compiled,
        spec: &ComponentSpec,
    ) -> Result<(bool, u64), LinkError> {
        let engine = &self.engine().wasm;
        let (mut faults, mut needs_transaction, mut linked) = (Vec::new(), false, BTreeSet::new());
        let mut cost_percent = signature::COST_USUAL_PERCENT;
        for (name, import) in compiled.component.component_type().imports(engine) {
            let ComponentItem::ComponentInstance(instance) = import.ty else {
                faults.push(ImportFault::Unsupported(name.to_owned(), "not an interface"));
                continue;
            };
            let mut functions = Vec::new();
            let (mut resources, mut unsupported) = (false, None);
            for (item, export) in instance.exports(engine) {
                match export.ty {
                    ComponentItem::ComponentFunc(function) => {
                        unsupported = unsupported.or_else(|| signature::unsupported(&function));
                        cost_percent = cost_percent.max(signature::cost_percent(function.params().map(|(_, ty)| ty)));
                        functions.push(item.to_owned());
                    }
                    ComponentItem::Resource(_) => resources = true,
                    _ => {}
                }
            }
            if functions.is_empty() && !resources {
                continue;
            }
            if let Some((interface, capability)) = self.offered(name) {
                if capability.needs_grant() && !spec.grants.allows(name) {
                    faults.push(ImportFault::NotGranted(name.to_owned()));
                    continue;
                }
                needs_transaction |= capability.needs_transaction();
                // A composed component may import two versions that one offer serves.
                if linked.insert(interface) {
                    capability.link(interface, linker).map_err(types(spec))?;
                }
            } else {
                match InterfaceId::parse(name) {
                    Ok(interface) if spec.calls.contains(&interface) => {
                        let unsupported = unsupported.or(resources.then_some("it has resources"));
                        if let Some(why) = unsupported {
                            faults.push(ImportFault::Unsupported(name.to_owned(), why));
                            continue;
                        }
                        needs_transaction = true;
                        call::link(linker, &interface, &functions).map_err(types(spec))?;
                    }
                    Ok(interface) if !platform::is_platform(interface.package()) => {
                        faults.push(ImportFault::NotDeclared(name.to_owned()));
                    }
                    _ => faults.push(ImportFault::NotOffered(name.to_owned())),
                }
            }
        }
        if faults.is_empty() {
            Ok((needs_transaction, cost_percent))
        } else {
            Err(LinkError::Imports { component: spec.id.clone(), faults })
        }
    }
}
