// SPDX-License-Identifier: MIT OR Apache-2.0
//! What callers hear of a call that gave no result: refusals by components, limits, defects, and a host that cannot
//! now.
//!
//! What the operator needs to know goes to the log under the request id (target `cortex::fault`); callers hear only
//! what they can act on.

use crate::exchange::Exchange;
use crate::problem::{FAULTS_MAX, Fault, Kind, Problem, Refusal};
use crate::settings::Settings;
use crate::surface::{EnabledComponent, EnabledOperation};
use hyper::StatusCode;
use kernel_contract::{ProblemKind, lower};
use kernel_engine::{Exceeded, InvokeError, TransactError};
use kernel_types::Limit;

/// Milliseconds as the header `Retry-After` counts: whole seconds, not too early.
fn seconds(ms: u64) -> u64 {
    ms.div_ceil(1_000).max(1)
}

/// Why a call failed, for its caller; the rest of it into the log.
pub(crate) fn of(error: InvokeError, exchange: &Exchange, settings: &Settings) -> Refusal {
    let request_id = exchange.id.as_str();
    match error {
        InvokeError::LimitExceeded { component, exceeded } => {
            tracing::warn!(target: "cortex::fault", request_id, component = component.as_str(), %exceeded, "a limit is used up");
            limit(component.as_str(), exceeded)
        }
        InvokeError::Trapped { component, operation, detail } => {
            let component = component.as_str();
            tracing::error!(target: "cortex::fault", request_id, component, operation = &*operation, detail, "a component failed");
            let text = format_args!(
                "`{component}` failed in `{operation}`; nothing was changed, and the operator finds the reason under the request id"
            );
            Problem::new(Kind::ComponentFailed, text)
        }
        InvokeError::Denied { permission, operation, component } => {
            let text = format_args!(
                "this needs the permission `{}` for `{operation}` of `{component}`; ask the tenant's administrator for it",
                permission.0
            );
            Problem::new(Kind::PermissionDenied, text)
        }
        error @ InvokeError::WriteInRead { .. } => {
            tracing::error!(target: "cortex::fault", request_id, %error, "a component failed");
            Problem::new(Kind::ComponentFailed, error)
        }
        error @ InvokeError::Withdrawn { .. } => {
            tracing::warn!(target: "cortex::fault", request_id, %error, "a component is revoked");
            Problem::new(Kind::ComponentRevoked, error)
        }
        error @ InvokeError::NoProvider { .. } => {
            tracing::warn!(target: "cortex::fault", request_id, %error, "a component lacks a provider");
            Problem::new(Kind::Unavailable, error)
        }
        InvokeError::Panicked { component, operation, detail } => {
            let component = component.as_str();
            tracing::error!(target: "cortex::fault", request_id, component, operation = &*operation, detail, "the host panicked");
            Problem::new(Kind::Internal, "the host failed; its operator finds the reason under the request id")
        }
        error @ InvokeError::UnknownOperation { .. } => {
            tracing::error!(target: "cortex::fault", request_id, %error, "the registry and the engine differ");
            Problem::new(Kind::Internal, "the host failed; its operator finds the reason under the request id")
        }
        InvokeError::KeyReused => {
            let text = "the idempotency key was given to another operation or to other arguments before, and nothing was changed; \
                        send what you sent then, or give this request a key of its own";
            Problem::new(Kind::IdempotencyKeyReused, text)
        }
        error @ InvokeError::Unwritable(_) => {
            tracing::error!(target: "cortex::fault", request_id, %error, "no answer");
            Problem::new(Kind::ComponentFailed, "the answer cannot be shown, and nothing was changed")
        }
        error @ InvokeError::Exhausted => Problem::new(Kind::Busy, error).retry_after(settings.retry_after_seconds),
        InvokeError::Deadline | InvokeError::Transact(TransactError::Deadline) => deadline(exchange),
        InvokeError::Transact(TransactError::Busy { retry_after_ms }) => {
            let text = "too many requests of this tenant wait for its database; send it again";
            Problem::new(Kind::Busy, text).retry_after(seconds(retry_after_ms))
        }
        InvokeError::Transact(TransactError::Conflict { detail }) => {
            tracing::warn!(target: "cortex::fault", request_id, detail, "a unit of work gave way to others each time");
            let text = "too many requests change the same at the same time; nothing was changed; send it again";
            Problem::new(Kind::Busy, text).retry_after(settings.retry_after_seconds)
        }
        InvokeError::Transact(TransactError::Unknown(detail)) => {
            tracing::error!(target: "cortex::fault", request_id, detail, "whether a request took effect is not known");
            let text = "the database was lost while it committed: all of the request took effect, or nothing; send it again with \
                        the same `Idempotency-Key`; where it had none, look first";
            Problem::new(Kind::OutcomeUnknown, text)
        }
        InvokeError::Transact(TransactError::Unavailable { detail, retry_after_ms }) => {
            tracing::error!(target: "cortex::fault", request_id, detail, "the database is unavailable");
            let text = "the tenant's database cannot answer now; nothing was changed";
            Problem::new(Kind::Unavailable, text).retry_after(seconds(retry_after_ms))
        }
    }
}

