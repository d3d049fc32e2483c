// SPDX-License-Identifier: MIT OR Apache-2.0
//! The hooks of `cortex:lifecycle/lifecycle@1.0.0`: exports that are no operations. They are linked as targets of their
//! own, are nobody's provider, and have a permission that no credential names. When they are called is not decided
//! here.

use crate::enable::{Enabled, EnabledSet};
use kernel_contract::{Contract, Operation};
use kernel_engine::OperationSpec;
use kernel_manifest::Manifest;
use kernel_types::{Effect, InterfaceId, Permission};
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

/// The interface.
pub const LIFECYCLE: &str = "cortex:lifecycle/lifecycle@1.0.0";

/// When a hook is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hook {
    /// Before the host answers anybody.
    Preboot,
    /// When it answers.
    Boot,
    /// When it has answered its last request.
    Shutdown,
}

impl Hook {
    /// Every hook.
    pub const ALL: &'static [Self] = &[Self::Preboot, Self::Boot, Self::Shutdown];

    /// The name of its function.
    #[must_use]
    pub const fn function(self) -> &'static str {
        match self {
            Self::Preboot => "on-preboot",
            Self::Boot => "on-boot",
            Self::Shutdown => "on-shutdown",
        }
    }

    /// What its caller must hold.
    #[must_use]
    pub fn permission(self) -> Permission {
        Permission(format!("cortex.lifecycle.{}", self.function()).into())
    }
}

/// Whether an exported interface is that of the hooks.
pub(crate) fn is_lifecycle(interface: &InterfaceId) -> bool {
    interface.as_str() == LIFECYCLE
}

/// The hooks of a component as what the engine links.
pub(crate) fn specs(contract: &Contract, manifest: &Manifest) -> Vec<OperationSpec> {
    let of = |hook: &Hook| {
        let operation = hooks(contract).find(|operation| operation.name.function() == hook.function())?;
        Some(OperationSpec {
            interface: operation.interface.clone(),
            function: hook.function().into(),
            effect: Effect::Write,
            permission: hook.permission(),
            limits: manifest.limits,
        })
    };
    Hook::ALL.iter().filter_map(of).collect()
}

/// Whether a component exports no hooks, or all of them, each as the package says.
pub(crate) fn are_as_released(contract: &Contract) -> bool {
    let known = |name: &str| Hook::ALL.iter().any(|hook| hook.function() == name);
    let right = |operation: &Arc<Operation>| operation.parameters.is_empty() && known(operation.name.function());
    let count = hooks(contract).count();
    (count == 0 || count == Hook::ALL.len()) && hooks(contract).all(right)
}

fn hooks(contract: &Contract) -> impl Iterator<Item = &Arc<Operation>> {
    contract.operations().filter(|operation| is_lifecycle(&operation.interface))
}

impl Enabled {
    /// Whether the component wants to be told of the life of its host.
    #[must_use]
    pub fn has_hooks(&self) -> bool {
        hooks(&self.installed.contract).next().is_some()
    }
}

impl EnabledSet {
    /// The components in the order of their hooks: those that others call first, by their ids where none calls the
    /// other.
    #[must_use]
    pub fn in_call_order(&self) -> Vec<&Arc<Enabled>> {
        // Components are sorted by their ids, so that an index stands for one.
        let components = self.components();
        let exporting = components.iter().enumerate().flat_map(|(index, enabled)| {
            enabled.installed.contract.interfaces().iter().map(move |interface| (&interface.id, index))
        });
        let provider: HashMap<&InterfaceId, usize> = exporting.filter(|(id, _)| !is_lifecycle(id)).collect();
        let calls: Vec<BTreeSet<usize>> = components
            .iter()
            .map(|enabled| {
                let declared = |id: &&InterfaceId| {
                    enabled.installed.manifest.calls.iter().any(|call| call.interface.covers(id.as_str()))
                };
                let imports = enabled.installed.contract.imports().iter().map(|import| &import.id);
                imports.filter(declared).filter_map(|id| provider.get(id).copied()).collect()
            })
            .collect();
        order(&calls).into_iter().filter_map(|index| components.get(index)).collect()
    }
}

/// Indices in an order in which each stands behind those that it calls, the smallest first where several could; where
/// some call each other in a circle, the smallest of what is left begins.
fn order(calls: &[BTreeSet<usize>]) -> Vec<usize> {
    let mut left: BTreeSet<usize> = (0..calls.len()).collect();
    let mut ordered = Vec::with_capacity(calls.len());
    while let Some(first) = left.first().copied() {
        let free = |index: &usize| {
            calls.get(*index).is_none_or(|calls| calls.iter().all(|called| called == index || !left.contains(called)))
        };
        let next = left.iter().copied().find(free).unwrap_or(first);
        left.remove(&next);
        ordered.push(next);
    }
    ordered
}

#[cfg(test)]
mod tests {
    use super::order;
    use std::collections::BTreeSet;

    fn check(calls: &[&[usize]], expected: &[usize]) {
        let calls: Vec<BTreeSet<usize>> = calls.iter().map(|calls| calls.iter().copied().collect()).collect();
        assert_eq!(order(&calls), expected, "{calls:?}");
    }

    #[test]
    fn who_is_called_comes_first_and_ties_go_by_id() {
        check(&[], &[]);
        check(&[&[], &[], &[]], &[0, 1, 2]);
        check(&[&[2], &[], &[]], &[1, 2, 0]);
        check(&[&[1], &[2], &[]], &[2, 1, 0]);
        check(&[&[3], &[3], &[0], &[]], &[3, 0, 1, 2]);
        check(&[&[0, 1], &[]], &[1, 0]);
        check(&[&[1], &[0], &[]], &[2, 0, 1]);
    }
}
