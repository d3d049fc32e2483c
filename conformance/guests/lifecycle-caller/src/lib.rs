// SPDX-License-Identifier: MIT OR Apache-2.0
//! A component with hooks that calls another one with hooks. In the tenant `reaching` it tries to, when its host
//! answers.

mod bindings {
    wit_bindgen::generate!({
        path: [
            "../../../wit/types-1.0.0",
            "../../../wit/context-1.0.0",
            "../../../wit/log-1.0.0",
            "../../../wit/lifecycle-1.0.0",
            "wit",
        ],
        world: "cortex:lifecycle-caller/guest",
        generate_all,
    });
}

use bindings::cortex::context::context;
use bindings::cortex::lifecycle_cases::book;
use bindings::cortex::log::log;
use bindings::cortex::types::types::Problem;
use bindings::exports::cortex::lifecycle::lifecycle;

struct Asking;

impl lifecycle::Guest for Asking {
    fn on_preboot() -> Result<(), Problem> {
        log::write(log::Level::Info, "on-preboot", &[]);
        Ok(())
    }

    fn on_boot() -> Result<(), Problem> {
        log::write(log::Level::Info, "on-boot", &[]);
        if context::tenant_id() == "reaching" {
            let starts = log::Field { key: "starts".into(), value: book::starts().to_string() };
            log::write(log::Level::Info, "reached", &[starts]);
        }
        Ok(())
    }

    fn on_shutdown() -> Result<(), Problem> {
        log::write(log::Level::Info, "on-shutdown", &[]);
        Ok(())
    }
}

#[expect(unsafe_code, reason = "the canonical ABI's glue, generated")]
mod exported {
    use super::Asking;
    super::bindings::export!(Asking with_types_in super::bindings);
}
