// SPDX-License-Identifier: MIT OR Apache-2.0
//! Small components written as text, and a kernel without a database, for the engine's tests.

#![allow(
    dead_code,
    unreachable_pub,
    missing_docs,
    clippy::unwrap_used,
    reason = "shared by the test files, each of which uses a part of it"
)]

use kernel_engine::{
    BoxFuture, Capability, ComponentSpec, Directory, Engine, Extensions, Invocation, InvokeError, Kernel,
    OperationSpec, Prepared, Request, Settings, TransactError, Transactor, Verdict, Work,
};
use kernel_types::{
    Caller, CallerKind, ComponentId, Effect, Grants, InterfaceId, Limits, Permission, PermissionSet, RequestId,
    Subject, TenantId,
};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};
use wasmtime::component::{Linker, Val};

/// Runs work without a database and remembers each verdict; work that is dropped is remembered as [`None`].
#[derive(Default)]
pub struct Verdicts(pub Mutex<Vec<Option<Verdict>>>);

struct Open {
    verdicts: Arc<Verdicts>,
    verdict: Option<Verdict>,
}

impl Drop for Open {
    fn drop(&mut self) {
        self.verdicts.0.lock().unwrap().push(self.verdict);
    }
}

pub struct NoDatabase(pub Arc<Verdicts>);

impl Transactor for NoDatabase {
    fn run(
        &self,
        _tenant: &TenantId,
        _effect: Effect,
        deadline: Instant,
        work: Work,
    ) -> BoxFuture<'static, Result<Verdict, TransactError>> {
        let open = Open { verdicts: Arc::clone(&self.0), verdict: None };
        Box::pin(async move {
            let mut open = open;
            let work = work(Extensions::default());
            let verdict = tokio::time::timeout_at(deadline.into(), work).await.map_err(|_| TransactError::Deadline)?;
            open.verdict = Some(verdict);
            Ok(verdict)
        })
    }
}

/// A capability for tests: `test:host/host@1.0.0` with `wait: func(ms: u32)` and `touch: func()`.
pub struct TestCapability {
    pub needs_grant: bool,
    pub needs_transaction: bool,
}

impl Capability for TestCapability {
    fn interfaces(&self) -> &'static [&'static str] {
        &["test:host/host@1.0.0"]
    }

    fn needs_grant(&self) -> bool {
        self.needs_grant
    }

    fn needs_transaction(&self) -> bool {
        self.needs_transaction
    }

    fn link(&self, interface: &str, linker: &mut Linker<Invocation>) -> wasmtime::Result<()> {
        let mut instance = linker.instance(interface)?;
        instance.func_wrap_async("wait", |_, (milliseconds,): (u32,)| {
            Box::new(async move {
                tokio::time::sleep(Duration::from_millis(milliseconds.into())).await;
                Ok(())
            })
        })?;
        instance.func_wrap("touch", |_, (): ()| Ok(()))
    }
}

/// Who provides what.
#[derive(Default)]
pub struct Map(pub Mutex<HashMap<InterfaceId, Arc<Prepared>>>);

impl Directory for Map {
    fn provider(&self, _tenant: &TenantId, interface: &InterfaceId) -> Option<Arc<Prepared>> {
        self.0.lock().unwrap().get(interface).cloned()
    }
}

pub struct Bench {
    pub kernel: Kernel,
    pub map: Arc<Map>,
    pub verdicts: Arc<Verdicts>,
}

impl Bench {
    pub fn new() -> Self {
        Self::with(&Settings { instances_max: 20, ..Settings::default() }, true, false)
    }

    pub fn with(settings: &Settings, needs_grant: bool, needs_transaction: bool) -> Self {
        let (map, verdicts) = (Arc::new(Map::default()), Arc::new(Verdicts::default()));
        let kernel = Kernel::new(
            Engine::new(settings).unwrap(),
            vec![Arc::new(TestCapability { needs_grant, needs_transaction })],
            Arc::new(NoDatabase(Arc::clone(&verdicts))),
            Arc::clone(&map) as Arc<dyn Directory>,
        );
        Self { kernel, map, verdicts }
    }

