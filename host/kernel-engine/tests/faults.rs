// SPDX-License-Identifier: MIT OR Apache-2.0
//! What must not be possible: for a component to be charged for what it did not do, to hand its neighbour a handle, to
//! take the host with it, or for anyone to be told that work was kept which was not.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a helper of a test is a test")]

mod support;

use kernel_engine::{
    BoxFuture, Capability, Engine, Exceeded, Extensions, Invocation, InvokeError, Kernel, LinkError, Settings,
    TransactError, Transactor, Verdict, Work,
};
use kernel_types::{Effect, InterfaceId, Limit, Limits, TenantId};
use std::sync::Arc;
use std::time::Instant;
use support::{Bench, Map, NoDatabase, Verdicts, caller, caller_component, component, request, spec};
use wasmtime::component::{Linker, Resource, ResourceType};

fn limits(change: impl FnOnce(&mut Limits)) -> Limits {
    let mut limits = Limits::DEFAULT;
    change(&mut limits);
    limits
}

/// Runs `run` of one core module and returns the limit that it used up, if any.
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
async fn neither_a_look_at_the_clock_nor_growing_memory_is_a_call_of_the_host() {
    let few = limits(|limits| (limits.host_calls_max, limits.cpu_ms_max) = (0, 100));
    let spin = exceeded("(func (export \"run\") (loop br 0))", few).await.unwrap();
    assert_eq!(spin, Exceeded { limit: Limit::CpuMs, value: 100 });
    let grow = "(memory 1) (table 1 funcref) (func (export \"run\")
        (drop (memory.grow (i32.const 1))) (drop (table.grow (ref.null func) (i32.const 1)))
        (drop (memory.grow (i32.const 1))))";
    assert_eq!(exceeded(grow, few).await, None);
}

#[tokio::test]
async fn memory_that_was_not_given_is_not_counted() {
    let page = 65_536;
    let module = "(memory 1 2) (func (export \"run\")
        (if (i32.ne (memory.grow (i32.const 500)) (i32.const -1)) (then unreachable))
        (if (i32.ne (memory.grow (i32.const 1)) (i32.const 1)) (then unreachable)))";
    assert_eq!(exceeded(module, limits(|limits| limits.memory_bytes_max = 2 * page)).await, None);
    let table = "(table 1 10 funcref) (func (export \"run\")
        (if (i32.ne (table.grow (ref.null func) (i32.const 5000)) (i32.const -1)) (then unreachable))
        (if (i32.ne (table.grow (ref.null func) (i32.const 9)) (i32.const 1)) (then unreachable)))";
    assert_eq!(exceeded(table, limits(|limits| limits.memory_bytes_max = 80)).await, None);
}

#[tokio::test]
async fn long_operations_on_memory_in_a_row_end_at_the_limit_like_any_other() {
    let fill = "(memory.fill (i32.const 0) (i32.const 1) (i32.const 62914560))".repeat(2_000);
    let module = format!("(memory 960) (func (export \"run\") {fill})");
    let found = exceeded(&module, limits(|limits| limits.cpu_ms_max = 100)).await.unwrap();
    assert_eq!(found.limit, Limit::CpuMs);
}

