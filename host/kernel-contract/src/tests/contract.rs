// SPDX-License-Identifier: MIT OR Apache-2.0
//! What is read from a binary, and what is refused.

use crate::testing::{component, contract, documented, operation};
use crate::{Contract, Failure, Format, ImportKind, Kind, Output, Provider};

const LEDGER: &str = "
package cortex:ledger@1.2.0;
/// Entries.
interface journal {
    use cortex:types/types@1.0.0.{decimal, money, problem};
    use kinds.{entry-kind};
    /// An amount of something.
    type amount = decimal;
    /// An entry.
    record entry { /// What it is.
        kind: entry-kind, total: money, rate: amount }
    /// Posts it. It stays.
    post: func(entry: entry) -> result<u64, problem>;
    /// Counts.
    count: func() -> u32;
    forget: func();
    check: func() -> result<_, string>;
}
interface kinds { enum entry-kind { simple, split-up } }
interface other { ask: func(question: string) -> string; }
world ledger {
    import cortex:storage/sql@1.0.0;
    import other;
    export journal;
}";

#[test]
fn imports_and_operations_are_read() {
    let contract = contract(LEDGER);
    let imports: Vec<_> =
        contract.imports().iter().map(|i| (i.id.as_str(), i.kind, i.provider, i.functions.len())).collect();
    use {ImportKind::*, Provider::*};
    let mut sorted = imports.clone();
    sorted.sort_by_key(|(name, ..)| *name);
    assert_eq!(
        sorted,
        [
            ("cortex:ledger/kinds@1.2.0", Types, Domain, 0),
            ("cortex:ledger/other@1.2.0", Functions, Domain, 1),
            ("cortex:storage/sql@1.0.0", Functions, Platform, 6),
            ("cortex:types/types@1.0.0", Types, Platform, 0),
        ]
    );
    let [journal] = contract.interfaces() else { panic!("{:?}", contract.interfaces()) };
    assert_eq!((journal.id.as_str(), journal.docs.as_deref()), ("cortex:ledger/journal@1.2.0", Some("Entries.")));
    let names: Vec<_> = contract.operations().map(|o| o.name.as_str()).collect();
    assert_eq!(names, ["journal.post", "journal.count", "journal.forget", "journal.check"]);
    let operation = |name: &str| contract.operation(&name.parse().unwrap()).unwrap();
    let post = operation("journal.post");
    assert_eq!(post.docs.as_deref(), Some("Posts it. It stays."));
    assert!(matches!(&post.output, Output::Fallible { ok: Some(_), failure: Failure::Problem(_) }));
    assert!(matches!(operation("journal.count").output, Output::Value(Some(_))));
    assert!(matches!(operation("journal.forget").output, Output::Value(None)));
    assert!(matches!(
        operation("journal.check").output,
        Output::Fallible { ok: None, failure: Failure::Other(Some(_)) }
    ));
    assert!(contract.operation(&"journal.pots".parse().unwrap()).is_none());
}

#[test]
fn names_formats_and_documentation_of_types_are_kept() {
    let contract = contract(LEDGER);
    let post = contract.operation(&"journal.post".parse().unwrap()).unwrap();
    let entry = &post.parameter("entry").unwrap().ty;
    assert_eq!(entry.definition().docs.as_deref(), Some("An entry."));
    let Kind::Record(fields) = entry.kind() else { panic!("{entry:?}") };
    let [kind, total, rate] = &fields[..] else { panic!("{fields:?}") };
    assert_eq!(kind.label.docs.as_deref(), Some("What it is."));
    assert_eq!(&*kind.ty.name().unwrap().interface, "cortex:ledger/kinds@1.2.0");
    assert_eq!(&*total.ty.name().unwrap().name, "money");
    assert_eq!(&*rate.ty.name().unwrap().name, "amount");
    assert_eq!(rate.ty.definition().docs.as_deref(), Some("An amount of something."));
    assert!(matches!(rate.ty.kind(), Kind::Text(Some(Format::Decimal))));
}

fn refused(wit: &str) -> String {
    Contract::of_component(&component(wit)).unwrap_err().to_string()
}

fn check_refused(interface: &str, world: &str, expected: &str) {
    let error = refused(&format!("package acme:test@1.0.0; interface test {{ {interface} }} world w {{ {world} }}"));
    assert!(error.contains(expected), "{interface} {world}: {error}");
}

