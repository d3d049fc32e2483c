// SPDX-License-Identifier: MIT OR Apache-2.0
//! What is known of one request while it is served, and the one line that the access log gets of it.
//!
//! The line goes to the target `cortex::access`, at level info, at error where the host or a component failed. It holds no
//! part of a query, header or body: those may be secret. What failed inside goes to `cortex::fault` under the same request
//! id.

use crate::request_id;
use hyper::http::request::Parts;
use hyper::{Method, StatusCode};
use kernel_types::{Caller, RequestId};
use std::sync::Arc;
use std::time::{Instant, SystemTime};

/// One request and what became of it.
pub(crate) struct Exchange {
    pub(crate) id: RequestId,
    /// When it came, for what counts time.
    pub(crate) started: Instant,
    /// When it came, on the clock.
    pub(crate) now: SystemTime,
    pub(crate) method: Method,
    /// Who asks, once that is known.
    pub(crate) caller: Option<Arc<Caller>>,
    /// The pattern of the route, once that is known; never the path, which may hold what is secret.
    pub(crate) route: Option<Arc<str>>,
    /// Bytes of the body.
    pub(crate) body_bytes: usize,
    /// Whether all of the body was read.
    pub(crate) body_read: bool,
    done: bool,
}

impl Exchange {
    /// A request whose head was read.
    pub(crate) fn begin(head: &Parts) -> Self {
        let now = SystemTime::now();
        Self {
            id: request_id::of(&head.headers, now),
            started: Instant::now(),
            now,
            method: head.method.clone(),
            caller: None,
            route: None,
            body_bytes: 0,
            body_read: false,
            done: false,
        }
    }

    /// Writes the line.
    pub(crate) fn finish(&mut self, status: StatusCode, answer_bytes: u64, problem: Option<&str>) {
        self.done = true;
        let route = self.route.as_deref().unwrap_or("-");
        let tenant = self.caller.as_ref().map_or("-", |caller| caller.tenant.as_str());
        let subject = self.caller.as_ref().map_or("-", |caller| caller.subject.0.as_ref());
        let (method, status, body_bytes) = (self.method.as_str(), status.as_u16(), self.body_bytes);
        macro_rules! line {
            ($level:ident, $text:literal) => {
                tracing::$level!(
                    target: "cortex::access",
                    request_id = self.id.as_str(),
                    tenant,
                    subject,
                    method,
                    route,
                    status,
                    problem,
                    body_bytes,
                    answer_bytes,
                    duration_us = self.elapsed_us(),
                    $text
                )
            };
        }
        if status == StatusCode::INTERNAL_SERVER_ERROR.as_u16() {
            line!(error, "answered");
        } else {
            line!(info, "answered");
        }
    }

    fn elapsed_us(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_micros()).unwrap_or(u64::MAX)
    }
}

impl Drop for Exchange {
    /// A request that is dropped was not answered: its client went away, or the host stopped and cut it.
    fn drop(&mut self) {
        if !self.done {
            let tenant = self.caller.as_ref().map_or("-", |caller| caller.tenant.as_str());
            let (route, method) = (self.route.as_deref().unwrap_or("-"), self.method.as_str());
            let (request_id, duration_us) = (self.id.as_str(), self.elapsed_us());
            tracing::info!(target: "cortex::access", request_id, tenant, method, route, duration_us, "abandoned");
        }
    }
}