#[tokio::test]
async fn what_runs_before_and_after_the_call_is_limited_like_the_call() {
    let short = limits(|limits| (limits.cpu_ms_max, limits.wall_ms_max) = (50, 5_000));
    let start = "(func $spin (loop br 0)) (start $spin) (func (export \"run\"))";
    assert_eq!(exceeded(start, short).await.unwrap().limit, Limit::CpuMs);
    let post = "(component (core module $m (func (export \"run\") (result i32) i32.const 1)
           (func (export \"post\") (param i32) (loop br 0)))
         (core instance $i (instantiate $m))
         (func $run (result u32) (canon lift (core func $i \"run\") (post-return (core func $i \"post\"))))
         (instance $e (export \"run\" (func $run))) (export \"test:a/api@1.0.0\" (instance $e)))";
    let bench = Bench::new();
    let prepared = bench.add(post, &spec("a", &["run"], Effect::Write, short));
    match bench.call(&prepared, "run", vec![]).await {
        Err(InvokeError::LimitExceeded { exceeded, .. }) => assert_eq!(exceeded.limit, Limit::CpuMs),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn what_the_host_holds_for_a_result_is_counted_whatever_its_type() {
    let short: String = ('a'..='z').map(|name| format!("\"{name}\" ")).collect();
    let (short, long) = (format!("(flags {short})"), "(flags \"of-a-usual-length\" \"another-of-these\")".to_owned());
    for (ty, bytes_each, count, fits) in
        [(&short, 4, 4_000, true), (&short, 4, 40_000, false), (&long, 1, 40_000, true)]
    {
        let text = format!(
            "(component (core module $m (memory (export \"mem\") 10) (func (export \"run\") (result i32)
               (memory.fill (i32.const 16) (i32.const 255) (i32.const {}))
               (i32.store (i32.const 0) (i32.const 16)) (i32.store (i32.const 4) (i32.const {count})) (i32.const 0)))
             (core instance $i (instantiate $m))
             (type $flags {ty}) (export $named \"flags\" (type $flags))
             (func $run (result (list $named)) (canon lift (core func $i \"run\") (memory (core memory $i \"mem\"))))
             (instance $e (export \"run\" (func $run))) (export \"test:a/api@1.0.0\" (instance $e)))",
            count * bytes_each
        );
        let bench = Bench::new();
        let spec = spec("a", &["run"], Effect::Read, limits(|limits| limits.result_bytes_max = 4 << 20));
        let a = bench.add(&text, &spec);
        match bench.call(&a, "run", vec![]).await {
            Ok(_) => assert!(fits, "{count} of {ty}"),
            Err(InvokeError::LimitExceeded { exceeded, .. }) => {
                assert_eq!((exceeded.limit, fits), (Limit::ResultBytes, false), "{count} of {ty}");
            }
            Err(other) => panic!("{other}"),
        }
    }
}

/// A capability with a resource, a function that panics, and one that panics after it waited.
struct Dangerous;

struct Token;

impl Capability for Dangerous {
    fn interfaces(&self) -> &'static [&'static str] {
        &["test:danger/danger@1.0.0"]
    }

    fn needs_grant(&self) -> bool {
        false
    }

    fn link(&self, interface: &str, linker: &mut Linker<Invocation>) -> wasmtime::Result<()> {
        let mut instance = linker.instance(interface)?;
        instance.resource("token", ResourceType::host::<Token>(), |_, _| Ok(()))?;
        instance.func_wrap("new", |mut store: wasmtime::StoreContextMut<'_, Invocation>, (): ()| {
            let token: Resource<Token> = store.data_mut().table().push(Token)?;
            Ok((token,))
        })?;
        instance.func_wrap("panic", |_, (): ()| -> wasmtime::Result<()> { panic!("on purpose") })?;
        instance.func_wrap_async("panic-later", |_, (): ()| {
            Box::new(async move {
                tokio::task::yield_now().await;
                if true {
                    panic!("on purpose")
                }
                Ok(())
            })
        })
    }
}

fn bench(transactor: Arc<dyn Transactor>, verdicts: Arc<Verdicts>) -> Bench {
    let map = Arc::new(Map::default());
    let engine = Engine::new(&Settings { instances_max: 20, ..Settings::default() }).unwrap();
    let directory = Arc::clone(&map) as Arc<dyn kernel_engine::Directory>;
    let kernel = Kernel::new(engine, vec![Arc::new(Dangerous)], transactor, directory);
    Bench { kernel, map, verdicts }
}

fn dangerous() -> Bench {
    let verdicts = Arc::new(Verdicts::default());
    bench(Arc::new(NoDatabase(Arc::clone(&verdicts))), verdicts)
}

#[tokio::test]
async fn a_panic_of_a_host_function_ends_its_invocation_and_nothing_else() {
    let bench = dangerous();
    for function in ["panic", "panic-later"] {
        let text = caller_component("b", "test:danger/danger@1.0.0", function, "", "", "");
        let b =
            bench.add(&text.replace(" call $f drop", " call $f"), &spec("b", &["run"], Effect::Write, Limits::DEFAULT));
        let text = caller_component("a", "test:b/api@1.0.0", "run", "", "", "");
        let mut spec_a = spec("a", &["run"], Effect::Write, Limits::DEFAULT);
        spec_a.calls.insert(InterfaceId::parse("test:b/api@1.0.0").unwrap());
        let a = bench.add(&text.replace(" call $f drop", " call $f"), &spec_a);
        for prepared in [&b, &a] {
            match bench.call(prepared, "run", vec![]).await {
                Err(InvokeError::Panicked { component, operation, detail }) => {
                    assert_eq!(
                        (component.as_str(), operation.as_ref()),
                        ("b", "api.run"),
                        "the one that called the host"
                    );
                    assert!(detail.contains("on purpose"), "{detail}");
                }
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(bench.verdicts.0.lock().unwrap().last(), Some(&Some(Verdict::Rollback)));
        let text = component("c", "(func (export \"run\"))", &[("run", "")]);
        let c = bench.add(&text, &spec("c", &["run"], Effect::Read, Limits::DEFAULT));
        for _ in 0..40 {
            bench.call(&c, "run", vec![]).await.unwrap();
        }
    }
}

#[test]
fn a_handle_cannot_be_handed_to_another_component() {
    let bench = dangerous();
    let handle = "(component
        (import \"test:danger/danger@1.0.0\" (instance $danger
            (export \"token\" (type $t (sub resource)))
            (export \"new\" (func (result (own $t))))))
        (alias export $danger \"token\" (type $token))
        (import \"test:b/api@1.0.0\" (instance (export \"run\" (func (param \"x\" TYPE))))))";
    for (ty, allowed) in [
        ("u32", true),
        ("(own $token)", false),
        ("(borrow $token)", false),
        ("(list (own $token))", false),
        ("(option (tuple u8 (own $token)))", false),
    ] {
        let mut spec = spec("a", &[], Effect::Read, Limits::DEFAULT);
        spec.calls.insert(InterfaceId::parse("test:b/api@1.0.0").unwrap());
        let binary = wat::parse_str(handle.replace("TYPE", ty)).unwrap();
        let compiled = bench.kernel.engine().compile(&binary).unwrap();
        let linked = bench.kernel.prepare(&compiled, &spec);
        match linked {
            Ok(_) => assert!(allowed, "{ty}"),
            Err(error @ LinkError::Imports { .. }) => {
                assert!(!allowed && error.to_string().contains("test:b/api@1.0.0"), "{ty}: {error}");
            }
            Err(other) => panic!("{ty}: {other}"),
        }
    }
}

/// A back end that says how work ended without asking the work.
struct Says(Verdict);

impl Transactor for Says {
    fn run(
        &self,
        _tenant: &TenantId,
        _effect: Effect,
        _deadline: Instant,
        work: Work,
    ) -> BoxFuture<'static, Result<Verdict, TransactError>> {
        let verdict = self.0;
        Box::pin(async move {
            let _ = work(Extensions::default()).await;
            Ok(verdict)
        })
    }
}

#[tokio::test]
async fn an_answer_is_given_only_for_work_that_the_back_end_kept() {
    for (verdict, kept) in [(Verdict::Commit, true), (Verdict::Rollback, false)] {
        let bench = bench(Arc::new(Says(verdict)), Arc::default());
        bench.add(
            &component("b", "(func (export \"run\"))", &[("run", "")]),
            &spec("b", &["run"], Effect::Write, Limits::DEFAULT),
        );
        let mut spec_a = spec("a", &["run"], Effect::Write, Limits::DEFAULT);
        spec_a.calls.insert(InterfaceId::parse("test:b/api@1.0.0").unwrap());
        let text = caller_component("a", "test:b/api@1.0.0", "run", "", "", "").replace(" call $f drop", " call $f");
        let a = bench.add(&text, &spec_a);
        let ended = bench.call(&a, "run", vec![]).await;
        assert_eq!(ended.is_ok(), kept, "{ended:?}");
        assert!(kept || matches!(ended, Err(InvokeError::Transact(TransactError::Unavailable { .. }))), "{ended:?}");
    }
}

#[tokio::test]
async fn one_tenant_cannot_take_all_instances() {
    let bench = Bench::with(&Settings { instances_max: 8, ..Settings::default() }, true, false);
    let text =
        caller_component("a", "test:host/host@1.0.0", "wait", "(param \"ms\" u32)", "(param i32)", "i32.const 60000");
    let waits =
        bench.add(&text.replace(" call $f drop", " call $f"), &spec("a", &["run"], Effect::Read, Limits::DEFAULT));
    let quick = component("b", "(func (export \"run\"))", &[("run", "")]);
    let quick = bench.add(&quick, &spec("b", &["run"], Effect::Read, Limits::DEFAULT));
    let interface = |id: &str| InterfaceId::parse(&format!("test:{id}/api@1.0.0")).unwrap();
    let mut greedy: Vec<_> = (0..8)
        .map(|_| {
            let (kernel, waits, a) = (bench.kernel.clone(), Arc::clone(&waits), interface("a"));
            Box::pin(async move { kernel.invoke(request(caller("*"), 60_000), &waits, &a, "run", vec![], None).await })
        })
        .collect();
    let mut refused = 0;
    for call in &mut greedy {
        tokio::select! {
            biased;
            ended = call => {
                assert!(matches!(ended, Err(InvokeError::Exhausted)), "{ended:?}");
                refused += 1;
            }
            () = tokio::task::yield_now() => {}
        }
    }
    assert_eq!(refused, 2, "a tenant has three quarters of eight");
    let mut other = caller("*");
    other.tenant = TenantId::parse("other").unwrap();
    bench.kernel.invoke(request(other, 60_000), &quick, &interface("b"), "run", vec![], None).await.unwrap();
    let again = bench.call(&quick, "run", vec![]).await;
    assert!(matches!(again, Err(InvokeError::Exhausted)), "{again:?}");
    drop(greedy);
    bench.call(&quick, "run", vec![]).await.unwrap();
}
