// SPDX-License-Identifier: MIT OR Apache-2.0
//! What is said is what happens: the engine links those who are said to fit and no others, and requests and answers of
//! one version are read by the other where they are said to be compatible. Over types at random and changes of them at
//! random.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a helper of a test is a test")]

use contract_samples::component;
use contract_samples::values::{Shape, shape, value, wit};
use derive_changes::{Verdict, breaks, changes};
use derive_openapi::schema;
use kernel_contract::{Contract, Operation, Outcome, Output};
use kernel_engine::{
    BoxFuture, ComponentSpec, Directory, Engine, Kernel, OperationSpec, Prepared, Settings, TransactError, Transactor,
    Work,
};
use kernel_types::{ComponentId, Effect, Grants, InterfaceId, Limits, Permission, TenantId};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use std::sync::{Arc, LazyLock};
use std::time::Instant;

struct Nothing;

impl Transactor for Nothing {
    fn run(
        &self,
        _: &TenantId,
        _: Effect,
        _: Instant,
        _: Work,
    ) -> BoxFuture<'static, Result<kernel_engine::Verdict, TransactError>> {
        Box::pin(async { Err(TransactError::Deadline) })
    }
}

impl Directory for Nothing {
    fn provider(&self, _: &TenantId, _: &InterfaceId) -> Option<Arc<Prepared>> {
        None
    }
}

static KERNEL: LazyLock<Kernel> = LazyLock::new(|| {
    let settings = Settings { instances_max: 20, ..Settings::default() };
    Kernel::new(Engine::new(&settings).unwrap(), Vec::new(), Arc::new(Nothing), Arc::new(Nothing))
});

const INTERFACE: &str = "test:test/test@1.0.0";

/// A component that exports the interface, or imports it.
struct Linked {
    contract: Contract,
    prepared: Arc<Prepared>,
}

fn linked(items: &str, word: &str) -> Linked {
    let world = contract_samples::wit_of_items(items).replace("{ export test; }", &format!("{{ {word} test; }}"));
    let bytes = component(&world);
    let contract = Contract::of_component(&bytes).unwrap();
    let interface = InterfaceId::parse(INTERFACE).unwrap();
    let operations = contract.operations().map(|operation| OperationSpec {
        interface: interface.clone(),
        function: operation.name.function().into(),
        effect: Effect::Read,
        permission: Permission("test".into()),
        limits: Limits::DEFAULT,
    });
    let spec = ComponentSpec {
        id: ComponentId::parse("test").unwrap(),
        grants: Grants::default(),
        calls: [interface.clone()].into(),
        operations: operations.collect(),
    };
    let compiled = KERNEL.engine().compile(&bytes).unwrap();
    Linked { prepared: KERNEL.prepare(&compiled, &spec).unwrap(), contract }
}

fn items(shape: &Shape) -> String {
    let mut items = Vec::new();
    let ty = wit(shape, &mut items);
    let rest = "also: func(n: u32) -> u32;";
    format!("{}\ncall: func(x: {ty}, rest: option<{ty}>) -> tuple<{ty}, option<{ty}>>; {rest}", items.join("\n"))
}

