// SPDX-License-Identifier: MIT OR Apache-2.0
//! What is linked and what is refused: every import at fault is named, and nothing runs.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a helper of a test is a test")]

mod support;

use kernel_engine::{ImportFault, LinkError};
use kernel_types::{Effect, Grants, InterfaceId, Limits};
use support::{Bench, component, spec};

const IMPORTS: &str = r#"(component
    (import "test:host/host@1.0.0" (instance (export "touch" (func))))
    (import "test:other/api@1.0.0" (instance (export "run" (func))))
    (import "wasi:cli/exit@0.2.0" (instance (export "exit" (func))))
    (import "cortex:storage/vault@1.0.0" (instance (export "open" (func))))
    (import "bare" (func))
    (import "test:types/types@1.0.0" (instance (type $t string) (export "name" (type (eq $t)))))
)"#;

fn faults(granted: bool, declared: bool) -> Vec<ImportFault> {
    let bench = Bench::new();
    let compiled = bench.kernel.engine().compile(&wat::parse_str(IMPORTS).unwrap()).unwrap();
    let mut spec = spec("a", &[], Effect::Read, Limits::DEFAULT);
    spec.grants = if granted { Grants::of(["test:host/host"]) } else { Grants::default() };
    if declared {
        spec.calls.insert(InterfaceId::parse("test:other/api@1.0.0").unwrap());
    }
    match bench.kernel.prepare(&compiled, &spec) {
        Err(LinkError::Imports { faults, .. }) => faults,
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("it was linked"),
    }
}

#[test]
fn every_import_at_fault_is_named_and_types_need_nothing() {
    let always = [
        ImportFault::NotOffered("wasi:cli/exit@0.2.0".into()),
        ImportFault::NotOffered("cortex:storage/vault@1.0.0".into()),
        ImportFault::Unsupported("bare".into(), "not an interface"),
    ];
    let not_granted = ImportFault::NotGranted("test:host/host@1.0.0".into());
    let not_declared = ImportFault::NotDeclared("test:other/api@1.0.0".into());
    for (granted, declared) in [(false, false), (false, true), (true, false), (true, true)] {
        let found = faults(granted, declared);
        assert_eq!(found.contains(&not_granted), !granted, "{found:?}");
        assert_eq!(found.contains(&not_declared), !declared, "{found:?}");
        assert!(always.iter().all(|fault| found.contains(fault)), "{found:?}");
        assert_eq!(found.len(), 3 + usize::from(!granted) + usize::from(!declared));
    }
}

#[test]
fn a_version_that_the_host_does_not_have_is_not_offered() {
    let bench = Bench::new();
    for (version, offered) in [("1.0.0", true), ("1.0.1", false), ("1.1.0", false), ("2.0.0", false), ("0.9.0", false)]
    {
        let text = format!("(component (import \"test:host/host@{version}\" (instance (export \"touch\" (func)))))");
        let compiled = bench.kernel.engine().compile(&wat::parse_str(&text).unwrap()).unwrap();
        let linked = bench.kernel.prepare(&compiled, &spec("a", &[], Effect::Read, Limits::DEFAULT));
        assert_eq!(linked.is_ok(), offered, "{version}: {:?}", linked.err().map(|e| e.to_string()));
    }
}

#[test]
fn an_import_of_another_type_than_offered_is_refused() {
    let bench = Bench::new();
    let text = "(component (import \"test:host/host@1.0.0\" (instance (export \"touch\" (func (param \"x\" u32))))))";
    let compiled = bench.kernel.engine().compile(&wat::parse_str(text).unwrap()).unwrap();
    let error = bench.kernel.prepare(&compiled, &spec("a", &[], Effect::Read, Limits::DEFAULT)).err().unwrap();
    assert!(error.to_string().contains("touch"), "{error}");
}

#[test]
fn a_type_that_a_world_names_asks_for_nothing() {
    let bench = Bench::new();
    let text = "(component
        (import \"test:types/types@1.0.0\" (instance $types (type $r (record (field \"a\" u32))) (export \"r\" (type (eq $r)))))
        (alias export $types \"r\" (type $r))
        (import \"r\" (type (eq $r))))";
    let compiled = bench.kernel.engine().compile(&wat::parse_str(text).unwrap()).unwrap();
    let linked = bench.kernel.prepare(&compiled, &spec("a", &[], Effect::Read, Limits::DEFAULT));
    assert!(linked.is_ok(), "{:?}", linked.err().map(|error| error.to_string()));
}

#[test]
fn an_operation_that_is_not_exported_is_named() {
    let bench = Bench::new();
    let text = component("a", "(func (export \"one\") (result i32) i32.const 1)", &[("one", "(result u32)")]);
    let compiled = bench.kernel.engine().compile(&wat::parse_str(text).unwrap()).unwrap();
    let spec = spec("a", &["one", "two"], Effect::Read, Limits::DEFAULT);
    let error = bench.kernel.prepare(&compiled, &spec).err().unwrap();
    assert_eq!(error.to_string(), "component `a` does not export `test:a/api@1.0.0` function `two`");
}

#[test]
fn what_is_no_component_does_not_compile() {
    let engine = Bench::new().kernel.engine().clone();
    let module = wat::parse_str("(module)").unwrap();
    let whole = wat::parse_str(IMPORTS).unwrap();
    for bytes in [&b""[..], b"\0asm", b"not wasm at all", &module, &whole[..whole.len() - 3]] {
        assert!(engine.compile(bytes).is_err());
    }
}

#[test]
fn a_call_fits_its_provider_or_the_difference_is_named() {
    let bench = Bench::new();
    let interface = InterfaceId::parse("test:b/api@1.0.0").unwrap();
    let add = |id: &str, text: &str, functions: &[&str]| {
        let compiled = bench.kernel.engine().compile(&wat::parse_str(text).unwrap()).unwrap();
        let mut spec = spec(id, functions, Effect::Read, Limits::DEFAULT);
        spec.calls.insert(interface.clone());
        bench.kernel.prepare(&compiled, &spec).unwrap()
    };
    let module = "(func (export \"run\") (param i32) (result i32) i32.const 1)";
    let provider = |ty: &str, functions: &[&str]| add("b", &component("b", module, &[("run", ty)]), functions);
    let import = "(component (import \"test:b/api@1.0.0\" (instance (export \"run\" (func TYPE)))))";
    let wanted = "(param \"x\" u32) (result u32)";
    let caller = add("a", &import.replace("TYPE", wanted), &[]);
    for (given, offered, expected) in [
        (wanted, &["run"][..], None),
        ("(param \"y\" u32) (result u32)", &["run"], None),
        (wanted, &[], Some("does not offer")),
        ("(param \"x\" s32) (result u32)", &["run"], Some("has with other types")),
        ("(param \"x\" u32) (result (result))", &["run"], Some("has with other types")),
    ] {
        let checked = caller.check_call(&provider(given, offered), &interface);
        let text = checked.err().map(|error| error.to_string()).unwrap_or_default();
        assert!(
            text.contains(expected.unwrap_or_default()) && text.is_empty() == expected.is_none(),
            "{given}: {text}"
        );
    }
    let other = component("b", "(func (export \"other\"))", &[("other", "")]);
    let error = caller.check_call(&add("b", &other, &["other"]), &interface).unwrap_err().to_string();
    assert!(error.contains("`run`") && error.contains("does not have"), "{error}");
}
