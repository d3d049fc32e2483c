// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the text holds, and what has none.

use contract_samples::{component, documented};

const LEDGER: &str = "
package cortex:ledger@1.2.0;
interface journal {
    use cortex:types/types@1.0.0.{decimal};
    use kinds.{entry-kind};
    type amount = decimal;
    /// Posts it. It stays.
    post: func(kind: entry-kind, total: amount) -> u64;
}
interface kinds { enum entry-kind { simple, split-up } }
world ledger { export journal; }";

#[test]
fn the_text_has_the_types_and_the_documentation() {
    let text = derive_wit::text(&documented(LEDGER)).unwrap();
    for wanted in
        ["/// Posts it. It stays.", "type amount = decimal", "export cortex:ledger/journal@1.2.0;", "split-up,"]
    {
        assert!(text.contains(wanted), "{wanted} in\n{text}");
    }
    let bare = derive_wit::text(&component(LEDGER)).unwrap();
    assert!(bare.contains("post: func(") && !bare.contains("///"), "{bare}");
}

#[test]
fn what_has_no_contract_is_still_shown() {
    let wit = "package a:a@1.0.0; interface i { resource secret; } world w { export i; }";
    assert!(kernel_contract::Contract::of_component(&component(wit)).is_err());
    let text = derive_wit::text(&component(wit)).unwrap();
    assert!(text.contains("resource secret"), "{text}");
}

#[test]
fn what_is_no_component_has_no_text() {
    for (bytes, expected) in [(&b""[..], "this is no WebAssembly"), (b"\0asm\x01\0\0\0", "a core WebAssembly module")] {
        let error = derive_wit::text(bytes).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
}
