// SPDX-License-Identifier: MIT OR Apache-2.0
//! A kernel over a session that writes down what is asked of it, and two guests that pass on what they are given.

use cap_storage::{
    BoxFuture, Budget, ConstraintKind, Dialect, Parameters, Rows, SavepointStep, Session, SharedSession, SqlError,
    Statement, Storage, Value,
};
use kernel_engine::{
    ComponentSpec, Directory, Engine, Extensions, InvokeError, Kernel, OperationSpec, Prepared, Request, Settings,
    TransactError, Transactor, Verdict, Work,
};
use kernel_types::{
    Caller, CallerKind, ComponentId, Effect, Grants, InterfaceId, Limits, Permission, PermissionSet, RequestId,
    Subject, TenantId,
};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};
use wasmtime::component::Val;

/// What a row costs of the byte budget.
pub(crate) const ROW_BYTES: u64 = 10_000;

/// What the session was asked, one line each.
pub(crate) type Log = Arc<Mutex<Vec<String>>>;

/// Answers by words in the statement: `constraint`, `unavailable`; else with one row of each kind of value. Each
/// statement takes 700 microseconds.
struct Witness(Log);

impl Witness {
    fn note(&self, line: String) {
        self.0.lock().unwrap().push(line);
    }

    fn answer<T>(
        &self,
        what: &str,
        component: &ComponentId,
        statement: &Statement,
        budget: &mut Budget,
        parameters: String,
        value: T,
    ) -> Result<T, SqlError> {
        self.note(format!("{component} {what} {} {parameters}", statement.sql()));
        budget.time = budget
            .time
            .checked_sub(Duration::from_micros(700))
            .ok_or(SqlError::LimitExceeded { limit: "sql-ms-max", value: 0 })?;
        if statement.sql().contains("'constraint'") {
            let (table, columns) = ("t".to_owned(), vec!["a".to_owned()]);
            return Err(SqlError::Constraint { kind: ConstraintKind::ForeignKey, table, columns });
        }
        if statement.sql().contains("'unavailable'") {
            return Err(SqlError::Unavailable("the disk is full".to_owned()));
        }
        Ok(value)
    }
}

impl Session for Witness {
    fn query<'a>(
        &'a mut self,
        component: &'a ComponentId,
        statement: &'a Statement,
        parameters: &'a [Value],
        budget: &'a mut Budget,
    ) -> BoxFuture<'a, Result<Rows, SqlError>> {
        let values = vec![
            Value::Null,
            Value::Boolean(true),
            Value::Integer(-7),
            Value::Real(1.5),
            Value::Text("ü".into()),
            Value::Blob(vec![0, 255]),
        ];
        let columns = ["a", "b", "c", "d", "e", "f"].map(str::to_owned).to_vec();
        Box::pin(async move {
            let rows = Rows { columns, rows: vec![values] };
            let rows = self.answer("query", component, statement, budget, format!("{parameters:?}"), rows)?;
            budget.rows = budget
                .rows
                .checked_sub(1)
                .ok_or(SqlError::LimitExceeded { limit: "sql-rows-max", value: budget.rows })?;
            budget.bytes = budget
                .bytes
                .checked_sub(ROW_BYTES)
                .ok_or(SqlError::LimitExceeded { limit: "bytes", value: budget.bytes })?;
            Ok(rows)
        })
    }

    fn execute<'a>(
        &'a mut self,
        component: &'a ComponentId,
        statement: &'a Statement,
        parameters: &'a [Parameters],
        budget: &'a mut Budget,
    ) -> BoxFuture<'a, Result<u64, SqlError>> {
        let touched = u64::try_from(parameters.len()).unwrap();
        Box::pin(
            async move { self.answer("execute", component, statement, budget, format!("{parameters:?}"), touched) },
        )
    }

    fn savepoint(&mut self, step: SavepointStep) -> BoxFuture<'_, Result<(), SqlError>> {
        self.note(format!("{step:?}").to_lowercase().replace(" { depth: ", " ").replace(" }", ""));
        Box::pin(async { Ok(()) })
    }
}

/// Opens a session for each unit of work, and settles it before it commits, as back ends do.
struct Transactions(Log);

impl Transactor for Transactions {
    fn run(
        &self,
        _: &TenantId,
        _: Effect,
        _: Instant,
        work: Work,
    ) -> BoxFuture<'static, Result<Verdict, TransactError>> {
        let log = Arc::clone(&self.0);
        let shared = Arc::new(SharedSession::new(Box::new(Witness(Arc::clone(&log)))));
        Box::pin(async move {
            let verdict = work(Extensions::default().with(Arc::clone(&shared))).await;
            if verdict == Verdict::Commit {
                shared.settle().await.unwrap();
            }
            log.lock().unwrap().push(format!("{verdict:?}").to_lowercase());
            Ok(verdict)
        })
    }
}

