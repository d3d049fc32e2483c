// SPDX-License-Identifier: MIT OR Apache-2.0
//! What is known of the platform's interfaces: which need no declaration, and what a scope of each says.
//! Whether the host at hand offers an interface is not known here; linking finds out, and names it.

use crate::fault::{Collector, Place};
use crate::raw::CapabilityRecord;
use crate::read::{At, List, joined};
use crate::word::{HostPattern, InterfaceName, Name};
use kernel_types::platform;

/// What of a capability a component asks for. The host enforces it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CapabilityScope {
    /// The capability has no parts: tenant and component are its scope.
    Whole,
    /// The secrets of these names.
    Secrets(Vec<String>),
    /// Requests to these hosts.
    Hosts(Vec<HostPattern>),
    /// Files in the buckets of these names.
    Buckets(Vec<String>),
}

/// The package whose interface has no functions: importing it asks for nothing.
const TYPES: &str = "cortex:types";

/// Which key of `scope` a package or an interface takes.
const SCOPES: [(&str, &str); 5] = [
    ("cortex:secrets", "secrets"),
    ("cortex:http", "hosts"),
    ("wasi:http/outgoing-handler", "hosts"),
    ("cortex:files", "buckets"),
    ("wasi:filesystem/preopens", "buckets"),
];

fn package(interface: &str) -> &str {
    interface.split_once('/').map_or(interface, |(package, _)| package)
}

/// Whether an interface is the platform's and therefore a capability, not a call.
pub(crate) fn is_platform(interface: &str) -> bool {
    platform::is_platform(package(interface))
}

/// Whether an interface asks for nothing and needs no declaration.
pub(crate) fn is_free(interface: &str) -> bool {
    package(interface) == TYPES
}

/// The key of `scope` that the interface takes, where it takes one.
fn scope_key(interface: &InterfaceName) -> Option<&'static str> {
    let fits = |subject: &str| subject == interface.package() || subject == interface.name();
    SCOPES.iter().find(|(subject, _)| fits(subject)).map(|(_, key)| *key)
}

/// Checks the scope of a capability against what its interface takes.
pub(crate) fn scope(record: &CapabilityRecord, faults: &mut Collector) -> Option<CapabilityScope> {
    let interface = &record.interface.as_ref()?.value;
    let written = record.keys.get("scope");
    let Some(key) = scope_key(interface) else {
        if let Some(place) = written {
            faults.add(place, format!("no scope, since `{}` has no parts", interface.name()), "a scope");
        }
        return Some(CapabilityScope::Whole);
    };
    if written.is_none() {
        let place = Place { path: joined(&record.place.path, "scope"), ..record.place.clone() };
        faults.add(
            &place,
            format!("the key `scope` with `{key}`, which `{}` asks for", interface.name()),
            "no such key",
        );
    }
    let scope = record.scope.as_ref()?;
    for (other, place) in scope.keys.iter().filter(|(other, _)| **other != key) {
        faults.add(place, format!("`{key}` alone, which `{}` asks for", interface.name()), format!("`{other}`"));
    }
    if !scope.keys.contains_key(key) {
        faults.add(&scope.place, format!("the key `{key}`, which `{}` asks for", interface.name()), "no such key");
    }
    match key {
        "secrets" => Some(CapabilityScope::Secrets(names(scope.secrets.as_ref()?))),
        "buckets" => Some(CapabilityScope::Buckets(names(scope.buckets.as_ref()?))),
        _ => Some(CapabilityScope::Hosts(scope.hosts.as_ref()?.0.iter().map(|host| host.value.clone()).collect())),
    }
}

fn names<const MIN: usize>(list: &List<At<Name>, MIN>) -> Vec<String> {
    list.0.iter().map(|name| name.value.0.clone()).collect()
}
