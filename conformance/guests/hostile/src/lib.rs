// SPDX-License-Identifier: MIT OR Apache-2.0
//! A component that attacks its host. What each operation does is said in `wit/world.wit`; what becomes of it, in the
//! runner's tests.

mod alias;
mod database;

mod bindings {
    wit_bindgen::generate!({
        path: [
            "../../../wit/types-1.0.0",
            "../../../wit/storage-1.0.0",
            "../../../wit/context-1.0.0",
            "../../../wit/log-1.0.0",
            "wit",
        ],
        world: "cortex:hostile/guest",
        generate_all,
    });
}

use bindings::cortex::context::context;
use bindings::cortex::hostile::attacks as callee;
use bindings::cortex::hostile::wait::wait;
use bindings::cortex::log::{log, progress};
use bindings::cortex::types::types::{Problem, ProblemKind};
use bindings::exports::cortex::hostile::attacks::Guest;
use std::hint::black_box;

struct Hostile;

fn refusal() -> Problem {
    Problem {
        kind: ProblemKind::Invalid,
        code: "refused-on-purpose".into(),
        message: "as asked".into(),
        fields: vec![],
    }
}

fn spin() -> ! {
    let mut number = 0u64;
    loop {
        number = black_box(number.wrapping_add(1));
    }
}

/// Deep before it is wide, without a byte of the component's own stack.
fn recurse(seed: u64, depth: u64) -> u64 {
    let Some(less) = depth.checked_sub(1) else { return seed };
    recurse(seed.wrapping_add(1), less).wrapping_mul(recurse(seed ^ 1, less) | 1)
}

#[expect(unconditional_recursion, reason = "it is the attack")]
fn recurse_in_memory(seed: u64) -> u64 {
    let frame = black_box([seed; 128]);
    recurse_in_memory(seed.wrapping_add(1)).wrapping_add(frame.iter().fold(0, |sum, n| sum ^ n))
}

fn text(bytes: u32) -> String {
    "x".repeat(usize::try_from(bytes).unwrap_or(0))
}

impl Guest for Hostile {
    fn spin() -> u64 {
        spin()
    }

    fn allocate(mebibytes: u32) -> u32 {
        let mut blocks = Vec::new();
        for _ in 0..mebibytes {
            blocks.push(black_box(vec![1u8; 1 << 20]));
        }
        u32::try_from(blocks.len()).unwrap_or(u32::MAX)
    }

    fn recurse(seed: u64) -> u64 {
        recurse(seed, u64::MAX)
    }

    fn recurse_in_memory(seed: u64) -> u64 {
        recurse_in_memory(seed)
    }

    fn call_host(times: u64) -> u64 {
        (0..times).map(|_| u64::from(!context::request_id().is_empty())).sum()
    }

    fn log_line(bytes: u32) {
        log::write(log::Level::Info, &text(bytes), &[]);
    }

    fn log_lines(lines: u32) {
        for _ in 0..lines {
            log::write(log::Level::Info, "", &[]);
        }
    }

    fn log_fields(fields: u32, bytes: u32) {
        let value = text(bytes);
        let field = |value| log::Field { key: String::new(), value };
        let fields = alias::of(&value, fields, field);
        log::write(log::Level::Info, "", &fields);
    }

    fn report_progress(times: u32) {
        for done in 0..times {
            progress::report(u64::from(done), Some(u64::from(times)), "attacks");
        }
    }

    fn return_bytes(bytes: u32) -> String {
        text(bytes)
    }

    fn return_aliases(texts: u32, bytes: u32) -> Vec<String> {
        let value = std::mem::ManuallyDrop::new(text(bytes));
        std::mem::ManuallyDrop::into_inner(alias::of(&value, texts, |value| value))
    }

    fn return_bad_date() -> String {
        "2026-02-30".into()
    }

    fn wait_in_host(milliseconds: u32) {
        wait(milliseconds);
    }