#[derive(Default)]
struct Map(Mutex<HashMap<InterfaceId, Arc<Prepared>>>);

impl Directory for Map {
    fn provider(&self, _: &TenantId, interface: &InterfaceId) -> Option<Arc<Prepared>> {
        self.0.lock().unwrap().get(interface).cloned()
    }
}

/// The kernel with both guests.
pub(crate) struct Bench {
    kernel: Kernel,
    guests: HashMap<&'static str, Arc<Prepared>>,
    log: Log,
}

impl Bench {
    /// Both guests with operations of that effect and limits.
    pub(crate) fn new(effect: Effect, limits: Limits) -> Self {
        let (map, log) = (Arc::new(Map::default()), Log::default());
        let settings = Settings { instances_max: 10, ..Settings::default() };
        let kernel = Kernel::new(
            Engine::new(&settings).unwrap(),
            vec![Arc::new(Storage::new(Dialect::Sqlite))],
            Arc::new(Transactions(Arc::clone(&log))),
            Arc::clone(&map) as Arc<dyn Directory>,
        );
        let mut guests = HashMap::new();
        for (id, functions, wat, wit) in [
            (
                "a",
                &["query", "execute", "execute-many", "within", "open"][..],
                include_str!("../guests/a.wat"),
                include_str!("../guests/a.wit"),
            ),
            ("b", &["run"], include_str!("../guests/b.wat"), include_str!("../guests/b.wit")),
        ] {
            let compiled = kernel.engine().compile(&component(wat, wit)).unwrap();
            let prepared = kernel.prepare(&compiled, &spec(id, functions, effect, limits)).unwrap();
            map.0.lock().unwrap().insert(interface(id), Arc::clone(&prepared));
            guests.insert(id, prepared);
        }
        Self { kernel, guests, log }
    }

    /// Calls an operation; its result, and what the session was asked meanwhile.
    pub(crate) async fn call(
        &self,
        id: &str,
        function: &str,
        arguments: Vec<Val>,
    ) -> (Result<Val, InvokeError>, Vec<String>) {
        self.log.lock().unwrap().clear();
        let answer = self.kernel.invoke(request(), &self.guests[id], &interface(id), function, arguments, None).await;
        let log = std::mem::take(&mut *self.log.lock().unwrap());
        (answer.map(|answer| answer.result.unwrap()), log)
    }
}

fn interface(id: &str) -> InterfaceId {
    InterfaceId::parse(&format!("test:{id}/api@1.0.0")).unwrap()
}

fn component(wat: &str, wit: &str) -> Vec<u8> {
    let mut resolve = wit_parser::Resolve::default();
    resolve.push_dir("../../wit/storage-1.0.0").unwrap();
    if wit.contains("test:a/api") {
        resolve.push_str("a.wit", include_str!("../guests/a.wit")).unwrap();
    }
    let package = resolve.push_str("guest.wit", wit).unwrap();
    let world = resolve.select_world(&[package], Some("guest")).unwrap();
    let mut module = wat::parse_str(wat).unwrap();
    wit_component::embed_component_metadata(&mut module, &resolve, world, wit_component::StringEncoding::UTF8).unwrap();
    wit_component::ComponentEncoder::default().validate(true).module(&module).unwrap().encode().unwrap()
}

fn spec(id: &str, functions: &[&str], effect: Effect, limits: Limits) -> ComponentSpec {
    let operation = |function: &&str| OperationSpec {
        interface: interface(id),
        function: (*function).into(),
        effect,
        permission: Permission("test".into()),
        limits,
    };
    ComponentSpec {
        id: ComponentId::parse(id).unwrap(),
        grants: Grants::of(["cortex:storage/sql"]),
        calls: [interface("a")].into(),
        operations: functions.iter().map(operation).collect(),
    }
}

fn request() -> Request {
    let caller = Caller {
        tenant: TenantId::parse("test").unwrap(),
        subject: Subject("tester".into()),
        kind: CallerKind::User,
        display_name: "".into(),
        roles: [].into(),
        permissions: PermissionSet::of(["*"]),
        credential: "test".into(),
        on_behalf_of: None,
    };
    Request {
        id: RequestId::parse("r1").unwrap(),
        caller: Arc::new(caller),
        now: SystemTime::now(),
        deadline: Instant::now() + Duration::from_secs(60),
    }
}
