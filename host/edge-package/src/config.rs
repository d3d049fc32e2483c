// SPDX-License-Identifier: MIT OR Apache-2.0
//! The config of a package: what the CNCF's guide to WebAssembly artifacts asks for, computed from the binary and the layers,
//! so that whoever has those can compute it again and compare.

use crate::json;
use crate::manifest::Descriptor;
use kernel_contract::Contract;
use kernel_types::Digest;
use serde::Serialize;

/// The guide asks for a time. A package says none: the same sources shall give the same bytes at any time.
const CREATED: &str = "1970-01-01T00:00:00Z";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Config<'a> {
    created: &'static str,
    architecture: &'static str,
    os: &'static str,
    layer_digests: Vec<Digest>,
    component: Component<'a>,
}

#[derive(Serialize)]
struct Component<'a> {
    exports: Vec<&'a str>,
    imports: Vec<&'a str>,
    target: &'a str,
}

/// The config of a component with these layers. `os` says "a component", as the guide has it; ours import no WASI.
pub(crate) fn config(contract: &Contract, world: &str, layers: &[Descriptor]) -> Vec<u8> {
    json::write(&Config {
        created: CREATED,
        architecture: "wasm",
        os: "wasip2",
        layer_digests: layers.iter().map(|layer| layer.digest).collect(),
        component: Component {
            exports: contract.interfaces().iter().map(|interface| interface.id.as_str()).collect(),
            imports: contract.imports().iter().map(|import| import.id.as_str()).collect(),
            target: world,
        },
    })
}
