// SPDX-License-Identifier: MIT OR Apache-2.0
//! Bytes that mean no good: each gets a precise error, none ends the host.

use crate::testing::{component, documented, operation};
use crate::{Contract, Operation, limits};
use proptest::prelude::*;
use std::sync::{Arc, OnceLock};

const WIT: &str = "package a:a@1.0.0; interface i {
        use cortex:types/types@1.0.0.{money, problem};
        record r { a: u8, b: option<list<string>>, c: money }
        variant v { x, y(r) }
        f: func(r: r, v: v) -> result<list<u8>, problem>; }
    world w { import cortex:storage/sql@1.0.0; export i; }";

fn small() -> &'static [u8] {
    static BYTES: OnceLock<Vec<u8>> = OnceLock::new();
    BYTES.get_or_init(|| documented(WIT))
}

const HEADER: &[u8] = b"\0asm\x0d\0\x01\0";

/// A section of the component binary format.
fn section(id: u8, body: &[u8]) -> Vec<u8> {
    let mut bytes = vec![id];
    length(&mut bytes, body.len());
    bytes.extend_from_slice(body);
    bytes
}

fn length(bytes: &mut Vec<u8>, mut value: usize) {
    loop {
        let byte = u8::try_from(value & 0x7f).unwrap();
        value >>= 7;
        if value == 0 {
            bytes.push(byte);
            return;
        }
        bytes.push(byte | 0x80);
    }
}

fn check(bytes: &[u8], expected: &str) {
    let error = Contract::of_component(bytes).unwrap_err().to_string();
    assert!(error.contains(expected), "{error}");
    assert!(error.len() < 1_000, "{error}");
}

#[test]
fn what_is_no_component_is_called_so() {
    check(b"", "this is no WebAssembly");
    check(b"\x7fELF and so on", "this is no WebAssembly");
    check(b"\0as", "this is no WebAssembly");
    check(b"\0asm", "truncated or malformed at byte 4");
    check(b"\0asm\x01\0\0\0", "a core WebAssembly module");
    check(b"\0asm\x63\0\x01\0", "truncated or malformed");
    let (resolve, package) = crate::testing::resolve(WIT);
    check(&wit_component::encode(&resolve, package).unwrap(), "a WIT package in binary form");
    let empty = Contract::of_component(HEADER).unwrap();
    assert!(empty.imports().is_empty() && empty.interfaces().is_empty());
}

#[test]
fn every_truncation_is_malformed_or_refused() {
    let bytes = component(WIT);
    // Cut between two sections, what is left may be a smaller component; nowhere else.
    let mut boundaries = vec![HEADER.len()];
    while let Some(at) = boundaries.last().copied().filter(|at| *at < bytes.len()) {
        let (mut length, mut next) = (0, at + 1);
        for shift in (0..).step_by(7) {
            length |= usize::from(bytes[next] & 0x7f) << shift;
            next += 1;
            if bytes[next - 1] < 0x80 {
                break;
            }
        }
        boundaries.push(next + length);
    }
    for end in 0..bytes.len() {
        let accepted = Contract::of_component(&bytes[..end]).is_ok();
        assert!(!accepted || boundaries.contains(&end), "accepted when cut at {end}");
    }
    check(&bytes[..bytes.len() - 1], "truncated or malformed at byte");
}

#[test]
fn a_length_that_lies_costs_nothing() {
    let mut bytes = HEADER.to_vec();
    bytes.extend_from_slice(&[0x00, 0xff, 0xff, 0xff, 0xff, 0x0f, 0x01, b'x']);
    check(&bytes, "truncated or malformed");
}

#[test]
fn nesting_is_bounded() {
    let nested =
        |depth: usize| (0..depth).fold(HEADER.to_vec(), |inner, _| [HEADER, section(4, &inner).as_slice()].concat());
    assert!(Contract::of_component(&nested(limits::NESTING_DEPTH_MAX)).is_ok());
    check(&nested(limits::NESTING_DEPTH_MAX + 1), "nested more than 16 deep");
    check(&nested(20_000), "nested more than 16 deep");
}

#[test]
fn nesting_of_types_is_bounded() {
    // One type, which is that of a component with one declaration, which is a type ..
    let nested = |leading: u8, depth: usize| {
        let mut body = vec![0x01];
        (0..depth).for_each(|_| body.extend_from_slice(&[leading, 0x01, 0x01]));
        body.push(0x73);
        [HEADER, section(7, &body).as_slice()].concat()
    };
    for leading in [0x41, 0x42] {
        assert!(Contract::of_component(&nested(leading, limits::NESTING_DEPTH_MAX)).is_ok());
        check(&nested(leading, limits::NESTING_DEPTH_MAX + 1), "nested more than 16 deep");
        check(&nested(leading, 3_000_000), "nested more than 16 deep");
        // The same inside a nested component.
        let inner = section(4, &nested(leading, 3_000_000));
        check(&[HEADER, &inner].concat(), "nested more than 16 deep");
    }
}

#[test]
fn too_much_of_anything_is_refused() {
    check(&vec![0; limits::COMPONENT_BYTES_MAX + 1], "at most 67108864 are read");
    // An instance type, imported under many names.
    let mut imports = Vec::new();
    length(&mut imports, limits::EXTERNS_MAX + 1);
    for index in 0..=limits::EXTERNS_MAX {
        let name = format!("a:b{index}/c@1.0.0");
        imports.push(0x00);
        length(&mut imports, name.len());
        imports.extend_from_slice(name.as_bytes());
        imports.extend_from_slice(&[0x05, 0x00]);
    }
    let bytes = [HEADER, &section(7, &[0x01, 0x42, 0x00]), &section(10, &imports)].concat();
    check(&bytes, "more than 1000 imports and exports");
}

