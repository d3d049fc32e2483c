// SPDX-License-Identifier: MIT OR Apache-2.0
//! Documentation goes in, and only beside the types that it was written for.
#![allow(clippy::unwrap_used, reason = "a helper of a test is a test")]

use contract_samples::{component, documented, resolve};
use sdk_build::docs;

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
fn what_goes_in_is_what_the_binary_needs() {
    let (bare, bytes) = (component(WIT), documented(WIT));
    let (head, section) = bytes.split_at(bare.len());
    assert_eq!(head, bare, "the rest of the component stays as it is");
    let start = section.iter().position(|byte| *byte == b'{').unwrap();
    let packages: serde_json::Value = serde_json::from_slice(&section[start..]).unwrap();
    let names: Vec<_> = packages.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(names, ["acme:fleet@1.0.0", "cortex:types@1.0.0"]);
    let text = packages.to_string();
    assert!(text.contains("A wheel.") && text.contains("An amount in a currency"), "{text}");
    assert!(!text.contains("RFC 9562"), "what the binary does not use is left out: {text}");
}

#[test]
fn the_licence_of_a_file_is_no_documentation() {
    let licence = "// SPDX-License-Identifier: MIT\n";
    let text = |wit: &str| String::from_utf8_lossy(&documented(wit)).into_owned();
    assert_eq!(text(&format!("{licence}{}", WIT.trim_start())).matches("SPDX").count(), 0);
    let interface = WIT.replace("/// Cars.", &format!("{licence}/// Cars."));
    assert!(text(&interface).contains("Cars.") && !text(&interface).contains("SPDX"));
    let undocumented = WIT.replace("/// Cars.", licence);
    assert!(!text(&undocumented).contains("SPDX"));
}

#[test]
fn embedding_again_replaces() {
    let once = documented(WIT);
    let twice = docs::embed(&once, &resolve(WIT).0).unwrap();
    assert_eq!(once, twice);
}

fn check_differs(from: &str, to: &str, expected: &str) {
    let changed = WIT.replace(from, to);
    assert_ne!(changed, WIT, "{from}");
    let error = docs::embed(&component(WIT), &resolve(&changed).0).unwrap_err().to_string();
    assert!(error.contains(expected), "{from} -> {to}: {error}");
}

#[test]
fn other_wit_than_the_binary_was_built_from_is_refused() {
    check_differs(
        "price: money",
        "price: string",
        "field `price`: it is `cortex:types/types@1.0.0.money` in the binary, `string`",
    );
    check_differs("price: money", "cost: money", "it has `price`, `wheels` in the binary, `cost`, `wheels` in the WIT");
    check_differs("automatic(u8)", "automatic(u16)", "case `automatic`: it is `u8` in the binary, `u16` in the WIT");
    check_differs("automatic(u8)", "automatic", "case `automatic`: the WIT has none");
    check_differs(
        "roof, hook",
        "roof, hook, sun",
        "extras`: it has `roof`, `hook` in the binary, `roof`, `hook`, `sun` in the WIT",
    );
    check_differs("small, big", "small, large", "wheel");
    check_differs("buy: func(car: car,", "buy: func(auto: car,", "calls a parameter `car`, the WIT `auto`");
    check_differs("extras: extras)", "extras: list<extras>)", "parameter `extras`");
    check_differs("buy: func(", "buy-it: func(", "the WIT has no such function");
    check_differs("/// Buys.", "sell: func(); /// Buys.", "the binary does not export this function");
    check_differs("package acme:fleet@1.0.0", "package acme:fleet@1.0.1", "the WIT has no such package");
    check_differs(
        "tuple<u8, option<string>>",
        "tuple<u8, option<char>>",
        "the result: it is `string` in the binary, `char`",
    );
    check_differs("wheels: list<wheel>", "wheels: option<wheel>", "field `wheels`");
}
