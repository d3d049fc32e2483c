// SPDX-License-Identifier: MIT OR Apache-2.0
//! A request that comes again under its key: answered, not run; and everything that keeps it from being answered.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a helper of a test is a test")]

mod support;

use kernel_engine::{
    Answer, AnswerBook, BoxFuture, Directory, Engine, Extensions, InvokeError, Kernel, Once, Prepared, Recorded,
    Settings, TransactError, Transactor, Verdict, Work, Writing,
};
use kernel_types::{Caller, Digest, Effect, InterfaceId, Limits, Subject, TenantId};
use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::Instant;
use support::{Map, TestCapability, caller, request, spec};
use wasmtime::component::Val;

type Kept = Arc<Mutex<HashMap<Digest, ([u8; 32], Vec<u8>)>>>;

/// Keeps what was committed.
#[derive(Default)]
struct Memory {
    kept: Kept,
    verdicts: Arc<Mutex<Vec<Verdict>>>,
    /// How many look-ups find nothing: they came before the commit of a neighbour.
    early: Arc<AtomicU32>,
}

/// What one unit sees: what was committed, and its own.
struct Book(Kept, Kept, Arc<AtomicU32>);

impl AnswerBook for Book {
    fn recall(&self, key: Digest) -> BoxFuture<'_, Result<Recorded, TransactError>> {
        let early = self.2.fetch_update(SeqCst, SeqCst, |left| left.checked_sub(1)).is_ok();
        let found = self.0.lock().unwrap().get(&key).cloned().filter(|_| !early);
        Box::pin(std::future::ready(Ok(found)))
    }

    fn record<'a>(
        &'a self,
        key: Digest,
        fingerprint: Digest,
        answer: &'a [u8],
    ) -> BoxFuture<'a, Result<(), TransactError>> {
        self.1.lock().unwrap().insert(key, (*fingerprint.as_bytes(), answer.to_vec()));
        Box::pin(std::future::ready(Ok(())))
    }
}

impl Transactor for Memory {
    fn run(
        &self,
        _: &TenantId,
        _: Effect,
        _: Instant,
        work: Work,
    ) -> BoxFuture<'static, Result<Verdict, TransactError>> {
        let (kept, own, verdicts) = (Arc::clone(&self.kept), Kept::default(), Arc::clone(&self.verdicts));
        let early = Arc::clone(&self.early);
        Box::pin(async move {
            let book: Box<dyn AnswerBook> = Box::new(Book(Arc::clone(&kept), Arc::clone(&own), early));
            let verdict = work(Extensions::default().with(Arc::new(book))).await;
            verdicts.lock().unwrap().push(verdict);
            if verdict == Verdict::Commit {
                kept.lock().unwrap().extend(own.lock().unwrap().drain());
            }
            Ok(verdict)
        })
    }
}