#[test]
fn imports_that_are_no_wit_do_not_hide() {
    // (core type (module)) (import "m" (core module (type 0)))
    let module = [HEADER, &section(3, &[0x01, 0x50, 0x00]), &section(10, &[0x01, 0x00, 0x01, b'm', 0x00, 0x11, 0x00])];
    check(&module.concat(), "the import `m` is a core module");
    // (type (component)) (import "c" (component (type 0)))
    let component = [HEADER, &section(7, &[0x01, 0x41, 0x00]), &section(10, &[0x01, 0x00, 0x01, b'c', 0x04, 0x00])];
    check(&component.concat(), "the import `c` is a component");
    // (import "r" (type (sub resource)))
    let resource = [HEADER, &section(10, &[0x01, 0x00, 0x01, b'r', 0x03, 0x01])];
    check(&resource.concat(), "the import `r` is a resource");
    // An instance that is empty is still an import.
    let name = b"a:b/c@1.0.0";
    let mut import = vec![0x01, 0x00, u8::try_from(name.len()).unwrap()];
    import.extend_from_slice(name);
    import.extend_from_slice(&[0x05, 0x00]);
    let empty = [HEADER, &section(7, &[0x01, 0x42, 0x00]), &section(10, &import)].concat();
    let contract = Contract::of_component(&empty).unwrap();
    assert_eq!(contract.imports().iter().map(|i| i.id.as_str()).collect::<Vec<_>>(), ["a:b/c@1.0.0"]);
}

/// An import of an instance with one function of that name.
fn import_of_function(function: &str) -> Vec<u8> {
    let name = |bytes: &mut Vec<u8>, name: &str| {
        bytes.push(0x00);
        length(bytes, name.len());
        bytes.extend_from_slice(name.as_bytes());
    };
    let mut types = vec![0x01, 0x42, 0x02, 0x01, 0x40, 0x00, 0x01, 0x00, 0x04];
    name(&mut types, function);
    types.extend_from_slice(&[0x01, 0x00]);
    let mut imports = vec![0x01];
    name(&mut imports, "a:b/c@1.0.0");
    imports.extend_from_slice(&[0x05, 0x00]);
    [HEADER, &section(7, &types), &section(10, &imports)].concat()
}

#[test]
fn what_the_decoder_asserts_is_an_error_here() {
    assert!(Contract::of_component(&import_of_function("f")).is_ok());
    // Valid, but a function cannot have the name of an interface in WIT: the decoder panics.
    check(&import_of_function("a:b/d@1.0.0"), "the component's types cannot be read as WIT: no WIT describes them");
}

#[test]
fn a_type_that_is_too_deep_or_too_large_is_refused() {
    let deep = |depth: usize| {
        let ty = (0..depth).fold("u8".to_owned(), |inner, _| format!("option<{inner}>"));
        component(&format!("package a:a@1.0.0; interface i {{ f: func(x: {ty}); }} world w {{ export i; }}"))
    };
    assert!(Contract::of_component(&deep(limits::TYPE_DEPTH_MAX - 1)).is_ok());
    check(&deep(limits::TYPE_DEPTH_MAX), "a type nested more than 62 deep");
    // Each level doubles what is inside.
    let wide = (0..13).fold("u8".to_owned(), |inner, _| format!("tuple<{inner}, {inner}>"));
    check(
        &component(&format!("package a:a@1.0.0; interface i {{ f: func(x: {wide}); }} world w {{ export i; }}")),
        "a type of more than 10000 parts",
    );
    let aliases: String = (1..200).map(|n| format!("type t{n} = t{};", n - 1)).collect();
    let chain = format!(
        "package a:a@1.0.0; interface i {{ type t0 = u8; {aliases} f: func(x: t199); }} world w {{ export i; }}"
    );
    assert!(Contract::of_component(&component(&chain)).is_ok());
}

fn lifted() -> &'static Operation {
    static OPERATION: OnceLock<Arc<Operation>> = OnceLock::new();
    OPERATION.get_or_init(|| {
        operation(
            "record r { a: u8, b: option<list<string>>, c: money, d: f32, e: u64 }
            variant v { x, y(r), z(option<option<v2>>) } enum v2 { a, b } flags fl { a, b }
            call: func(r: option<r>, v: list<v>, f: fl, b: list<u8>, t: tuple<u8, char>, q: result<_, date>);",
        )
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = Contract::of_component(&bytes);
        let _ = Contract::of_component(&[HEADER, &bytes].concat());
        let _ = crate::decode(&bytes);
        let _ = lifted().lift(&bytes);
    }

    #[test]
    fn a_damaged_component_never_panics(
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        cut in proptest::option::of(any::<prop::sample::Index>()),
    ) {
        let mut bytes = small().to_vec();
        for (index, value) in changes {
            let index = index.index(bytes.len());
            bytes[index] = value;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        if let Err(error) = Contract::of_component(&bytes) {
            prop_assert!(error.to_string().len() < 1_000, "{}", error);
        }
    }

    #[test]
    fn arbitrary_json_like_text_never_panics(text in r#"([\[\]{}:,"\\ ]|[0-9.eE+-]{1,4}|null|true|"(a|b|c|d|e|r|v|f|t|q|some|x|y|z)"|\\u[0-9a-f]{4}|é)*"#) {
        let _ = lifted().lift(text.as_bytes());
        let _ = lifted().lift(format!("{{\"r\":{text}}}").as_bytes());
        let _ = lifted().lift(format!("{{\"v\":[{text}],\"f\":[{text}],\"t\":[{text}]}}").as_bytes());
    }
}
