// SPDX-License-Identifier: MIT OR Apache-2.0
//! The sample component: its contract, its REST routes, and what its operations do.

use super::Fake;
use edge_gateway::Rest;
use hyper::Method;
use kernel_contract::Contract;
use kernel_engine::{BoxFuture, Exceeded, InvokeError, TransactError};
use kernel_types::{ComponentId, Limits, Permission};
use std::sync::Arc;
use std::sync::OnceLock;
use wasmtime::component::Val;

/// The sample's contract; made once.
pub fn sample() -> Contract {
    static SAMPLE: OnceLock<Contract> = OnceLock::new();
    SAMPLE.get_or_init(|| contract_samples::contract(include_str!("sample.wit"))).clone()
}

/// What the manifest of the sample would say.
pub fn rest(operation: &str) -> Option<Rest> {
    let (method, path) = match operation {
        "entries.find" => (Method::GET, "/entries"),
        "entries.create" => (Method::POST, "/entries"),
        "entries.get" => (Method::GET, "/entries/{entry-id}"),
        "entries.rename" => (Method::PUT, "/entries/{entry_id}"),
        "entries.remove" => (Method::DELETE, "/entries/{entry-id}"),
        "entries.by-name" => (Method::GET, "/entries/by-name/{name}"),
        _ => return None,
    };
    Some(Rest { method, path: path.into(), query: Vec::new() })
}

type Result = std::result::Result<Option<Val>, InvokeError>;

/// What the operations do: most tell what they were given.
pub fn act(name: &str, host: Arc<Fake>, arguments: Vec<Val>) -> BoxFuture<'static, Result> {
    let text = |text: &str| Ok(Some(Val::String(text.into())));
    let first = arguments.first().cloned();
    let result = match (name, first) {
        ("calls.no-op" | "entries.remove", _) => Ok(None),
        ("calls.greet", Some(Val::String(who))) => text(&format!("hello {who}")),
        ("calls.numbers", Some(big)) => Ok(Some(big)),
        ("calls.refuse", Some(Val::Enum(kind))) => Ok(Some(refusal(&kind))),
        ("calls.book", _) => {
            let id = Val::String("01890a5d-ac96-774b-bcce-b302099a8057".into());
            let booked = Val::Record(vec![("id".into(), id), ("number".into(), Val::U64(u64::MAX))]);
            Ok(Some(Val::Result(Ok(Some(Box::new(booked))))))
        }
        ("calls.refuse-otherwise", _) => {
            let trouble = Val::Variant("hot".into(), Some(Box::new(Val::U32(451))));
            Ok(Some(Val::Result(Err(Some(Box::new(trouble))))))
        }
        ("calls.fail", Some(Val::String(how))) => Err(failure(&how)),
        ("calls.wait", _) => return Box::pin(wait(host)),
        ("calls.hang", _) => return Box::pin(std::future::pending()),
        ("calls.long", Some(Val::U32(bytes))) => text(&"x".repeat(bytes as usize)),
        ("calls.broken", _) => Ok(Some(Val::Result(Ok(Some(Box::new(Val::Bool(true))))))),
        (name, _) => text(&format!("{name} {arguments:?}")),
    };
    Box::pin(std::future::ready(result))
}

/// Tells the host when it is dropped before it was done.
struct Held(Arc<Fake>, bool);

impl Drop for Held {
    fn drop(&mut self) {
        if !self.1 {
            self.0.dropped.notify_one();
        }
    }
}

async fn wait(host: Arc<Fake>) -> Result {
    let mut held = Held(Arc::clone(&host), false);
    host.waiting.notify_one();
    host.proceed.notified().await;
    held.1 = true;
    Ok(Some(Val::String("done".into())))
}

fn refusal(kind: &str) -> Val {
    let text = |text: &str| Val::String(text.into());
    let field = |path: &str| {
        Val::Record(vec![
            ("path".into(), text(path)),
            ("code".into(), text("unknown-account")),
            ("message".into(), text("there is no account `1234`")),
        ])
    };
    let problem = Val::Record(vec![
        ("kind".into(), Val::Enum(kind.into())),
        ("code".into(), text("period-closed")),
        ("message".into(), text("the period `2026-01` is closed; reopen it or post later")),
        ("fields".into(), Val::List(vec![field("/lines/0/account"), field("/lines/2/account")])),
    ]);
    Val::Result(Err(Some(Box::new(problem))))
}

/// What internal text must never reach a caller.
pub const SECRET: &str = "SECRET wasm backtrace /srv/db.sqlite";

fn failure(how: &str) -> InvokeError {
    let component = ComponentId::parse("sample").expect("an id");
    let operation: Arc<str> = "calls.fail".into();
    let limit = Limits::ALL.iter().find(|limit| limit.name() == how);
    if let Some(limit) = limit {
        return InvokeError::LimitExceeded { component, exceeded: Exceeded { limit: *limit, value: 4_711 } };
    }
    match how {
        "panic" => panic!("{SECRET}"),
        "trap" => InvokeError::Trapped { component, operation, detail: SECRET.into() },
        "denied" => InvokeError::Denied { component, operation, permission: Permission("other.ledger.post".into()) },
        "write-in-read" => InvokeError::WriteInRead { component, operation },
        "no-provider" => InvokeError::NoProvider { component, interface: "test:other/ledger@1.0.0".into() },
        "unknown-operation" => InvokeError::UnknownOperation { component, operation },
        "exhausted" => InvokeError::Exhausted,
        "deadline" => InvokeError::Deadline,
        "transact-deadline" => InvokeError::Transact(TransactError::Deadline),
        "transact-busy" => InvokeError::Transact(TransactError::Busy { retry_after_ms: 1_200 }),
        "transact-unavailable" => {
            InvokeError::Transact(TransactError::Unavailable { detail: SECRET.into(), retry_after_ms: 250 })
        }
        other => panic!("no such failure: {other}"),
    }
}
