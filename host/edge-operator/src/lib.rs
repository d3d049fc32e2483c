// SPDX-License-Identifier: MIT OR Apache-2.0
//! The operator's interface: what may be done to a host itself, by whoever may use its directory.
//!
//! One trait, [`Operator`], and two ways to it. A running host serves it over HTTP/1.1 on a Unix socket in its directory
//! ([`serve`]), to processes of its own user only; [`Client`] is the same trait over that socket. A command of the command line
//! takes the client where a host runs, else opens the host's directory and calls the implementation itself.
//!
//! An action has a name (`tenant.export`), an input in JSON, and an answer: JSON, or a flow of bytes. It may take a flow of
//! bytes as well. `POST /v1/<action>` with a body of `application/json` is the input; with `application/octet-stream` the body
//! is the flow, and the input stands in the header `cortex-input`. Adding an action changes nothing here.
//!
//! Not here: what the actions do.

mod client;
mod flow;
mod server;

pub use client::Client;
pub use flow::{Flow, FlowReader, FlowWriter, flow};
pub use server::serve;

use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Bytes of an input, and of an answer in JSON.
pub const JSON_BYTES_MAX: usize = 16 << 20;

/// What is asked for.
pub struct Request {
    /// The action's name.
    pub action: String,
    /// Its input.
    pub input: Value,
    /// The bytes that come with it.
    pub upload: Option<Flow>,
}

impl Request {
    /// A request without bytes.
    #[must_use]
    pub fn new(action: &str, input: Value) -> Self {
        Self { action: action.to_owned(), input, upload: None }
    }
}

/// What is answered.
pub enum Answer {
    /// A document.
    Json(Value),
    /// Bytes, as they are made. They may end with an error.
    Flow(Flow),
}

/// Why an action was refused or failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct Refusal {
    /// A word for programs, `unknown-tenant`.
    pub code: String,
    /// What is wrong and what to do, for people.
    pub message: String,
}

impl Refusal {
    /// A refusal.
    #[must_use]
    pub fn new(code: &str, message: impl Into<String>) -> Self {
        Self { code: code.to_owned(), message: message.into() }
    }
}

/// What can be done to a host.
pub trait Operator: Send + Sync + 'static {
    /// Does it.
    fn call(&self, request: Request) -> BoxFuture<'_, Result<Answer, Refusal>>;
}
