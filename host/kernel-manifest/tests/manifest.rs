// SPDX-License-Identifier: MIT OR Apache-2.0
//! The complete example is read as it is meant, and its JSON form means the same.

use kernel_manifest::{CapabilityScope, Manifest, Method, Missed, ViewKind};
use kernel_types::{Effect, Limits, OperationName};

const LEDGER: &str = include_str!("examples/ledger.yaml");

#[expect(clippy::unwrap_used, reason = "a helper of tests")]
fn operation(name: &str) -> OperationName {
    OperationName::parse(name).unwrap()
}

#[test]
fn the_example_is_read_as_it_is_meant() {
    let manifest = Manifest::parse(LEDGER).unwrap_or_else(|faults| panic!("{}", faults.in_file("ledger.yaml")));
    assert_eq!((manifest.id.as_str(), manifest.version.to_string().as_str()), ("ledger", "1.0.0"));
    assert_eq!(manifest.world.name(), "component");
    assert!(manifest.description.ends_with("that follow from them."), "{}", manifest.description);
    assert_eq!(manifest.operations.len(), 7);

    let create = &manifest.operations[&operation("account.create")];
    assert_eq!((create.effect, create.permission.0.as_ref()), (Effect::Write, "ledger.accounts.manage"));
    let get = &manifest.operations[&operation("journal.get-entry")];
    assert_eq!((get.effect, get.permission.0.as_ref()), (Effect::Read, "ledger.journal.get-entry"));
    let rest = get.rest.as_ref().unwrap();
    assert_eq!((rest.method, rest.path.as_str()), (Method::Get, "/entries/{id}"));
    assert_eq!(rest.path.parameters().collect::<Vec<_>>(), ["id"]);
    assert_eq!((get.place.line, get.place.column), (19, 3));

    let whole = Limits { memory_bytes_max: 128 << 20, cpu_ms_max: 2_000, ..Limits::DEFAULT };
    assert_eq!(manifest.limits, whole);
    let many = Limits { cpu_ms_max: 60_000, wall_ms_max: 120_000, argument_bytes_max: 32 << 20, ..whole };
    assert_eq!(manifest.operations[&operation("journal.post-many")].limits, many);

    assert_eq!(manifest.capabilities[0].scope, CapabilityScope::Whole);
    assert_eq!(manifest.capabilities[2].scope, CapabilityScope::Secrets(vec!["tax-office-key".to_owned()]));
    assert_eq!(manifest.calls[0].interface.name(), "cortex:currencies/rates");
    assert_eq!((manifest.publishes.len(), manifest.subscribes.len()), (1, 1));
    assert_eq!((manifest.hooks.offers.len(), manifest.hooks.answers.len()), (1, 1));

    let schedule = &manifest.schedules[0];
    assert_eq!((schedule.time_zone.as_str(), schedule.missed), ("Europe/Vienna", Missed::RunOnce));
    assert!(schedule.cron.is_due(0, 3, 1, 12, 2));
    assert_eq!(
        manifest.views.iter().map(|view| view.kind).collect::<Vec<_>>(),
        [ViewKind::List, ViewKind::Form, ViewKind::Report]
    );
    assert_eq!(manifest.migrations, "migrations");
    assert_eq!(manifest.schemas["chart-of-accounts"].as_str(), "schemas/chart-of-accounts.schema.json");
}

#[test]
fn what_is_left_out_has_its_default() {
    let manifest = Manifest::parse(include_str!("examples/greeter.json")).unwrap_or_else(|faults| panic!("{faults}"));
    assert_eq!(manifest.limits, Limits::DEFAULT);
    assert_eq!(manifest.migrations, "migrations");
    assert!(manifest.capabilities.is_empty() && manifest.views.is_empty() && manifest.hooks.offers.is_empty());
    let greet = &manifest.operations[&operation("greeting.greet")];
    assert_eq!((greet.permission.0.as_ref(), greet.rest.is_none()), ("greeter.greeting.greet", true));
}
