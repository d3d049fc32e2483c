// SPDX-License-Identifier: MIT OR Apache-2.0
//! One call of an operation over HTTP: permission, time, body, typed arguments, the call itself, its answer.
//!
//! Everything that can refuse a request without reading its body comes before the body. The call runs inside the request's
//! own future and is never detached: a client that goes away drops it, and the engine rolls back.

use crate::body::{self, Body, Bounds};
use crate::exchange::Exchange;
use crate::gateway::{Gateway, Visitor};
use crate::problem::{Fault, Kind, Problem, Refusal};
use crate::respond::{self, Answer};
use crate::surface::{EnabledComponent, EnabledOperation, Served};
use crate::table::Endpoint;
use crate::{failure, headers, idempotency, request_id, uri};
use hyper::StatusCode;
use hyper::body::{Body as _, Incoming};
use hyper::header::HeaderValue;
use hyper::http::request::Parts;
use kernel_contract::{Arguments, Binding, Faults, Outcome, Source};
use kernel_engine::{Exceeded, InvokeError, Once, Request, TransactError, Writing};
use kernel_types::{Effect, Limit};
use std::borrow::Cow;
use std::sync::Arc;
use std::time::{Duration, Instant};
use wasmtime::component::Val;

/// How long after its deadline a call is waited for that should have ended by itself: a commit that had begun gets this
/// time to end, so that its caller hears of it. Then the call is dropped.
const DEADLINE_GRACE: Duration = Duration::from_secs(1);

/// How many times longer an answer may be as JSON than the values that `result-bytes-max` counted: escapes and names of
/// fields make it longer, and an operation that took effect should not fail for them.
const JSON_PER_RESULT_BYTE: u64 = 8;

/// What most answers fit in, so that their text is not moved while it grows.
const ANSWER_BYTES_USUAL: usize = 512;

/// One call.
pub(crate) struct Call<'a> {
    pub(crate) gateway: &'a Gateway,
    pub(crate) visitor: &'a Visitor,
    pub(crate) endpoint: &'a Endpoint,
    /// The text of each placeholder.
    pub(crate) values: &'a [Cow<'a, str>],
    pub(crate) head: &'a Parts,
}

impl Call<'_> {
    pub(crate) async fn run(self, body: Incoming, exchange: &mut Exchange) -> Result<Answer, Refusal> {
        let Some((component, served)) = self.visitor.view.surface.served(self.endpoint.place) else {
            return Err(Problem::new(Kind::Internal, "the route leads to no operation"));
        };
        self.permit(served)?;
        let patience = headers::timeout(&self.head.headers)?;
        let key = match served.operation.effect {
            Effect::Write => idempotency::key(&self.head.headers)?,
            // What only reads can be asked for again.
            Effect::Read => None,
        };
        let body = self.read(body, served, exchange).await?;
        let arguments = self.arguments(served, &body)?;
        let once = key.map(|key| idempotency::once(&key, &arguments));
        let (deadline, whose) = self.deadline(served, patience, exchange)?;
        let caller = Arc::clone(&self.visitor.caller);
        let request = Request { id: exchange.id.clone(), caller, now: exchange.now, deadline };
        let call = served.operation.target.invoke(request, arguments, writing(&served.operation, once));
        let latest = tokio::time::Instant::from_std(deadline.checked_add(DEADLINE_GRACE).unwrap_or(deadline));
        match tokio::time::timeout_at(latest, call).await {
            Ok(Ok(answer)) => self.answer(component, served, answer, exchange),
            Ok(Err(InvokeError::Unwritable(error))) => {
                Err(failure::unshowable(error.as_ref(), component, &served.operation, exchange))
            }
            Ok(Err(error)) => {
                let error = whose.name(error, component, served);
                Err(failure::of(error, exchange, self.gateway.settings()))
            }
            Err(_) => Err(failure::abandoned(exchange)),
        }
    }

    /// The caller's right. What the tenant has enabled is no secret to its callers, so that this is 403 and not 404.
    fn permit(&self, served: &Served) -> Result<(), Refusal> {
        let permission = &served.operation.permission;
        if self.visitor.caller.permissions.allows(permission) {
            return Ok(());
        }
        let detail =
            format_args!("this needs the permission `{}`; ask the tenant's administrator for it", permission.0);
        Err(Problem::new(Kind::PermissionDenied, detail))
    }

    fn binding<'s>(&self, served: &'s Served) -> &'s Binding {
        let rest = served.rest.as_ref().filter(|_| !self.endpoint.canonical);
        rest.unwrap_or(&served.canonical)
    }

    async fn read(&self, body: Incoming, served: &Served, exchange: &mut Exchange) -> Result<Body, Refusal> {
        if !body.is_end_stream() {
            if !self.endpoint.canonical && !self.binding(served).has_body() {
                let detail = "this route takes no body; its parameters are in the path and the query";
                return Err(Problem::new(Kind::MalformedBody, detail));
            }
            headers::json_body(&self.head.headers)?;
        }
        let bounds = Bounds {
            bytes_max: served.operation.limits.argument_bytes_max,
            limit: "the operation's `argument-bytes-max`",
            settings: self.gateway.settings(),
            memory: &self.gateway.memory,
        };
        let body = body::read(body, &bounds).await?;
        exchange.body_read = true;
        exchange.body_bytes = body.bytes.len();
        Ok(body)
    }

    fn arguments(&self, served: &Served, body: &Body) -> Result<Vec<Val>, Refusal> {
        let mut arguments = Arguments::new(&served.operation.contract, self.binding(served));
        for (name, value) in self.endpoint.placeholders.iter().zip(self.values) {
            arguments.text(Source::Path, name, value);
        }
        if let Some(query) = self.head.uri.query() {
            let pairs = uri::query(query).map_err(|fault| Problem::new(Kind::MalformedQuery, fault))?;
            pairs.iter().for_each(|(name, value)| arguments.text(Source::Query, name, value));
        }
        arguments.body(&body.bytes);
        arguments.finish().map_err(|faults| invalid(&faults))
    }

    /// When the call must have ended: the operation's own time from now on, and not later than the caller waits.
    fn deadline(
        &self,
        served: &Served,
        patience: Option<Duration>,
        exchange: &Exchange,
    ) -> Result<(Instant, Whose), Refusal> {
        let now = Instant::now();
        let own = now.checked_add(Duration::from_millis(served.operation.limits.wall_ms_max)).unwrap_or(now);
        let callers = patience.and_then(|patience| exchange.started.checked_add(patience));
        match callers.filter(|callers| *callers < own) {
            Some(callers) if callers <= now => Err(failure::deadline(exchange)),
            Some(callers) => Ok((callers, Whose::Callers)),
            None => Ok((own, Whose::Operations)),
        }
    }

    fn answer(
        &self,
        component: &EnabledComponent,
        served: &Served,
        answer: kernel_engine::Answer,
        exchange: &Exchange,
    ) -> Result<Answer, Refusal> {
        let operation = &served.operation;
        let json = match answer.written {
            Some(json) => json,
            None => {
                let mut json = Vec::with_capacity(ANSWER_BYTES_USUAL);
                match operation.contract.lower(answer.result.as_ref(), &mut json, answer_bytes_max(operation)) {
                    Ok(Outcome::Ok) => json,
                    Ok(Outcome::Refused(problem)) => return Err(failure::refused(component, problem)),
                    Ok(Outcome::Error) => return Err(failure::error_result(component, &json)),
                    Err(error) => return Err(failure::unshowable(&error, component, operation, exchange)),
                }
            }
        };
        let id = request_id::header_value(&exchange.id);
        let mut given = match operation.contract.output.ok() {
            None => respond::answer(StatusCode::NO_CONTENT, None, id),
            Some(_) => respond::answer(StatusCode::OK, Some((respond::JSON, json.into())), id),
        };
        if answer.replayed {
            given.headers_mut().insert(idempotency::REPLAYED, HeaderValue::from_static("true"));
        }
        Ok(given)
    }
}

