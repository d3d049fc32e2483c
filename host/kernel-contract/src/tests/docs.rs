// SPDX-License-Identifier: MIT OR Apache-2.0
//! Documentation goes in and comes out, and only beside the types that it was written for.

use crate::testing::{component, contract, documented};
use crate::{Contract, docs};

const WIT: &str = "
/// A package.
package acme:fleet@1.0.0;
/// Cars.
interface cars {
    use cortex:types/types@1.0.0.{money};
    use parts.{wheel};
    /// A car.
    record car { /// How much.
        price: money, wheels: list<wheel> }
    /// How it goes.
    variant drive { /// By hand.
        manual, /// By itself.
        automatic(u8) }
    /// Options.
    flags extras { /// A roof.
        roof, hook }
    /// Buys.
    buy: func(car: car, drive: drive, extras: extras) -> result<tuple<u8, option<string>>, string>;
}
/// Parts.
interface parts { /// A wheel.
    enum wheel { small, big } }
world w { export cars; }";

#[test]
fn documentation_survives_and_is_what_the_binary_needs() {
    let bytes = documented(WIT);
    let decoded = crate::decode(&bytes).unwrap();
    let text = format!("{:?}", decoded.resolve);
    for wanted in [
        "A package.",
        "Cars.",
        "A car.",
        "How much.",
        "By itself.",
        "A roof.",
        "Buys.",
        "A wheel.",
        "An amount in a currency",
    ] {
        assert!(text.contains(wanted), "{wanted} in {text}");
    }
    assert!(!text.contains("RFC 9562"), "what the binary does not use is left out: {text}");
    let contract = Contract::of_component(&bytes).unwrap();
    assert_eq!(contract.interfaces()[0].docs.as_deref(), Some("Cars."));
}

#[test]
fn a_component_without_documentation_has_the_same_contract() {
    let (plain, with) = (Contract::of_component(&component(WIT)).unwrap(), contract(WIT));
    assert_eq!(plain.interfaces()[0].docs, None);
    assert_eq!(plain.imports(), with.imports());
}

fn with_section(data: &[u8]) -> Vec<u8> {
    let mut bytes = component(WIT);
    let section = wasm_encoder::CustomSection { name: docs::SECTION.into(), data: data.into() };
    wasm_encoder::ComponentSection::append_to_component(&section, &mut bytes);
    bytes
}

#[test]
fn a_section_that_does_not_fit_is_refused() {
    let cases: &[(&str, &str)] = &[
        ("", "cannot be read"),
        ("{", "cannot be read"),
        ("[]", "cannot be read"),
        (r#"{"acme:fleet@1.0.0": {"colour": 1}}"#, "unknown field `colour`"),
        (r#"{"acme:none@1.0.0": {}}"#, "package `acme:none@1.0.0`"),
        (r#"{"acme:fleet@1.0.0": {"interfaces": {"cars": {"types": {"tyre": {"docs": "x"}}}}}}"#, "missing type"),
        (r#"{"acme:fleet@1.0.0": {"interfaces": {"cars": {"funcs": {"steal": {"docs": "x"}}}}}}"#, "missing func"),
        (
            r#"{"acme:fleet@1.0.0": {"interfaces": {"cars": {"types": {"car": {"items": {"x": "y"}}}}}}}"#,
            "not all 'items'",
        ),
        (r#"{"acme:fleet@1.0.0": {"interfaces": {"bikes": {"docs": "x"}}}}"#, "missing interface"),
        (r#"{"root:component": {"worlds": {"root": {"types": {"x": {"docs": "y"}}}}}}"#, "in package `root:component`"),
    ];
    for (data, expected) in cases {
        let error = Contract::of_component(&with_section(data.as_bytes())).unwrap_err().to_string();
        assert!(error.contains(expected), "{data}: {error}");
    }
    let mut twice = with_section(b"{}");
    assert!(Contract::of_component(&twice).is_ok());
    let section = wasm_encoder::CustomSection { name: docs::SECTION.into(), data: b"{}".into() };
    wasm_encoder::ComponentSection::append_to_component(&section, &mut twice);
    assert!(Contract::of_component(&twice).unwrap_err().to_string().contains("two sections"));
    let long = vec![b' '; crate::limits::DOCS_BYTES_MAX + 1];
    assert!(Contract::of_component(&with_section(&long)).unwrap_err().to_string().contains("at most 4194304"));
}
