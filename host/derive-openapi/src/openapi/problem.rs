// SPDX-License-Identifier: MIT OR Apache-2.0
//! Refusals in the document: `application/problem+json` (RFC 9457) with the members that the gateway adds.

use serde_json::{Map, Value, json};

/// The statuses of refusals and what the response of each is called.
pub(super) const STATUSES: &[(&str, &str)] = &[
    ("400", "InvalidInput"),
    ("401", "Unauthenticated"),
    ("403", "Denied"),
    ("404", "NotFound"),
    ("409", "Conflict"),
    ("413", "TooLarge"),
    ("422", "Refused"),
    ("429", "LimitExceeded"),
    ("500", "Failed"),
    ("503", "Unavailable"),
    ("504", "DeadlineExceeded"),
];

/// The parameter of every operation that writes.
pub(super) fn idempotency_key_reference() -> Value {
    json!({ "$ref": "#/components/parameters/IdempotencyKey" })
}

pub(super) fn parameters() -> Value {
    let about = "Makes it safe to send the request again: under the same key it takes effect once, and what it was answered is \
                 answered again, with the header `Idempotency-Replayed: true`. The same key for anything else is refused with 409. \
                 Answers are kept for a day.";
    json!({ "IdempotencyKey": {
        "name": "Idempotency-Key",
        "in": "header",
        "required": false,
        "description": about,
        "schema": { "type": "string", "minLength": 1, "maxLength": 257 },
        "example": "8e03978e-40d5-43dd-bc93-6894a57f9324",
    } })
}

const PROBLEM: &str = "#/components/schemas/Refusal";

pub(super) fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/components/responses/{name}") })
}

/// The response of an operation whose error is a type of its own.
pub(super) fn with_value(value: Map<String, Value>) -> Value {
    let schema = json!({
        "allOf": [{ "$ref": PROBLEM }],
        "type": "object",
        "properties": { "value": value },
        "required": ["value"],
    });
    json!({
        "description": "The component refused the operation; `value` is its error.",
        "content": { "application/problem+json": { "schema": schema } },
    })
}

pub(super) fn responses() -> Value {
    let texts = [
        ("InvalidInput", "The request does not fit the operation; `errors` has every fault with its place."),
        ("Unauthenticated", "A valid token is needed."),
        ("Denied", "A permission is missing, or the component refuses the caller."),
        ("NotFound", "What the input names does not exist."),
        ("Conflict", "The state of what exists forbids it, or the idempotency key was used for another request."),
        ("TooLarge", "The body is too large."),
        ("Refused", "The input breaks a rule of the component."),
        ("LimitExceeded", "A limit is used up."),
        ("Failed", "A defect of the host or of a component; the log has more under the request id."),
        ("Unavailable", "It cannot be served now; the same request may succeed later."),
        ("DeadlineExceeded", "The request took too long; nothing was changed."),
    ];
    let response = |text: &str| json!({ "description": text, "content": { "application/problem+json": { "schema": { "$ref": PROBLEM } } } });
    Value::Object(texts.into_iter().map(|(name, text)| (name.to_owned(), response(text))).collect())
}

pub(super) fn schemas() -> Map<String, Value> {
    let fault = json!({
        "title": "Fault",
        "description": "One fault of the input.",
        "type": "object",
        "properties": {
            "pointer": {
                "type": "string",
                "description": "Where: a JSON Pointer (RFC 6901) into the operation's input; empty for the input as a whole."
            },
            "code": { "type": "string", "description": "What, for programs." },
            "detail": { "type": "string", "description": "What, for people: the fault and the remedy." },
            "source": { "type": "string", "enum": ["body", "path", "query"], "description": "Which part of the request holds it." },
            "expected": { "type": "string", "description": "What would have been right." }
        },
        "required": ["pointer", "code", "detail"]
    });
    let refusal = json!({
        "title": "Refusal",
        "description": "Why a request was refused (RFC 9457).",
        "type": "object",
        "properties": {
            "type": { "type": "string", "format": "uri-reference", "description": "The kind of refusal; a name, not a place." },
            "title": { "type": "string", "description": "The kind of refusal, for people." },
            "status": { "type": "integer", "minimum": 400, "maximum": 599, "description": "The HTTP status." },
            "detail": { "type": "string", "description": "This refusal, and what to do." },
            "instance": { "type": "string", "format": "uri-reference", "description": "This refusal, where it has a name." },
            "code": { "type": "string", "description": "The kind of refusal, for programs; stable between versions." },
            "request_id": { "type": "string", "description": "The request, as the log has it." },
            "errors": { "type": "array", "items": { "$ref": "#/components/schemas/Fault" }, "description": "The faults, by place." }
        },
        "required": ["type", "title", "status", "detail", "code", "request_id"]
    });
    Map::from_iter([("Fault".to_owned(), fault), ("Refusal".to_owned(), refusal)])
}