/// The request's time is over.
pub(crate) fn deadline(exchange: &Exchange) -> Refusal {
    let waited = exchange.started.elapsed().as_millis();
    let detail = format_args!(
        "the request was not done after {waited} ms, and nothing was changed; allow more time or ask for less at once"
    );
    Problem::new(Kind::DeadlineExceeded, detail)
}

/// A call that did not even end at its deadline. It is rolled back, unless it was just being committed.
pub(crate) fn abandoned(exchange: &Exchange) -> Refusal {
    tracing::warn!(target: "cortex::fault", request_id = exchange.id.as_str(), "a call did not end at its deadline");
    let waited = exchange.started.elapsed().as_millis();
    let detail = format_args!(
        "the request was abandoned after {waited} ms; whether it took effect is not known: send it again with the \
         same `Idempotency-Key`; where it had none, look first"
    );
    Problem::new(Kind::DeadlineExceeded, detail)
}

fn limit(component: &str, exceeded: Exceeded) -> Refusal {
    let kind = match exceeded.limit {
        Limit::ArgumentBytes => Kind::BodyTooLarge,
        Limit::WallMs => Kind::DeadlineExceeded,
        _ => Kind::LimitExceeded,
    };
    let detail = format_args!("`{component}` was stopped, and nothing was changed: {exceeded}; ask for less at once");
    Problem::new(kind, detail)
}

/// A refusal in the common form of `cortex:types`.
pub(crate) fn refused(component: &EnabledComponent, problem: kernel_contract::Problem) -> Refusal {
    let (status, title) = match problem.kind {
        ProblemKind::Invalid => (StatusCode::UNPROCESSABLE_ENTITY, "the input breaks a rule"),
        ProblemKind::NotFound => (StatusCode::NOT_FOUND, "what the input names does not exist"),
        ProblemKind::Conflict => (StatusCode::CONFLICT, "the state of things forbids it"),
        ProblemKind::Denied => (StatusCode::FORBIDDEN, "the caller may not do this"),
        ProblemKind::LimitExceeded => (StatusCode::TOO_MANY_REQUESTS, "a limit is exceeded"),
        ProblemKind::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, "something needed cannot answer now"),
        ProblemKind::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "the component has a defect"),
    };
    let fault = |field: kernel_contract::FieldProblem| Fault {
        pointer: field.path,
        code: field.code.into(),
        detail: field.message,
        source: None,
        expected: None,
    };
    let retry_after_seconds = (problem.kind == ProblemKind::Unavailable).then_some(1);
    Box::new(Problem {
        status,
        code: code(component, &problem.code).into(),
        title: title.into(),
        detail: problem.message,
        faults: problem.fields.into_iter().take(FAULTS_MAX).map(fault).collect(),
        value: None,
        retry_after_seconds,
        allow: None,
    })
}

/// An error result of any other form: the component's own value beside it.
pub(crate) fn error_result(component: &EnabledComponent, json: &[u8]) -> Refusal {
    Box::new(Problem {
        status: StatusCode::UNPROCESSABLE_ENTITY,
        code: code(component, "error").into(),
        title: "the operation was refused".into(),
        detail: "the component refused the operation; `value` is its error".to_owned(),
        faults: Vec::new(),
        value: serde_json::from_slice(json).ok(),
        retry_after_seconds: None,
        allow: None,
    })
}

/// An answer that breaks the contract or is too long. It was found out before the unit of work was committed.
pub(crate) fn unshowable(
    error: &(dyn std::error::Error + Send + Sync + 'static),
    component: &EnabledComponent,
    operation: &EnabledOperation,
    exchange: &Exchange,
) -> Refusal {
    let effect = "the answer cannot be shown, and nothing was changed";
    let (request_id, name) = (exchange.id.as_str(), operation.contract.name.as_str());
    tracing::error!(target: "cortex::fault", request_id, component = component.id.as_str(), operation = name, %error, "no answer");
    match error.downcast_ref() {
        Some(lower::Error::TooLarge { .. }) => Problem::new(Kind::LimitExceeded, format_args!("{effect}: {error}")),
        Some(lower::Error::Defect { .. }) | None => {
            Problem::new(Kind::ComponentFailed, format_args!("{effect}: the component broke its contract"))
        }
    }
}

/// The code with its component, so that two components' codes do not meet. A component that writes anything but kebab
/// words has the rest of it left out: it would end up in a URN.
fn code(component: &EnabledComponent, code: &str) -> String {
    /// More than any code of ours.
    const CHARACTERS_MAX: usize = 80;
    let kebab = |c: &char| c.is_ascii_lowercase() || c.is_ascii_digit() || *c == '-';
    let code: String = code.chars().filter(kebab).take(CHARACTERS_MAX).collect();
    format!("{}:{}", component.id, if code.is_empty() { "error" } else { code.as_str() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_retry_is_never_too_early() {
        for (ms, expected) in [(0, 1), (1, 1), (1_000, 1), (1_001, 2), (59_999, 60)] {
            assert_eq!(seconds(ms), expected, "{ms}");
        }
    }
}
