// SPDX-License-Identifier: MIT OR Apache-2.0
//! What an invocation may use, whom it may call, and what becomes of its unit of work.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a helper of a test is a test")]

mod support;

use kernel_engine::{Exceeded, InvokeError, Settings, Verdict};
use kernel_types::{Effect, InterfaceId, Limit, Limits};
use std::sync::Arc;
use std::time::Duration;
use support::{Bench, caller, caller_component, component, request, spec};
use wasmtime::component::Val;

fn limits(change: impl FnOnce(&mut Limits)) -> Limits {
    let mut limits = Limits::DEFAULT;
    change(&mut limits);
    limits
}

/// Calls `run` of a component made of one core module, and returns the limit that it used up, if any.
async fn exceeded(module: &str, limits: Limits) -> Option<Exceeded> {
    let bench = Bench::new();
    let prepared = bench.add(&component("a", module, &[("run", "")]), &spec("a", &["run"], Effect::Read, limits));
    match bench.call(&prepared, "run", vec![]).await {
        Ok(_) => None,
        Err(InvokeError::LimitExceeded { exceeded, .. }) => Some(exceeded),
        Err(other) => panic!("{other}"),
    }
}

#[tokio::test]
async fn memories_and_tables_count_together_from_the_first_page() {
    let page = 65_536;
    let with = |memory_bytes_max| limits(|limits| limits.memory_bytes_max = memory_bytes_max);
    let grow = "(memory 1) (table 0 funcref)
        (func (export \"run\") (drop (memory.grow (i32.const 1))) (drop (table.grow (ref.null func) (i32.const 1000))))";
    let cases: &[(&str, u64, bool)] = &[
        ("(memory 2) (func (export \"run\"))", 2 * page, true),
        ("(memory 2) (func (export \"run\"))", 2 * page - 1, false),
        (grow, 2 * page + 8_000, true),
        (grow, 2 * page + 7_999, false),
        ("(table 1000 funcref) (func (export \"run\"))", 8_000, true),
        ("(table 1000 funcref) (func (export \"run\"))", 7_999, false),
    ];
    for (module, value, fits) in cases {
        let expected = (!fits).then_some(Exceeded { limit: Limit::MemoryBytes, value: *value });
        assert_eq!(exceeded(module, with(*value)).await, expected, "{module} in {value}");
    }
}

#[tokio::test]
async fn what_leaves_a_component_counts_as_result_bytes() {
    let text = "(component (core module $m (memory (export \"mem\") 1) (func (export \"run\") (result i32)
           (i32.store (i32.const 0) (i32.const 16)) (i32.store (i32.const 4) (i32.const 60000)) (i32.const 0)))
         (core instance $i (instantiate $m))
         (func $run (result string) (canon lift (core func $i \"run\") (memory (core memory $i \"mem\"))))
         (instance $e (export \"run\" (func $run))) (export \"test:a/api@1.0.0\" (instance $e)))";
    for (result_bytes_max, fits) in [(60_000, true), (59_999, false)] {
        let bench = Bench::new();
        let limits = limits(|limits| limits.result_bytes_max = result_bytes_max);
        let prepared = bench.add(text, &spec("a", &["run"], Effect::Read, limits));
        match bench.call(&prepared, "run", vec![]).await {
            Ok(_) => assert!(fits),
            Err(InvokeError::LimitExceeded { exceeded, .. }) => {
                assert!(!fits);
                assert_eq!(exceeded, Exceeded { limit: Limit::ResultBytes, value: result_bytes_max });
            }
            Err(other) => panic!("{other}"),
        }
    }
}

#[tokio::test]
async fn endless_recursion_ends_at_the_stack_limit() {
    let found = exceeded("(func $run (export \"run\") (call $run))", Limits::DEFAULT).await.unwrap();
    assert_eq!(found.limit, Limit::StackBytes);
}

#[tokio::test(flavor = "current_thread")]
async fn a_spinning_guest_lets_others_of_its_thread_run_and_is_stopped() {
    let bench = Arc::new(Bench::new());
    let short = limits(|limits| limits.cpu_ms_max = 500);
    let spin = bench.add(
        &component("spin", "(func (export \"run\") (loop br 0))", &[("run", "")]),
        &spec("spin", &["run"], Effect::Read, short),
    );
    let quick = bench.add(
        &component("quick", "(func (export \"run\"))", &[("run", "")]),
        &spec("quick", &["run"], Effect::Read, short),
    );
    let spinning = tokio::spawn({
        let bench = Arc::clone(&bench);
        async move { bench.call(&spin, "run", vec![]).await }
    });
    let others = tokio::spawn({
        let (bench, spinning) = (Arc::clone(&bench), spinning.abort_handle());
        async move {
            for _ in 0..3 {
                bench.call(&quick, "run", vec![]).await.unwrap();
                tokio::task::yield_now().await;
            }
            assert!(!spinning.is_finished(), "the others of its thread waited until the spinning guest was stopped");
        }
    });
    others.await.unwrap();
    match spinning.await.unwrap() {
        Err(InvokeError::LimitExceeded { exceeded, component }) => {
            assert_eq!((exceeded.limit, exceeded.value, component.as_str()), (Limit::CpuMs, 500, "spin"));
        }
        other => panic!("{other:?}"),
    }
}

fn waits(id: &str, milliseconds: u32) -> String {
    let text = caller_component(
        id,
        "test:host/host@1.0.0",
        "wait",
        "(param \"ms\" u32)",
        "(param i32)",
        &format!("i32.const {milliseconds}"),
    );
    text.replace(" call $f drop", " call $f")
}

#[tokio::test]
async fn waiting_inside_the_host_counts_as_wall_time_and_nothing_else() {
    let bench = Bench::new();
    for (milliseconds, wall_ms_max, cpu_ms_max, fits) in [(30, 10_000, 1, true), (60_000, 30, 1, false)] {
        let limits = limits(|limits| (limits.wall_ms_max, limits.cpu_ms_max) = (wall_ms_max, cpu_ms_max));
        let prepared = bench.add(&waits("a", milliseconds), &spec("a", &["run"], Effect::Read, limits));
        match bench.call(&prepared, "run", vec![]).await {
            Ok(_) => assert!(fits),
            Err(InvokeError::LimitExceeded { exceeded, .. }) => {
                assert!(!fits);
                assert_eq!(exceeded, Exceeded { limit: Limit::WallMs, value: wall_ms_max });
            }
            Err(other) => panic!("{other}"),
        }
    }
}

#[tokio::test]
async fn the_callers_deadline_ends_a_run_that_its_limits_allow() {
    let bench = Bench::new();
    let prepared = bench.add(&waits("a", 60_000), &spec("a", &["run"], Effect::Read, Limits::HOST_MAXIMUM));
    let interface = InterfaceId::parse("test:a/api@1.0.0").unwrap();
    let ended = bench.kernel.invoke(request(caller("*"), 30), &prepared, &interface, "run", vec![], None).await;
    assert!(matches!(ended, Err(InvokeError::Deadline)), "{ended:?}");
}

#[tokio::test]
async fn calls_of_the_host_are_counted() {
    for (host_calls_max, fits) in [(1, true), (0, false)] {
        let bench = Bench::new();
        let limits = limits(|limits| limits.host_calls_max = host_calls_max);
        let prepared = bench.add(&waits("a", 0), &spec("a", &["run"], Effect::Read, limits));
        let ended = bench.call(&prepared, "run", vec![]).await;
        assert_eq!(ended.is_ok(), fits, "{ended:?}");
        if let Err(error) = ended {
            assert_eq!(error.to_string(), "component `a`: `host-calls-max` is used up: more than 0 calls");
        }
    }
}

/// `a` calls `b`, whose `run` is the given core module's.
fn pair(bench: &Bench, effect_a: Effect, effect_b: Effect, module_b: &str) -> Arc<kernel_engine::Prepared> {
    bench.add(&component("b", module_b, &[("run", "(result u32)")]), &spec("b", &["run"], effect_b, Limits::DEFAULT));
    let text = caller_component("a", "test:b/api@1.0.0", "run", "(result u32)", "(result i32)", "");
    let mut spec_a = spec("a", &["run"], effect_a, Limits::DEFAULT);
    spec_a.calls.insert(InterfaceId::parse("test:b/api@1.0.0").unwrap());
    bench.add(&text, &spec_a)
}

const ONE: &str = "(func (export \"run\") (result i32) i32.const 1)";
const TRAP: &str = "(func (export \"run\") (result i32) unreachable)";

#[tokio::test]
async fn a_call_reaches_its_provider_in_the_same_unit_of_work() {
    let bench = Bench::new();
    let a = pair(&bench, Effect::Write, Effect::Write, ONE);
    assert_eq!(bench.call(&a, "run", vec![]).await.unwrap(), None);
    assert_eq!(*bench.verdicts.0.lock().unwrap(), [Some(Verdict::Commit)]);
}

#[tokio::test]
async fn a_trap_of_the_callee_rolls_the_whole_unit_back_and_names_the_callee() {
    let bench = Bench::new();
    let a = pair(&bench, Effect::Write, Effect::Write, TRAP);
    match bench.call(&a, "run", vec![]).await {
        Err(InvokeError::Trapped { component, operation, .. }) => {
            assert_eq!((component.as_str(), operation.as_ref()), ("b", "api.run"));
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(*bench.verdicts.0.lock().unwrap(), [Some(Verdict::Rollback)]);
}

#[tokio::test]
async fn a_caller_needs_the_permission_of_what_is_called_for_it() {
    let bench = Bench::new();
    let a = pair(&bench, Effect::Write, Effect::Write, ONE);
    for (held, missing) in [("*", None), ("a.*", Some("b.api.run")), ("b.*", Some("a.api.run"))] {
        match bench.call_as(caller(held), &a, "run", vec![]).await {
            Ok(_) => assert_eq!(missing, None),
            Err(InvokeError::Denied { permission, .. }) => assert_eq!(Some(permission.0.as_ref()), missing),
            Err(other) => panic!("{other}"),
        }
    }
}

#[tokio::test]
async fn an_operation_that_reads_cannot_call_one_that_writes() {
    for (effect_a, effect_b, allowed) in [
        (Effect::Read, Effect::Read, true),
        (Effect::Write, Effect::Read, true),
        (Effect::Write, Effect::Write, true),
        (Effect::Read, Effect::Write, false),
    ] {
        let bench = Bench::new();
        let a = pair(&bench, effect_a, effect_b, ONE);
        let ended = bench.call(&a, "run", vec![]).await;
        assert_eq!(ended.is_ok(), allowed, "{effect_a:?} calls {effect_b:?}: {ended:?}");
        assert!(allowed || matches!(ended, Err(InvokeError::WriteInRead { .. })));
    }
}

#[tokio::test]
async fn a_circle_of_calls_ends_at_the_depth_limit() {
    let bench = Bench::new();
    let text = caller_component("a", "test:a/api@1.0.0", "run", "", "", "").replace(" call $f drop", " call $f");
    let mut spec = spec("a", &["run"], Effect::Read, limits(|limits| limits.call_depth_max = 3));
    spec.calls.insert(InterfaceId::parse("test:a/api@1.0.0").unwrap());
    let a = bench.add(&text, &spec);
    match bench.call(&a, "run", vec![]).await {
        Err(InvokeError::LimitExceeded { exceeded, .. }) => {
            assert_eq!(exceeded, Exceeded { limit: Limit::CallDepth, value: 3 });
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_call_without_a_provider_names_the_interface() {
    let bench = Bench::new();
    let a = pair(&bench, Effect::Write, Effect::Write, ONE);
    bench.map.0.lock().unwrap().remove(&InterfaceId::parse("test:b/api@1.0.0").unwrap());
    let error = bench.call(&a, "run", vec![]).await.unwrap_err();
    assert!(matches!(&error, InvokeError::NoProvider { interface, .. } if interface.as_ref() == "test:b/api@1.0.0"));
}

#[tokio::test]
async fn a_host_that_is_full_says_so() {
    let bench = Bench::with(&Settings { instances_max: 1, ..Settings::default() }, true, false);
    let a = pair(&bench, Effect::Write, Effect::Write, ONE);
    let error = bench.call(&a, "run", vec![]).await.unwrap_err();
    assert!(matches!(error, InvokeError::Exhausted), "{error}");
}

#[tokio::test]
async fn a_dropped_request_is_rolled_back() {
    let bench = Bench::with(&Settings { instances_max: 4, ..Settings::default() }, true, true);
    let prepared = bench.add(&waits("a", 60_000), &spec("a", &["run"], Effect::Write, Limits::DEFAULT));
    let ended = tokio::time::timeout(Duration::from_millis(30), bench.call(&prepared, "run", vec![])).await;
    assert!(ended.is_err(), "it was still running");
    assert_eq!(*bench.verdicts.0.lock().unwrap(), [None]);
}

#[tokio::test]
async fn an_error_result_is_an_answer_and_rolls_back() {
    let bench = Bench::with(&Settings { instances_max: 4, ..Settings::default() }, false, true);
    let module = "(func (export \"run\") (param i32) (result i32) local.get 0)";
    let text = component("a", module, &[("run", "(param \"x\" u32) (result (result))")])
        .replace("(component ", "(component (import \"test:host/host@1.0.0\" (instance (export \"touch\" (func)))) ");
    let a = bench.add(&text, &spec("a", &["run"], Effect::Write, Limits::DEFAULT));
    for (argument, verdict) in [(0, Verdict::Commit), (1, Verdict::Rollback)] {
        let result = bench.call(&a, "run", vec![Val::U32(argument)]).await.unwrap();
        assert_eq!(result, Some(Val::Result(if argument == 0 { Ok(None) } else { Err(None) })));
        assert_eq!(bench.verdicts.0.lock().unwrap().last(), Some(&Some(verdict)));
    }
}