    fn wait_in_callee(milliseconds: u32) {
        callee::wait_in_host(milliseconds);
    }

    fn nest(depth: u32) -> u32 {
        if depth == 0 { 0 } else { callee::nest(depth.saturating_sub(1)).saturating_add(1) }
    }

    fn call_with_text(bytes: u32) -> Result<u64, Problem> {
        callee::run_statement(&text(bytes)).map_err(|_| refusal())
    }

    fn call_with_aliases(texts: u32, bytes: u32) -> u64 {
        let value = text(bytes);
        callee::take_texts(&alias::of(&value, texts, |value| value))
    }

    fn take_texts(texts: Vec<String>) -> u64 {
        u64::try_from(texts.len()).unwrap_or(u64::MAX)
    }

    fn call_often(times: u32) -> u32 {
        (0..times).map(|_| callee::nest(1)).sum()
    }

    #[expect(clippy::panic, reason = "it is the attack")]
    fn panic() {
        panic!("on purpose");
    }

    fn read_rows(rows: u64) -> Result<u64, Problem> {
        database::read_rows(rows)
    }

    fn slow_statement() -> Result<u64, Problem> {
        database::slow_statement()
    }

    fn many_statements(statements: u32) -> Result<u64, Problem> {
        database::many_statements(statements)
    }

    fn double_value(times: u32) -> Result<u64, Problem> {
        database::double_value(times)
    }

    fn read_bytes(rows: u32, bytes: u32) -> Result<u64, Problem> {
        database::read_bytes(rows, text(bytes))
    }

    fn pass_aliases(texts: u32, bytes: u32) -> Result<u64, Problem> {
        database::pass_aliases(texts, &text(bytes))
    }

    fn pass_odd_value(which: u32) -> Result<u64, Problem> {
        database::pass_odd_value(which)
    }

    fn open_savepoints(savepoints: u32) -> Result<u32, Problem> {
        database::open_savepoints(savepoints)
    }

    fn mix_savepoints(id: i64) -> Result<u32, Problem> {
        database::mix_savepoints(id)
    }

    fn write_in_read() -> Result<u64, Problem> {
        database::insert(1)
    }

    fn call_write_in_read() -> Result<u64, Problem> {
        callee::write(1).map_err(|_| refusal())
    }

    fn write_then_refuse(id: i64) -> Result<u64, Problem> {
        database::insert(id)?;
        Err(refusal())
    }

    #[expect(clippy::panic, reason = "it is the attack")]
    fn write_then_panic(id: i64) -> Result<u64, Problem> {
        database::insert(id)?;
        panic!("on purpose");
    }

    fn write_then_spin(id: i64) -> Result<u64, Problem> {
        database::insert(id)?;
        spin()
    }

    fn swallow_error_of_callee(id: i64) -> Result<u64, Problem> {
        let _ = callee::write_then_refuse(id);
        database::insert(id.wrapping_add(1))
    }

    fn leave_savepoint_open(id: i64) -> Result<u64, Problem> {
        database::leave_savepoint_open(id)
    }

    fn call_inside_savepoint(id: i64) -> Result<u64, Problem> {
        database::inside_savepoint(id, || {
            let _ = callee::write_then_refuse(id.wrapping_add(1));
            let _ = callee::leave_savepoint_open(id.wrapping_add(2));
            callee::write(id.wrapping_add(3)).map_err(|_| refusal())
        })
    }

    fn run_statement(statement: String) -> Result<u64, Problem> {
        database::query(&statement, &[])
    }

    fn write(id: i64) -> Result<u64, Problem> {
        database::insert(id)
    }

    fn count() -> Result<u64, Problem> {
        database::query("SELECT count(*) FROM entries", &[])
    }
}

#[expect(unsafe_code, reason = "the canonical ABI's glue, generated")]
mod exported {
    use super::Hostile;
    super::bindings::export!(Hostile with_types_in super::bindings);
}
