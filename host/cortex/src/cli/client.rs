// SPDX-License-Identifier: MIT OR Apache-2.0
//! Calls of a running host over HTTP, with a tenant's development token.

use anyhow::{Context as _, Result, anyhow, bail};
use cortex::layout::Layout;
use cortex::running::{Running, token};
use kernel_types::TenantId;
use serde_json::Value;
use std::time::Duration;

/// Longer than any operation may take.
const TIMEOUT: Duration = Duration::from_secs(600);

/// How often a call that takes effect once is sent at the most.
const TRIES_MAX: u32 = 3;

/// And how long it is waited between: a host that is started again needs about as long.
const TRY_PAUSE: Duration = Duration::from_secs(2);

/// Bytes of an answer; a report of a large ledger has a few megabytes.
const ANSWER_BYTES_MAX: u64 = 256 << 20;

/// A running host, called for one tenant.
#[derive(Clone)]
pub(crate) struct Client {
    agent: ureq::Agent,
    url: String,
    token: String,
}

/// An answer that is not ok.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    pub(crate) problem: Value,
}

impl Client {
    /// The host that runs on this directory, for one of its tenants.
    pub(crate) fn of_running(layout: &Layout, tenant: &TenantId) -> Result<Self> {
        let root = layout.root().display();
        let running = Running::read(layout)?.ok_or_else(|| {
            anyhow!("no host runs on `{root}`; start one with `cargo cortex up --demo` in another terminal")
        })?;
        let token = token(layout, tenant)?.ok_or_else(|| {
            anyhow!("`{root}` holds no token of tenant `{tenant}`; `cargo cortex up --demo` makes tenant `demo`")
        })?;
        Ok(Self::new(&running.url, &token))
    }

    pub(crate) fn new(url: &str, token: &str) -> Self {
        let config = ureq::Agent::config_builder().timeout_global(Some(TIMEOUT)).http_status_as_error(false).build();
        Self { agent: config.new_agent(), url: url.to_owned(), token: token.to_owned() }
    }

    /// Calls an operation by its path; a refusal is a value.
    pub(crate) fn post(&self, path: &str, request_id: &str, body: &Value) -> Result<Result<Value, Refusal>> {
        self.send(path, request_id, None, body)
    }

    /// Likewise, so that it takes effect once: sent again under its key where the connection broke or the host was away.
    pub(crate) fn post_once(&self, path: &str, request_id: &str, body: &Value) -> Result<Result<Value, Refusal>> {
        let key = uuid::Uuid::new_v4().to_string();
        for _ in 1..TRIES_MAX {
            match self.send(path, request_id, Some(&key), body) {
                Ok(Err(refusal)) if refusal.status == 503 => {}
                Err(_) => {}
                answered => return answered,
            }
            std::thread::sleep(TRY_PAUSE);
        }
        self.send(path, request_id, Some(&key), body)
    }

    fn send(&self, path: &str, request_id: &str, key: Option<&str>, body: &Value) -> Result<Result<Value, Refusal>> {
        let request = self
            .agent
            .post(format!("{}{path}", self.url))
            .header("authorization", format!("Bearer {}", self.token))
            .header("content-type", "application/json")
            .header("x-request-id", request_id);
        let request = key.iter().fold(request, |request, key| request.header("idempotency-key", *key));
        let sent = request.send(body.to_string());
        let mut answer = sent.with_context(|| format!("the host at {} does not answer", self.url))?;
        let status = answer.status().as_u16();
        let text = answer.body_mut().with_config().limit(ANSWER_BYTES_MAX).read_to_string()?;
        let value = if text.is_empty() { Value::Null } else { serde_json::from_str(&text)? };
        Ok(if status < 300 { Ok(value) } else { Err(Refusal { status, problem: value }) })
    }

    /// How far a running request has come: done, total, unit.
    pub(crate) fn progress(&self, request_id: &str) -> Option<(u64, Option<u64>, String)> {
        let path = format!("{}/api/_requests/{request_id}/progress", self.url);
        let sent = self.agent.get(path).header("authorization", format!("Bearer {}", self.token)).call();
        let value: Value = serde_json::from_str(&sent.ok()?.body_mut().read_to_string().ok()?).ok()?;
        let unit = value.get("unit")?.as_str()?.to_owned();
        Some((value.get("done")?.as_u64()?, value.get("total").and_then(Value::as_u64), unit))
    }
}

impl Refusal {
    /// The refusal as an error for people: the detail, and each fault on a line of its own.
    pub(crate) fn into_error(self) -> anyhow::Error {
        let text = |value: &Value, key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        let mut message = text(&self.problem, "detail");
        if message.is_empty() {
            message = text(&self.problem, "title");
        }
        let faults = self.problem.get("errors").and_then(Value::as_array).cloned().unwrap_or_default();
        for fault in &faults {
            message.push_str(&format!("\n  {}", text(fault, "detail")));
        }
        anyhow!("{message} (HTTP {}, request {})", self.status, text(&self.problem, "request_id"))
    }

    /// The code for programs, `already-initialised`.
    pub(crate) fn code(&self) -> &str {
        self.problem.get("code").and_then(Value::as_str).unwrap_or_default()
    }
}

/// Calls an operation that must succeed, or be refused with the given code because it was done before.
pub(crate) fn once(client: &Client, path: &str, body: &Value, done_before: &str) -> Result<()> {
    match client.post(path, "cortex-up", body)? {
        Ok(_) => Ok(()),
        Err(refusal) if refusal.code() == done_before => Ok(()),
        Err(refusal) => bail!(refusal.into_error()),
    }
}