/// How long the answer of an operation may be as JSON.
fn answer_bytes_max(operation: &EnabledOperation) -> usize {
    let bytes = operation.limits.get(Limit::ResultBytes).saturating_mul(JSON_PER_RESULT_BYTE);
    usize::try_from(bytes).unwrap_or(usize::MAX)
}

/// How the result of an operation that writes is written down inside its unit of work: what breaks the contract or is too long
/// does not take effect.
fn writing(operation: &EnabledOperation, once: Option<Once>) -> Option<Writing> {
    if operation.effect == Effect::Read {
        return None;
    }
    let (contract, bytes_max) = (Arc::clone(&operation.contract), answer_bytes_max(operation));
    let bytes_max = if once.is_some() { bytes_max.min(idempotency::ANSWER_BYTES_MAX) } else { bytes_max };
    let write = move |result: Option<&Val>| {
        let mut json = Vec::with_capacity(ANSWER_BYTES_USUAL);
        contract.lower(result, &mut json, bytes_max)?;
        Ok(json)
    };
    Some(Writing { write: Arc::new(write), once })
}

/// Whose deadline it is that a call must keep.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Whose {
    /// The caller does not wait longer.
    Callers,
    /// The operation may not take longer: `wall-ms-max`.
    Operations,
}

impl Whose {
    /// An error that says which of the two was missed: time in a queue counts against `wall-ms-max` as well, and the engine
    /// does not see it.
    fn name(self, error: InvokeError, component: &EnabledComponent, served: &Served) -> InvokeError {
        let missed = matches!(error, InvokeError::Deadline | InvokeError::Transact(TransactError::Deadline));
        if !missed || self == Self::Callers {
            return error;
        }
        let value = served.operation.limits.wall_ms_max;
        InvokeError::LimitExceeded {
            component: component.id.clone(),
            exceeded: Exceeded { limit: Limit::WallMs, value },
        }
    }
}

/// All faults of the input together.
fn invalid(faults: &Faults) -> Refusal {
    let (listed, omitted) = (faults.as_slice(), faults.omitted());
    let detail = match (listed, omitted) {
        ([only], 0) => only.message.clone(),
        (_, 0) => format!("the input has {} faults; `errors` names each", listed.len()),
        (_, more) => {
            format!("the input has more faults than are listed: {} in `errors`, and {more} others", listed.len())
        }
    };
    let faults = listed.iter().map(|fault| Fault {
        pointer: fault.pointer.clone(),
        code: fault.code.as_str().into(),
        detail: fault.message.clone(),
        source: Some(fault.source.name()),
        expected: Some(fault.expected.clone()),
    });
    Problem::new(Kind::InvalidInput, detail).with_faults(faults.collect())
}