/// Changes a type at one place, which the bytes choose; some leave it as it is.
fn changed(shape: &Shape, bytes: &mut impl Iterator<Item = u8>) -> Shape {
    let choice = bytes.next().unwrap_or_default();
    let inner = |inner: &Shape, bytes: &mut dyn Iterator<Item = u8>| {
        let mut rest: Vec<u8> = bytes.collect();
        rest.truncate(40);
        changed(inner, &mut rest.into_iter())
    };
    let boxed = |one: &Shape, bytes: &mut dyn Iterator<Item = u8>| Box::new(inner(one, bytes));
    if choice < 30 {
        return Shape::Option(Box::new(shape.clone()));
    }
    if choice < 40 {
        return Shape::Plain(["u8", "u32", "u64", "string", "decimal", "date"][usize::from(choice % 6)]);
    }
    match shape {
        Shape::Plain(name) => Shape::Plain(match (*name, choice % 3) {
            ("u8" | "u16", 0) => "u32",
            ("u64", 0) => "u32",
            ("u32", 0) => "u64",
            ("decimal" | "date" | "uuid", 0) => "string",
            ("string", 0) => "uuid",
            ("f32", 0) => "f64",
            ("f64", 0) => "f32",
            (name, _) => name,
        }),
        Shape::List(one) => Shape::List(boxed(one, bytes)),
        Shape::Option(one) if choice < 80 => (**one).clone(),
        Shape::Option(one) => Shape::Option(boxed(one, bytes)),
        Shape::Alias(one) => Shape::Alias(boxed(one, bytes)),
        Shape::Result(ok, error) if choice < 60 => Shape::Result(error.clone(), ok.clone()),
        Shape::Result(ok, error) => Shape::Result(ok.as_ref().map(|ok| boxed(ok, bytes)), error.clone()),
        Shape::Tuple(parts) => Shape::Tuple(member(parts, choice, bytes, inner)),
        Shape::Record(fields) => Shape::Record(member(fields, choice, bytes, inner)),
        Shape::Variant(cases) => {
            let one = |case: &Option<Shape>, bytes: &mut dyn Iterator<Item = u8>| match case {
                None => Some(Shape::Plain("bool")),
                Some(one) => Some(inner(one, bytes)),
            };
            Shape::Variant(member(cases, choice, bytes, one))
        }
        Shape::Enum(count) => Shape::Enum(if choice.is_multiple_of(2) { count + 1 } else { (count - 1).max(1) }),
        Shape::Flags(count) => Shape::Flags(if choice.is_multiple_of(2) { count + 1 } else { (count - 1).max(1) }),
    }
}

/// Takes the last away, adds one, or changes one.
fn member<T: Clone>(
    list: &[T],
    choice: u8,
    bytes: &mut dyn Iterator<Item = u8>,
    one: impl Fn(&T, &mut dyn Iterator<Item = u8>) -> T,
) -> Vec<T> {
    let mut list = list.to_vec();
    match choice {
        ..80 if list.len() > 1 => drop(list.pop()),
        80..120 => list.push(list[0].clone()),
        _ => {
            let index = usize::from(bytes.next().unwrap_or_default()) % list.len();
            list[index] = one(&list[index], bytes);
        }
    }
    list
}