/// `run` and `other` return their argument, `refuse` an error, `fail` traps.
const COMPONENT: &str = "(component
    (core module $m
        (func (export \"run\") (param i32) (result i32) local.get 0)
        (func (export \"refuse\") (param i32) (result i32) i32.const 1)
        (func (export \"fail\") (param i32) (result i32) unreachable))
    (core instance $i (instantiate $m))
    (func $run (param \"n\" u32) (result u32) (canon lift (core func $i \"run\")))
    (func $refuse (param \"n\" u32) (result (result)) (canon lift (core func $i \"refuse\")))
    (func $fail (param \"n\" u32) (result u32) (canon lift (core func $i \"fail\")))
    (instance $e (export \"run\" (func $run)) (export \"other\" (func $run)) (export \"refuse\" (func $refuse))
        (export \"fail\" (func $fail)))
    (export \"test:a/api@1.0.0\" (instance $e)))";

struct Bench {
    kernel: Kernel,
    prepared: Arc<Prepared>,
    verdicts: Arc<Mutex<Vec<Verdict>>>,
    /// How often an answer was written down.
    written: Arc<AtomicU32>,
    early: Arc<AtomicU32>,
}

impl Bench {
    fn new() -> Self {
        let memory = Memory::default();
        let (verdicts, early) = (Arc::clone(&memory.verdicts), Arc::clone(&memory.early));
        let kernel = Kernel::new(
            Engine::new(&Settings { instances_max: 20, ..Settings::default() }).unwrap(),
            vec![Arc::new(TestCapability { needs_grant: false, needs_transaction: true })],
            Arc::new(memory),
            Arc::new(Map::default()) as Arc<dyn Directory>,
        );
        let compiled = kernel.engine().compile(&wat::parse_str(COMPONENT).unwrap()).unwrap();
        let spec = spec("a", &["run", "other", "refuse", "fail"], Effect::Write, Limits::DEFAULT);
        let prepared = kernel.prepare(&compiled, &spec).unwrap();
        Self { kernel, prepared, verdicts, written: Arc::default(), early }
    }

    /// Calls a function with a number, under a key. An answer is written as its debug text; of 13 none can be.
    async fn call(&self, caller: Caller, function: &str, number: u32, key: &str) -> Result<Answer, InvokeError> {
        let interface = InterfaceId::parse("test:a/api@1.0.0").unwrap();
        let count = Arc::clone(&self.written);
        let write = move |result: Option<&Val>| {
            let before = count.fetch_add(1, SeqCst);
            if result == Some(&Val::U32(13)) || (result == Some(&Val::U32(14)) && before > 0) {
                Err("unlucky".into())
            } else {
                Ok(format!("{result:?}").into_bytes())
            }
        };
        let once = Once { key: key.into(), arguments: Digest::of(&number.to_le_bytes()) };
        let writing = Some(Writing { write: Arc::new(write), once: Some(once) });
        let arguments = vec![Val::U32(number)];
        self.kernel.invoke(request(caller, 20_000), &self.prepared, &interface, function, arguments, writing).await
    }
}

fn somebody(subject: &str) -> Caller {
    Caller { subject: Subject(subject.into()), ..caller("*") }
}

#[tokio::test]
async fn the_second_is_answered_like_the_first_and_not_run() {
    let bench = Bench::new();
    let first = bench.call(caller("*"), "run", 7, "k").await.unwrap();
    assert_eq!(first, Answer { result: Some(Val::U32(7)), written: Some(b"Some(U32(7))".to_vec()), replayed: false });
    for _ in 0..3 {
        let again = bench.call(caller("*"), "run", 7, "k").await.unwrap();
        assert_eq!(again, Answer { result: None, written: first.written.clone(), replayed: true });
    }
    assert_eq!(bench.written.load(SeqCst), 1);
    // A replay waits for the commit of what it found, which may be of the same transaction.
    assert_eq!(*bench.verdicts.lock().unwrap(), [Verdict::Commit; 4]);
}

#[tokio::test]
async fn what_fails_for_the_same_request_that_took_effect_elsewhere_meanwhile_is_answered_like_it() {
    let bench = Bench::new();
    let first = bench.call(caller("*"), "run", 14, "k").await.unwrap();
    // The look-up of the second came too early, and its run fails: it meets what the first has done.
    bench.early.store(1, SeqCst);
    let again = bench.call(caller("*"), "run", 14, "k").await.unwrap();
    assert_eq!(again, Answer { result: None, written: first.written, replayed: true });
    assert_eq!(bench.written.load(SeqCst), 2, "it did run");
    // One that fails by itself has no answer to find.
    let alone = bench.call(caller("*"), "run", 13, "l").await;
    assert!(matches!(alone, Err(InvokeError::Unwritable(_))), "{alone:?}");
}

#[tokio::test]
async fn a_key_stands_for_one_operation_with_its_arguments() {
    let bench = Bench::new();
    bench.call(caller("*"), "run", 7, "k").await.unwrap();
    for (function, number) in [("run", 8), ("other", 7)] {
        let reused = bench.call(caller("*"), function, number, "k").await;
        assert!(matches!(reused, Err(InvokeError::KeyReused)), "{function} {number} {reused:?}");
    }
    let (other_key, other_subject) =
        (bench.call(caller("*"), "run", 8, "l"), bench.call(somebody("eve"), "run", 8, "k"));
    assert!(!other_key.await.unwrap().replayed && !other_subject.await.unwrap().replayed);
    // What two parts are called cannot be moved from one to the other.
    assert!(!bench.call(somebody("evek"), "run", 9, "").await.unwrap().replayed);
}

#[tokio::test]
async fn a_replay_needs_the_permission_as_well() {
    let bench = Bench::new();
    bench.call(caller("a.api.run"), "run", 7, "k").await.unwrap();
    let denied = bench.call(caller("a.api.other"), "run", 7, "k").await;
    assert!(matches!(denied, Err(InvokeError::Denied { .. })), "{denied:?}");
    assert!(bench.call(caller("a.api.run"), "run", 7, "k").await.unwrap().replayed);
}

#[tokio::test]
async fn what_took_no_effect_is_not_kept() {
    let bench = Bench::new();
    for _ in 0..2 {
        let refused = bench.call(caller("*"), "refuse", 1, "a").await.unwrap();
        assert_eq!(refused, Answer { result: Some(Val::Result(Err(None))), written: None, replayed: false });
        let trapped = bench.call(caller("*"), "fail", 1, "b").await;
        assert!(matches!(trapped, Err(InvokeError::Trapped { .. })), "{trapped:?}");
        let unwritable = bench.call(caller("*"), "run", 13, "c").await;
        assert!(matches!(unwritable, Err(InvokeError::Unwritable(_))), "{unwritable:?}");
    }
    // After each, one unit that only looks whether the same request took effect elsewhere.
    assert_eq!(bench.verdicts.lock().unwrap().as_slice(), [Verdict::Rollback, Verdict::Commit].repeat(6));
    assert!(!bench.call(caller("*"), "run", 7, "c").await.unwrap().replayed, "the key is free");
}

#[tokio::test]
async fn a_key_without_a_book_is_an_error_and_nothing_is_run() {
    let bench = support::Bench::new();
    let prepared = bench.add(COMPONENT, &spec("a", &["run"], Effect::Write, Limits::DEFAULT));
    let interface = InterfaceId::parse("test:a/api@1.0.0").unwrap();
    let once = Once { key: "k".into(), arguments: Digest::of(b"") };
    let writing = Writing { write: Arc::new(|_| panic!("nothing is to be written")), once: Some(once) };
    let request = request(caller("*"), 20_000);
    let answer = bench.kernel.invoke(request, &prepared, &interface, "run", vec![Val::U32(7)], Some(writing)).await;
    assert!(matches!(answer, Err(InvokeError::Transact(TransactError::Unavailable { .. }))), "{answer:?}");
    assert_eq!(*bench.verdicts.0.lock().unwrap(), [Some(Verdict::Rollback); 2]);
}
