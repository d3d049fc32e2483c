// SPDX-License-Identifier: MIT OR Apache-2.0
//! What concerns more than one key of a manifest. It works on whatever could be read, so that these faults are reported
//! together with those of single keys.

use crate::capability::{is_free, is_platform};
use crate::fault::{Collector, Place};
use crate::raw::{ManifestRecord, OperationRecord};
use crate::read::{At, List};
use crate::word::InterfaceName;
use crate::{Method, ViewKind};
use kernel_types::text::quote;
use kernel_types::{Effect, OperationName};
use std::collections::HashMap;

/// Checks everything.
pub(crate) fn check(record: &ManifestRecord, faults: &mut Collector) {
    interfaces(record, faults);
    schedules(record, faults);
    views(record, faults);
    routes(record, faults);
    for (name, operation) in operations(record) {
        methods(name, operation, faults);
        query(operation, faults);
    }
}

fn operations(record: &ManifestRecord) -> impl Iterator<Item = &(At<OperationName>, OperationRecord)> {
    record.operations.iter().flat_map(|operations| operations.0.iter())
}

fn list<T>(list: Option<&List<T>>) -> impl Iterator<Item = &T> {
    list.into_iter().flat_map(|list| list.0.iter())
}

/// Reports the second of two equal names.
fn twice<'r>(what: &str, names: impl Iterator<Item = (&'r str, &'r Place)>, faults: &mut Collector) {
    let mut first: HashMap<&str, usize> = HashMap::new();
    for (name, place) in names {
        match first.get(name) {
            Some(line) => faults.add(place, what, format!("{} again, first in line {line}", quote(name))),
            None => {
                first.insert(name, place.line);
            }
        }
    }
}

/// Each interface stands in the section that it belongs to, once.
fn interfaces(record: &ManifestRecord, faults: &mut Collector) {
    let capabilities = || list(record.capabilities.as_ref()).filter_map(|capability| capability.interface.as_ref());
    for interface in capabilities().filter(|interface| is_free(interface.value.name())) {
        let expected = "interfaces with functions";
        faults.add(
            &interface.place,
            expected,
            format!("`{}`, which has none and needs no declaration", interface.value.name()),
        );
    }
    let hooks = record.hooks.as_ref();
    let imported = [record.calls.as_ref(), record.publishes.as_ref(), hooks.and_then(|h| h.offers.as_ref())];
    let exported = [record.subscribes.as_ref(), hooks.and_then(|h| h.answers.as_ref())];
    let imported = imported.into_iter().flat_map(list).filter_map(|d| d.interface.as_ref()).collect::<Vec<_>>();
    let exported = exported.into_iter().flat_map(list).filter_map(|d| d.interface.as_ref()).collect::<Vec<_>>();
    for interface in imported.iter().chain(&exported).filter(|interface| is_platform(interface.value.name())) {
        let name = interface.value.name();
        faults.add(
            &interface.place,
            "an interface of another domain",
            format!("`{name}`, a capability of the platform"),
        );
    }
    let of_domain = |interface: &&At<InterfaceName>| !is_platform(interface.value.name());
    let imported = capabilities().chain(imported.into_iter().filter(of_domain));
    twice("each imported interface once", imported.map(named), faults);
    twice("each exported interface once", exported.into_iter().filter(of_domain).map(named), faults);
}

fn named(interface: &At<InterfaceName>) -> (&str, &Place) {
    (interface.value.name(), &interface.place)
}

/// The operation of that name; a fault that offers the nearest one where there is none.
fn operation<'r>(
    record: &'r ManifestRecord,
    name: &At<OperationName>,
    faults: &mut Collector,
) -> Option<&'r OperationRecord> {
    // Where the operations as a whole could not be read, nothing can be said of one.
    record.operations.as_ref()?;
    let found = operations(record).find(|(known, _)| known.value == name.value);
    if found.is_none() {
        let near = faults.nearest(name.value.as_str(), operations(record).map(|(known, _)| known.value.as_str()));
        faults.add_near(&name.place, "an operation of this manifest", quote(name.value.as_str()), near);
    }
    found.map(|(_, operation)| operation)
}

fn schedules(record: &ManifestRecord, faults: &mut Collector) {
    let schedules = || list(record.schedules.as_ref());
    for name in schedules().filter_map(|schedule| schedule.operation.as_ref()) {
        operation(record, name, faults);
    }
    let names = schedules().filter_map(|schedule| schedule.name.as_ref());
    twice("each schedule once", names.map(|name| (name.value.0.as_str(), &name.place)), faults);
}

fn views(record: &ManifestRecord, faults: &mut Collector) {
    let views = || list(record.views.as_ref());
    for view in views() {
        let Some(name) = &view.operation else { continue };
        let Some(operation) = operation(record, name, faults) else { continue };
        let writes = operation.effect.as_ref().is_some_and(|effect| effect.value == Effect::Write);
        let only_reads = view.kind.as_ref().is_some_and(|kind| matches!(kind.value, ViewKind::List | ViewKind::Report));
        if writes && only_reads {
            let found = format!("{}, which writes", quote(name.value.as_str()));
            faults.add(&name.place, "an operation that reads, for a list or a report", found);
        }
    }
    let ids = views().filter_map(|view| view.id.as_ref());
    twice("each view once", ids.map(|id| (id.value.0.as_str(), &id.place)), faults);
}

/// No two operations have one route, and none takes another's derived route.
fn routes(record: &ManifestRecord, faults: &mut Collector) {
    let mut taken: HashMap<(Method, String), (&OperationName, usize)> = HashMap::new();
    for (name, _) in operations(record) {
        let derived = format!("/{}/{}", name.value.interface(), name.value.function());
        taken.insert((Method::Post, derived), (&name.value, name.place.line));
    }
    for (name, operation) in operations(record) {
        let Some(rest) = &operation.rest else { continue };
        let (Some(method), Some(path)) = (&rest.method, &rest.path) else { continue };
        let route = (method.value, path.value.shape());
        match taken.get(&route) {
            Some((other, line)) if **other != name.value => {
                let found = format!("`{} {}`, the route of `{other}` in line {line}", method.value, path.value);
                faults.add(&path.place, "a route of its own", found);
            }
            _ => {
                taken.insert(route, (&name.value, path.place.line));
            }
        }
    }
}

/// The method promises what the effect keeps.
fn methods(name: &At<OperationName>, operation: &OperationRecord, faults: &mut Collector) {
    let Some(effect) = &operation.effect else { return };
    let Some(method) = operation.rest.as_ref().and_then(|rest| rest.method.as_ref()) else { return };
    let expected = match (effect.value, method.value) {
        (Effect::Read, Method::Get | Method::Post) => return,
        (Effect::Read, _) => "`GET` or `POST`",
        (Effect::Write, Method::Get) => "another method than `GET`",
        (Effect::Write, _) => return,
    };
    let does = if effect.value == Effect::Read { "reads" } else { "writes" };
    let found = format!("`{}`, while {} {does}", method.value, quote(name.value.as_str()));
    faults.add(&method.place, expected, found);
}

/// A parameter comes from one place.
fn query(operation: &OperationRecord, faults: &mut Collector) {
    let Some(rest) = &operation.rest else { return };
    let query = || list(rest.query.as_ref());
    twice("each parameter once", query().map(|name| (name.value.0.as_str(), &name.place)), faults);
    let Some(path) = &rest.path else { return };
    for name in query().filter(|name| path.value.parameters().any(|parameter| parameter == name.value.0)) {
        faults.add(&name.place, "a parameter that the path does not name", quote(&name.value.0));
    }
}