#[test]
fn what_cannot_cross_the_boundary_is_refused_in_exports_and_domain_imports() {
    let cases = [
        ("resource r { }", "uses a resource"),
        ("resource r { } f: func(x: borrow<r>);", "uses a resource"),
        ("f: func() -> stream<u8>;", "uses a `stream`"),
        ("f: func(x: future<u8>);", "uses a `future`"),
        ("f: func(x: error-context);", "uses an `error-context`"),
        ("f: func(x: list<option<error-context>>);", "uses an `error-context`"),
        ("f: func(x: map<string, u8>);", "uses a `map`"),
    ];
    for (interface, expected) in cases {
        check_refused(interface, "export test;", expected);
        check_refused(interface, "import test;", expected);
    }
}

#[test]
fn exports_and_imports_that_are_no_interfaces_are_refused() {
    let ok = "f: func();";
    check_refused(ok, "export f: func();", "the export `f` is a plain function: operations live in interfaces");
    check_refused(ok, "import f: func();", "the import `f` is a plain function: a component imports interfaces");
    check_refused(ok, "export i: interface { f: func(); }", "the export `i` is no interface with a version");
    check_refused(ok, "import i: interface { f: func(); }", "the import `i` is no interface with a version");
    check_refused(ok, "import r: interface { resource r; }", "the import `r` is no interface with a version");
    check_refused("get-URL: func();", "export test;", "is no operation name");
    let unversioned = "package acme:test; interface i { f: func(); } world w { export i; }";
    assert!(refused(unversioned).contains("`acme:test/i` is no interface with a version"), "{}", refused(unversioned));
    let preview = "package acme:test@1.0.0-rc.1; interface i { f: func(); } world w { export i; }";
    assert!(
        refused(preview).contains("`acme:test/i@1.0.0-rc.1` is no interface with a version"),
        "{}",
        refused(preview)
    );
}

#[test]
fn a_component_cannot_pose_as_the_platform() {
    for package in ["cortex:storage@9.0.0", "cortex:context@1.0.0", "cortex:secrets@1.0.0", "wasi:clocks@0.2.0"] {
        let error = refused(&format!("package {package}; interface i {{ f: func(); }} world w {{ export i; }}"));
        assert!(error.contains("belongs to the platform"), "{error}");
    }
}

#[test]
fn two_interfaces_of_one_name_are_refused() {
    let wit = "package a:a@1.0.0 { interface i { f: func(); } } package b:b@1.0.0 { interface i { g: func(); } }
        package t:t@1.0.0; world w { export a:a/i@1.0.0; export b:b/i@1.0.0; }";
    let wit = format!("package t:t@1.0.0; {}", wit.replace("package t:t@1.0.0;", ""));
    assert!(refused(&wit).contains("two interfaces called `i`"), "{}", refused(&wit));
}

#[test]
fn a_type_that_only_poses_as_well_known_is_refused() {
    let wit = |version: &str, types: &str, ty: &str| {
        format!(
            "package t:t@1.0.0;
            package cortex:types@{version} {{ interface types {{ {types} }} }}
            interface i {{ use cortex:types/types@{version}.{{{ty}}}; f: func(x: {ty}); }} world w {{ export i; }}"
        )
    };
    let cases = [
        ("1.9.0", "type decimal = u64;", "decimal", "no string for a text format"),
        ("1.9.0", "record problem { code: string }", "problem", "a problem with other fields"),
        ("1.9.0", "type page-request = string;", "page-request", "no record"),
        ("2.0.0", "type decimal = string;", "decimal", "an unknown major version"),
    ];
    for (version, types, ty, expected) in cases {
        let error = refused(&wit(version, types, ty));
        assert!(error.contains(expected), "{types}: {error}");
    }
    let later = documented_without_docs(&wit("1.9.0", "type email = string;", "email"));
    assert_eq!(later.operations().count(), 1);
}

fn documented_without_docs(wit: &str) -> Contract {
    Contract::of_component(&component(wit)).unwrap()
}

#[test]
fn a_deprecated_operation_says_so() {
    let wit =
        "package t:t@1.1.0; interface i { @since(version = 1.0.0) @deprecated(version = 1.1.0) f: func(); g: func(); }
        world w { export i; }";
    let contract = Contract::of_component(&documented(wit)).unwrap();
    let deprecated: Vec<_> = contract.operations().map(|operation| operation.deprecated).collect();
    assert_eq!(deprecated, [true, false]);
}

#[test]
fn a_definition_knows_its_size() {
    let operation =
        operation("record r { a: option<u8>, b: s64 } call: func(t: option<tuple<u8, char>>, r: option<r>);");
    for (name, expected) in [("t", (4, 3)), ("r", (2, 4))] {
        let definition = operation.parameter(name).unwrap().ty.definition();
        assert_eq!((definition.nodes, definition.depth), expected, "{name}");
    }
}
