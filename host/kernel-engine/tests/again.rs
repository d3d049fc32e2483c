// SPDX-License-Identifier: MIT OR Apache-2.0
//! A unit of work that gave way to another one runs again, and not for ever.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a helper of a test is a test")]

mod support;

use kernel_engine::{
    BoxFuture, Directory, Engine, Extensions, InvokeError, Kernel, Settings, TransactError, Transactor, Verdict, Work,
};
use kernel_types::{Effect, InterfaceId, Limits, TenantId};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::time::Instant;
use support::{Map, TestCapability, caller, request, spec};
use wasmtime::component::Val;

/// Lets each unit run to its end, and says of the first ones that they had to give way.
struct Crowded {
    conflicts: u32,
    runs: Arc<AtomicU32>,
}

impl Transactor for Crowded {
    fn run(
        &self,
        _: &TenantId,
        _: Effect,
        _: Instant,
        work: Work,
    ) -> BoxFuture<'static, Result<Verdict, TransactError>> {
        let give_way = self.runs.fetch_add(1, SeqCst) < self.conflicts;
        Box::pin(async move {
            let verdict = work(Extensions::default()).await;
            if give_way { Err(TransactError::Conflict { detail: "another was first".into() }) } else { Ok(verdict) }
        })
    }
}

/// `run` returns its argument; `fail` traps.
const COMPONENT: &str = "(component
    (import \"test:host/host@1.0.0\" (instance $host (export \"touch\" (func))))
    (core func $touch (canon lower (func $host \"touch\")))
    (core module $m (import \"h\" \"touch\" (func $touch))
        (func (export \"run\") (param i32) (result i32) call $touch local.get 0)
        (func (export \"fail\") (param i32) (result i32) unreachable))
    (core instance $i (instantiate $m (with \"h\" (instance (export \"touch\" (func $touch))))))
    (func $run (param \"n\" u32) (result u32) (canon lift (core func $i \"run\")))
    (func $fail (param \"n\" u32) (result u32) (canon lift (core func $i \"fail\")))
    (instance $e (export \"run\" (func $run)) (export \"fail\" (func $fail)))
    (export \"test:a/api@1.0.0\" (instance $e)))";

/// Calls a function whose unit gives way so often, with so much time; returns how it ended and how often it ran.
async fn call(function: &str, conflicts: u32, deadline_ms: u64) -> (Result<Option<Val>, InvokeError>, u32) {
    let runs = Arc::new(AtomicU32::new(0));
    let kernel = Kernel::new(
        Engine::new(&Settings { instances_max: 20, ..Settings::default() }).unwrap(),
        vec![Arc::new(TestCapability { needs_grant: false, needs_transaction: true })],
        Arc::new(Crowded { conflicts, runs: Arc::clone(&runs) }),
        Arc::new(Map::default()) as Arc<dyn Directory>,
    );
    let compiled = kernel.engine().compile(&wat::parse_str(COMPONENT).unwrap()).unwrap();
    let prepared = kernel.prepare(&compiled, &spec("a", &["run", "fail"], Effect::Write, Limits::DEFAULT)).unwrap();
    let interface = InterfaceId::parse("test:a/api@1.0.0").unwrap();
    let request = request(caller("*"), deadline_ms);
    let answer = kernel.invoke(request, &prepared, &interface, function, vec![Val::U32(7)], None).await;
    (answer.map(|answer| answer.result), runs.load(SeqCst))
}

#[tokio::test]
async fn a_unit_that_gave_way_runs_again_with_the_same_arguments() {
    for conflicts in [0, 1, 9] {
        let (answer, runs) = call("run", conflicts, 20_000).await;
        assert_eq!((answer.unwrap(), runs), (Some(Val::U32(7)), conflicts + 1));
    }
}

#[tokio::test]
async fn what_it_said_when_it_gave_way_counts_for_nothing() {
    let (answer, runs) = call("fail", 2, 20_000).await;
    assert!(matches!(answer, Err(InvokeError::Trapped { .. })), "{answer:?}");
    assert_eq!(runs, 3);
}

#[tokio::test]
async fn a_unit_that_always_gives_way_ends_as_a_conflict() {
    let (answer, runs) = call("run", u32::MAX, 20_000).await;
    assert!(matches!(answer, Err(InvokeError::Transact(TransactError::Conflict { .. }))), "{answer:?}");
    assert_eq!(runs, 10);
}

#[tokio::test]
async fn no_run_begins_behind_the_deadline() {
    let (answer, runs) = call("run", u32::MAX, 0).await;
    assert!(answer.is_err());
    assert!(runs <= 1, "{runs}");
}