fn pair() -> impl Strategy<Value = (Shape, Shape)> {
    let bytes = proptest::collection::vec(any::<u8>(), 40);
    (shape(), bytes).prop_map(|(old, bytes)| {
        let new = changed(&old, &mut bytes.into_iter());
        (old, new)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn the_engine_links_those_who_are_said_to_fit_and_no_others((old, new) in pair()) {
        let (was, is) = (linked(&items(&old), "export"), linked(&items(&new), "export"));
        for (was, is, consumer) in [
            (&was, &is, linked(&items(&old), "import")),
            (&is, &was, linked(&items(&new), "import")),
        ] {
            let id = ComponentId::parse("consumer").unwrap();
            let interface = InterfaceId::parse(INTERFACE).unwrap();
            prop_assert!(consumer.prepared.check_call(&was.prepared, &interface).is_ok());
            let fits = consumer.prepared.check_call(&is.prepared, &interface);
            let broken = breaks(&was.contract, &is.contract, [(&id, &consumer.contract)]);
            prop_assert_eq!(fits.is_ok(), broken.is_empty(), "{:?} {:?}", fits.err().map(|e| e.to_string()), broken);
            let found = changes(&was.contract, &is.contract);
            prop_assert_eq!(fits.is_ok(), found.components() == Verdict::Compatible, "{}", found);
        }
    }

    #[test]
    fn a_version_reads_what_the_other_writes_where_it_is_said_to_be_compatible((old, new) in pair()) {
        reads(&Version::of(&old), &Version::of(&new), &mut TestRunner::deterministic());
    }
}

/// Types whose ranges and forms lie close to each other.
const CLOSE: &[&str] = &[
    "bool",
    "u8",
    "u16",
    "u32",
    "u64",
    "s8",
    "s16",
    "s32",
    "s64",
    "f32",
    "f64",
    "char",
    "string",
    "decimal",
    "currency-code",
    "date",
    "date-time",
    "uuid",
    "money",
    "page-request",
    "list<u8>",
    "list<octet>",
    "list<u8, 2>",
    "list<u16>",
    "list<u16, 2>",
    "list<u32>",
    "option<u8>",
    "option<u16>",
    "option<option<u8>>",
    "option<list<u8>>",
    "tuple<u8>",
    "tuple<u16>",
    "tuple<u8, u8>",
    "result<u8>",
    "result<u8, u8>",
    "result<_, u8>",
    "result<u16, u8>",
    "two",
    "three",
    "turned",
    "few",
    "many",
    "bare",
    "laden",
    "short",
    "long",
    "longer",
    "asked",
];

const DEFINED: &str = "type octet = u8;
    enum two { a, b } enum three { a, b, c } enum turned { b, a } flags few { a, b } flags many { a, b, c }
    variant bare { a, b } variant laden { a, b(u8) }
    record short { a: u8 } record long { a: u8, b: option<u8> } record longer { a: u8, b: u8 }
    record asked { limit: option<u32>, cursor: option<string> }";

/// Each of them becomes each other one.
#[test]
fn types_that_are_close_are_told_apart() {
    let mut runner = TestRunner::deterministic();
    let versions: Vec<_> = CLOSE.iter().map(|ty| Version::new(DEFINED, ty)).collect();
    let mut compatible = 0;
    for old in &versions {
        for new in &versions {
            compatible += reads(old, new, &mut runner);
        }
    }
    // Beside each with itself, both ways, those that the table of `docs/upgrades.md` calls compatible.
    assert!(compatible > 2 * CLOSE.len() + 60, "{compatible} are compatible");
}

/// An operation that takes a type, one that answers with it, and one that does both.
struct Version {
    takes: Contract,
    answers: Contract,
    both: Contract,
}

impl Version {
    fn new(items: &str, ty: &str) -> Self {
        let contract = |call: &str| {
            let items = format!("{items}\ncall: func({};", call.replace('T', ty));
            Contract::of_component(&component(&contract_samples::wit_of_items(&items))).unwrap()
        };
        Self { takes: contract("x: T)"), answers: contract(") -> tuple<T>"), both: contract("x: T) -> tuple<T>") }
    }

    fn of(shape: &Shape) -> Self {
        let mut items = Vec::new();
        let ty = wit(shape, &mut items);
        Self::new(&items.join("\n"), &ty)
    }
}

/// Checks both directions where they are said to be compatible, and says how many are.
fn reads(old: &Version, new: &Version, runner: &mut TestRunner) -> usize {
    let mut compatible = 0;
    let requests = changes(&old.takes, &new.takes);
    if requests.http() == Verdict::Compatible {
        compatible += 1;
        for _ in 0..VALUES {
            let json = written(&old.both, runner);
            let body = format!("{{\"x\":{}}}", json.strip_prefix('[').unwrap().strip_suffix(']').unwrap());
            let read = operation(&new.both).lift(body.as_bytes());
            assert!(read.is_ok(), "{requests}\n{:?}\n{body}", read.err());
        }
    }
    let answers = changes(&old.answers, &new.answers);
    if answers.http() == Verdict::Compatible {
        compatible += 1;
        // What the old version promised, but that a caller lets pass fields that are new.
        let mut promised = schema::output(operation(&old.answers));
        open(&mut promised);
        let promised = jsonschema::validator_for(&promised).unwrap();
        for _ in 0..VALUES {
            let answer = written(&new.answers, runner);
            let kept = promised.validate(&serde_json::from_str(&answer).unwrap()).map_err(|error| error.to_string());
            assert!(kept.is_ok(), "{answers}\n{kept:?}\n{answer}");
        }
    }
    compatible
}

/// How many values are written for each direction.
const VALUES: usize = 16;

fn operation(contract: &Contract) -> &Operation {
    contract.operation(&"test.call".parse().unwrap()).unwrap()
}

/// An answer of `call: func(..) -> tuple<T>` with any value.
fn written(contract: &Contract, runner: &mut TestRunner) -> String {
    let operation = operation(contract);
    let Output::Value(Some(ty)) = &operation.output else { panic!("no value") };
    let value = value(ty).new_tree(runner).unwrap().current();
    let mut json = Vec::new();
    assert!(matches!(operation.lower(Some(&value), &mut json, usize::MAX), Ok(Outcome::Ok)));
    String::from_utf8(json).unwrap()
}

/// Allows fields that a schema does not name.
fn open(schema: &mut serde_json::Value) {
    match schema {
        serde_json::Value::Object(members) => {
            members.remove("additionalProperties");
            members.values_mut().for_each(open);
        }
        serde_json::Value::Array(items) => items.iter_mut().for_each(open),
        _ => {}
    }
}
