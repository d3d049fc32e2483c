// SPDX-License-Identifier: MIT OR Apache-2.0
//! A component that does next to nothing, for measuring what the host costs.

mod bindings {
    wit_bindgen::generate!({
        path: ["../../../wit/types-1.0.0", "../../../wit/context-1.0.0", "wit"],
        world: "cortex:echo/guest",
        generate_all,
    });
}

struct Echo;

impl bindings::exports::cortex::echo::echo::Guest for Echo {
    fn say(text: String) -> String {
        let _ = bindings::cortex::context::context::request_id();
        text
    }

    fn count(bytes: Vec<u8>) -> u64 {
        u64::try_from(bytes.len()).unwrap_or(u64::MAX)
    }

    fn measure(text: String) -> u64 {
        u64::try_from(text.len()).unwrap_or(u64::MAX)
    }
}

#[expect(unsafe_code, reason = "the canonical ABI's glue, generated")]
mod exported {
    use super::Echo;
    super::bindings::export!(Echo with_types_in super::bindings);
}