    /// Compiles and links a component, and makes it the provider of its interface.
    pub fn add(&self, text: &str, spec: &ComponentSpec) -> Arc<Prepared> {
        let compiled = self.kernel.engine().compile(&wat::parse_str(text).unwrap()).unwrap();
        let prepared = self.kernel.prepare(&compiled, spec).unwrap();
        for operation in &spec.operations {
            self.map.0.lock().unwrap().insert(operation.interface.clone(), Arc::clone(&prepared));
        }
        prepared
    }

    pub async fn call(
        &self,
        prepared: &Arc<Prepared>,
        function: &str,
        arguments: Vec<Val>,
    ) -> Result<Option<Val>, InvokeError> {
        self.call_as(caller("*"), prepared, function, arguments).await
    }

    pub async fn call_as(
        &self,
        caller: Caller,
        prepared: &Arc<Prepared>,
        function: &str,
        arguments: Vec<Val>,
    ) -> Result<Option<Val>, InvokeError> {
        let interface = InterfaceId::parse(&format!("test:{}/api@1.0.0", prepared.id())).unwrap();
        let answer = self.kernel.invoke(request(caller, 20_000), prepared, &interface, function, arguments, None).await;
        answer.map(|answer| answer.result)
    }
}

pub fn request(caller: Caller, deadline_ms: u64) -> Request {
    Request {
        id: RequestId::parse("r1").unwrap(),
        caller: Arc::new(caller),
        now: SystemTime::now(),
        deadline: Instant::now() + Duration::from_millis(deadline_ms),
    }
}

pub fn caller(permissions: &str) -> Caller {
    Caller {
        tenant: TenantId::parse("test").unwrap(),
        subject: Subject("tester".into()),
        kind: CallerKind::User,
        display_name: "".into(),
        roles: [].into(),
        permissions: PermissionSet::of([permissions]),
        credential: "test".into(),
        on_behalf_of: None,
    }
}

/// A component `id` with the operations of `test:{id}/api@1.0.0`, all of them with the given effect and limits.
pub fn spec(id: &str, functions: &[&str], effect: Effect, limits: Limits) -> ComponentSpec {
    let interface = InterfaceId::parse(&format!("test:{id}/api@1.0.0")).unwrap();
    ComponentSpec {
        id: ComponentId::parse(id).unwrap(),
        grants: Grants::of(["test:host/host"]),
        calls: [].into(),
        operations: functions
            .iter()
            .map(|function| OperationSpec {
                interface: interface.clone(),
                function: (*function).into(),
                effect,
                permission: Permission(format!("{id}.api.{function}").into()),
                limits,
            })
            .collect(),
    }
}

/// A component around one core module: imports as component text, and per function its name, type and core export.
pub fn component(id: &str, module: &str, functions: &[(&str, &str)]) -> String {
    let lifts: String = functions
        .iter()
        .enumerate()
        .map(|(n, (name, ty))| format!("(func $f{n} {ty} (canon lift (core func $i \"{name}\")))\n"))
        .collect();
    let exports: String =
        functions.iter().enumerate().map(|(n, (name, _))| format!("(export \"{name}\" (func $f{n}))")).collect();
    format!(
        "(component (core module $m {module}) (core instance $i (instantiate $m)) {lifts}
         (instance $e {exports}) (export \"test:{id}/api@1.0.0\" (instance $e)))"
    )
}

/// A component that calls one function of one imported interface, and exports `run` with the same type, no parameters.
pub fn caller_component(id: &str, import: &str, function: &str, ty: &str, core_ty: &str, arguments: &str) -> String {
    format!(
        "(component
           (import \"{import}\" (instance $import (export \"{function}\" (func {ty}))))
           (core func $lowered (canon lower (func $import \"{function}\")))
           (core module $m (import \"h\" \"f\" (func $f {core_ty}))
             (func (export \"run\") {arguments} call $f drop)
             (func (export \"plain\") (result i32) i32.const 1))
           (core instance $i (instantiate $m (with \"h\" (instance (export \"f\" (func $lowered))))))
           (func $run (canon lift (core func $i \"run\")))
           (instance $e (export \"run\" (func $run)))
           (export \"test:{id}/api@1.0.0\" (instance $e)))"
    )
}
