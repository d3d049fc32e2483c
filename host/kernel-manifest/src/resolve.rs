// SPDX-License-Identifier: MIT OR Apache-2.0
//! From what was read to a [`Manifest`]: defaults are filled in, positions are let go where no later check needs them.

use crate::capability;
use crate::fault::{Collector, Faults};
use crate::raw::{
    CapabilityRecord, DeclarationRecord, ManifestRecord, OperationRecord, RestRecord, ScheduleRecord, ViewRecord,
};
use crate::read::{At, List, Read};
use crate::{Capability, Declaration, Hooks, Manifest, Operation, Rest, Schedule, View, check, yaml};
use kernel_types::{ComponentId, Limits, OperationName, Permission};

impl Manifest {
    /// Reads a manifest, `cortex.yaml`, in YAML or in JSON.
    ///
    /// # Errors
    /// Everything that is wrong with it, each fault with its place. Text that is no YAML, or more than is allowed
    /// ([`crate::BYTES_MAX`], [`crate::DEPTH_MAX`], [`crate::NODES_MAX`]), is one fault.
    pub fn parse(text: &str) -> Result<Self, Faults> {
        let mut faults = Collector::default();
        let manifest = yaml::read(text, &mut faults)
            .and_then(|node| ManifestRecord::read(&node, "", &mut faults))
            .and_then(|record| {
                check::check(&record, &mut faults);
                manifest(record, &mut faults)
            });
        faults.finish(manifest)
    }
}

/// The manifest, where nothing is missing. What is missing is already among the faults.
fn manifest(record: ManifestRecord, faults: &mut Collector) -> Option<Manifest> {
    let capabilities = list(record.capabilities, |record| capability(record, faults));
    let sections = record.keys.into_values().chain(record.hooks.iter().flat_map(|hooks| hooks.keys.values().cloned()));
    let sections = sections.collect();
    let id = record.id?.value;
    let limits = record.limits.unwrap_or_default().over(Limits::DEFAULT);
    let operations = record.operations?.0.into_iter().filter_map(|(name, record)| {
        let operation = operation(&id, &limits, &name, record)?;
        Some((name.value, operation))
    });
    let operations = operations.collect();
    let hooks = record
        .hooks
        .map(|hooks| Hooks { offers: list(hooks.offers, declaration), answers: list(hooks.answers, declaration) });
    Some(Manifest {
        id,
        publisher: record.publisher.map(|publisher| publisher.value),
        version: record.version?.value,
        title: record.title?.value.0,
        description: record.description?.value.0,
        licence: record.licence?.value,
        world: record.world?.value,
        operations,
        capabilities,
        calls: list(record.calls, declaration),
        publishes: list(record.publishes, declaration),
        subscribes: list(record.subscribes, declaration),
        hooks: hooks.unwrap_or_default(),
        schedules: list(record.schedules, schedule),
        limits,
        views: list(record.views, view),
        migrations: record.migrations.map_or_else(|| "migrations".to_owned(), |name| name.value.0),
        sections,
        schemas: record
            .schemas
            .unwrap_or_default()
            .0
            .into_iter()
            .map(|(name, file)| (name.value.0, file.value))
            .collect(),
    })
}

fn list<R, T>(records: Option<List<R>>, one: impl FnMut(R) -> Option<T>) -> Vec<T> {
    records.map_or_else(Vec::new, |records| records.0.into_iter().filter_map(one).collect())
}

fn operation(
    id: &ComponentId,
    limits: &Limits,
    name: &At<OperationName>,
    record: OperationRecord,
) -> Option<Operation> {
    let derived = || Permission(format!("{id}.{}", name.value).into());
    Some(Operation {
        effect: record.effect?.value,
        permission: record.permission.map_or_else(derived, |permission| permission.value),
        rest: match record.rest {
            Some(record) => Some(rest(record)?),
            None => None,
        },
        limits: record.limits.unwrap_or_default().over(*limits),
        place: name.place.clone(),
    })
}

fn rest(record: RestRecord) -> Option<Rest> {
    Some(Rest {
        method: record.method?.value,
        path: record.path?.value,
        query: record.query.unwrap_or_default().0.into_iter().map(|name| name.value.0).collect(),
        place: record.place,
    })
}

fn capability(record: CapabilityRecord, faults: &mut Collector) -> Option<Capability> {
    let scope = capability::scope(&record, faults);
    Some(Capability {
        interface: record.interface?.value,
        reason: record.reason?.value.0,
        scope: scope?,
        place: record.place,
    })
}

fn declaration(record: DeclarationRecord) -> Option<Declaration> {
    Some(Declaration { interface: record.interface?.value, reason: record.reason?.value.0, place: record.place })
}

fn schedule(record: ScheduleRecord) -> Option<Schedule> {
    Some(Schedule {
        name: record.name?.value.0,
        operation: record.operation?.value,
        cron: record.cron?.value,
        time_zone: record.time_zone.map(|zone| zone.value).unwrap_or_default(),
        missed: record.missed.map(|missed| missed.value).unwrap_or_default(),
        place: record.place,
    })
}

fn view(record: ViewRecord) -> Option<View> {
    Some(View {
        id: record.id?.value.0,
        title: record.title?.value.0,
        operation: record.operation?.value,
        kind: record.kind?.value,
        place: record.place,
    })
}
