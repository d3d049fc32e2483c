// SPDX-License-Identifier: MIT OR Apache-2.0
//! A component that notes each start of its host. In the tenant `refusing` it refuses before its host answers, in
//! `stuck` it never ends then, in `late` it refuses when the host answers, and in `slow-to-end` it never ends when the
//! host does.

mod bindings {
    wit_bindgen::generate!({
        path: [
            "../../../wit/types-1.0.0",
            "../../../wit/storage-1.0.0",
            "../../../wit/context-1.0.0",
            "../../../wit/log-1.0.0",
            "../../../wit/lifecycle-1.0.0",
            "wit",
        ],
        world: "cortex:lifecycle-cases/guest",
        generate_all,
    });
}

use bindings::cortex::context::context;
use bindings::cortex::log::log;
use bindings::cortex::storage::sql;
use bindings::cortex::types::types::{Problem, ProblemKind};
use bindings::exports::cortex::lifecycle::lifecycle;
use bindings::exports::cortex::lifecycle_cases::book;

struct Noted;

impl lifecycle::Guest for Noted {
    fn on_preboot() -> Result<(), Problem> {
        tell("on-preboot");
        let id = sql::Value::Text(context::new_uuid());
        sql::execute("INSERT INTO starts (id) VALUES (?1)", &[id])
            .map_err(|error| problem(&format!("not noted: {error:?}")))?;
        match context::tenant_id().as_str() {
            "refusing" => Err(problem("not-today")),
            "stuck" => spin(),
            _ => Ok(()),
        }
    }

    fn on_boot() -> Result<(), Problem> {
        tell("on-boot");
        if context::tenant_id() == "late" { Err(problem("too-late")) } else { Ok(()) }
    }

    fn on_shutdown() -> Result<(), Problem> {
        tell("on-shutdown");
        if context::tenant_id() == "slow-to-end" { spin() } else { Ok(()) }
    }
}

impl book::Guest for Noted {
    fn starts() -> u64 {
        let rows = sql::query("SELECT count(*) AS n FROM starts", &[]).map(|answer| answer.rows).unwrap_or_default();
        match rows.first().and_then(|row| row.first()) {
            Some(sql::Value::Integer(count)) => u64::try_from(*count).unwrap_or_default(),
            _ => u64::MAX,
        }
    }
}

fn tell(hook: &str) {
    let caller = context::get_caller();
    let field = log::Field { key: "subject".into(), value: caller.subject };
    log::write(log::Level::Info, hook, &[field]);
}

fn problem(code: &str) -> Problem {
    let message = "the tenant is named for it".into();
    Problem { kind: ProblemKind::Conflict, code: code.into(), message, fields: Vec::new() }
}

fn spin() -> ! {
    loop {
        std::hint::spin_loop();
    }
}

#[expect(unsafe_code, reason = "the canonical ABI's glue, generated")]
mod exported {
    use super::Noted;
    super::bindings::export!(Noted with_types_in super::bindings);
}
