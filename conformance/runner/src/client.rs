// SPDX-License-Identifier: MIT OR Apache-2.0
//! A small client: one call, one status and one JSON value.

use serde_json::Value;
use std::time::Duration;

/// Calls a host for one tenant.
#[derive(Clone)]
pub struct Client {
    agent: ureq::Agent,
    url: String,
    /// The bearer token.
    pub token: String,
}

/// What a call was answered with.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The body; null where it is empty.
    pub body: Value,
}

impl Answer {
    /// The value of an answer that must be ok.
    pub fn ok(self) -> Value {
        assert!((200..300).contains(&self.status), "{self:?}");
        self.body
    }

    /// The problem's code.
    #[must_use]
    pub fn code(&self) -> &str {
        self.body.get("code").and_then(Value::as_str).unwrap_or_default()
    }

    /// The problem's detail.
    #[must_use]
    pub fn detail(&self) -> &str {
        self.body.get("detail").and_then(Value::as_str).unwrap_or_default()
    }
}

impl Client {
    /// A client of a host.
    #[must_use]
    pub fn new(url: &str, token: &str) -> Self {
        let config = ureq::Agent::config_builder()
            .timeout_global(Some(Duration::from_secs(300)))
            .http_status_as_error(false)
            .build();
        Self { agent: config.new_agent(), url: url.to_owned(), token: token.to_owned() }
    }

    /// Where the host answers.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Posts JSON from an asynchronous test.
    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        let (client, path, body) = (self.clone(), path.to_owned(), body.to_string());
        tokio::task::spawn_blocking(move || client.post_now(&path, body.as_bytes()).expect("an answer"))
            .await
            .expect("the call was made")
    }

    /// Gets from an asynchronous test.
    pub async fn get(&self, path: &str) -> Answer {
        let (client, path) = (self.clone(), path.to_owned());
        tokio::task::spawn_blocking(move || client.get_now(&path).expect("an answer")).await.expect("the call was made")
    }

    /// Posts and waits.
    ///
    /// # Errors
    /// Where no answer comes.
    pub fn post_now(&self, path: &str, body: &[u8]) -> anyhow::Result<Answer> {
        let request = self
            .agent
            .post(format!("{}{path}", self.url))
            .header("authorization", format!("Bearer {}", self.token))
            .header("content-type", "application/json");
        read(request.send(body)?)
    }

    /// Posts JSON and waits.
    ///
    /// # Errors
    /// Where no answer comes.
    pub fn call(&self, path: &str, body: &Value) -> anyhow::Result<Answer> {
        self.post_now(path, body.to_string().as_bytes())
    }

    /// Posts JSON under an idempotency key, and waits.
    ///
    /// # Errors
    /// Where no answer comes.
    pub fn call_with_key(&self, path: &str, body: &Value, key: &str) -> anyhow::Result<Answer> {
        let request = self.agent.post(format!("{}{path}", self.url));
        let request = request.header("authorization", format!("Bearer {}", self.token));
        let request = request.header("content-type", "application/json").header("idempotency-key", key);
        read(request.send(body.to_string())?)
    }

    /// Posts JSON, waits, and returns the status and the body as it stands: numbers as they were written.
    ///
    /// # Errors
    /// Where no answer comes.
    pub fn text(&self, path: &str, body: &str) -> anyhow::Result<(u16, String)> {
        let request = self.agent.post(format!("{}{path}", self.url));
        let request = request.header("authorization", format!("Bearer {}", self.token));
        let mut response = request.header("content-type", "application/json").send(body)?;
        Ok((response.status().as_u16(), response.body_mut().with_config().limit(256 << 20).read_to_string()?))
    }

    /// Posts JSON under an idempotency key, and waits. Returns the status, whether it is an answer of before, and the
    /// body as it stands.
    ///
    /// # Errors
    /// Where no answer comes.
    pub fn keyed(&self, path: &str, body: &str, key: &str) -> anyhow::Result<(u16, bool, String)> {
        let request = self.agent.post(format!("{}{path}", self.url)).header("idempotency-key", key);
        let request = request.header("authorization", format!("Bearer {}", self.token));
        let mut response = request.header("content-type", "application/json").send(body)?;
        let replayed = response.headers().get("idempotency-replayed").is_some_and(|value| value == "true");
        let text = response.body_mut().with_config().limit(256 << 20).read_to_string()?;
        Ok((response.status().as_u16(), replayed, text))
    }

    /// Gets and waits.
    ///
    /// # Errors
    /// Where no answer comes.
    pub fn get_now(&self, path: &str) -> anyhow::Result<Answer> {
        let request = self.agent.get(format!("{}{path}", self.url));
        read(request.header("authorization", format!("Bearer {}", self.token)).call()?)
    }
}

fn read(mut response: ureq::http::Response<ureq::Body>) -> anyhow::Result<Answer> {
    let text = response.body_mut().with_config().limit(256 << 20).read_to_string()?;
    let body = if text.is_empty() { Value::Null } else { serde_json::from_str(&text).unwrap_or(Value::String(text)) };
    Ok(Answer { status: response.status().as_u16(), body })
}
