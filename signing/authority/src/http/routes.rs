// SPDX-License-Identifier: MIT OR Apache-2.0
//! The routes, all in one list.

use super::answer::Refusal;
use crate::certificate;
use crate::folder::Authority;
use crate::limits::{Limits, Rate};
use crate::log::{AppendError, Included, entry, tile::Tile};
use crate::oidc;
use crate::request;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http_body_util::LengthLimitError;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

/// What all requests share.
pub(super) struct Service {
    authority: Authority,
    certificates: Rate,
    timestamps: Rate,
    entries: Rate,
    reads: Rate,
}

type Shared = State<Arc<Service>>;
type Answer = Result<Response, Refusal>;

/// The service of an authority.
pub fn router(authority: Authority) -> Router {
    let Limits { certificates_per_second_max, timestamps_per_second_max, entries_per_second_max, .. } =
        authority.limits;
    let service = Arc::new(Service {
        certificates: Rate::new(certificates_per_second_max),
        timestamps: Rate::new(timestamps_per_second_max),
        entries: Rate::new(entries_per_second_max),
        reads: Rate::new(authority.limits.reads_per_second_max),
        authority,
    });
    Router::new()
        .route("/api/v2/signingCert", post(signing_certificate))
        .route("/api/v2/trustBundle", get(trust_bundle))
        .route("/api/v2/configuration", get(configuration))
        .route("/api/v1/timestamp", post(timestamp))
        .route("/api/v1/timestamp/certchain", get(timestamp_chain))
        .route("/api/v2/log/entries", post(append))
        .route("/api/v2/checkpoint", get(checkpoint))
        .route("/api/v2/tile/{*path}", get(log_tile))
        .route("/trusted_root.json", get(trusted_root))
        .route("/client_trust_config.json", get(client_trust_config))
        .route("/healthz", get(|| async { "ok\n" }))
        .fallback(|| async { Refusal::not_found("there is no such path") })
        .layer(from_fn_with_state(Arc::clone(&service), in_time))
        .with_state(service)
}

/// Ends a request that takes too long. An entry that is being written is written all the same.
async fn in_time(State(service): Shared, request: Request, next: Next) -> Response {
    let time = Duration::from_millis(service.authority.limits.request_ms_max);
    let answer = tokio::time::timeout(time, next.run(request)).await;
    answer.unwrap_or_else(|_| Refusal::late().into_response())
}

impl Service {
    async fn body(&self, body: Body) -> Result<Bytes, Refusal> {
        let bytes_max = self.authority.limits.body_bytes_max;
        to_bytes(body, bytes_max).await.map_err(|error| {
            let is_long = std::error::Error::source(&error).is_some_and(|source| source.is::<LengthLimitError>());
            if is_long { Refusal::too_large(bytes_max) } else { Refusal::invalid("the body ended early") }
        })
    }

    fn read(&self) -> Result<(), Refusal> {
        allow(&self.reads, "reads")
    }
}

fn allow(rate: &Rate, what: &str) -> Result<(), Refusal> {
    if rate.take() { Ok(()) } else { Err(Refusal::exhausted(format!("too many {what} a second; try again later"))) }
}

fn wants(headers: &HeaderMap, media_type: &str) -> Result<(), Refusal> {
    let found = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let found = found.split(';').next().unwrap_or_default().trim();
    if found.eq_ignore_ascii_case(media_type) {
        Ok(())
    } else {
        Err(Refusal::invalid(format!("the content type must be `{media_type}`")))
    }
}

fn json_answer(status: StatusCode, value: &Value) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json")], value.to_string()).into_response()
}

fn pem_blocks(chain: &[x509_cert::Certificate]) -> Result<Vec<String>, Refusal> {
    let blocks = chain.iter().map(|one| certificate::to_pem(std::slice::from_ref(one)));
    blocks.collect::<Result<_, _>>().map_err(|error| Refusal::internal(&error))
}

async fn signing_certificate(State(service): Shared, headers: HeaderMap, body: Body) -> Answer {
    allow(&service.certificates, "certificates")?;
    wants(&headers, "application/json")?;
    let body = service.body(body).await?;
    let request: request::Signing = serde_json::from_slice(&body).map_err(Refusal::invalid)?;
    let bearer = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let bearer = bearer.and_then(|value| value.strip_prefix("Bearer "));
    let token = request.token(bearer).map_err(Refusal::invalid)?;
    let authority = &service.authority;
    let identity = authority.issuers.verify(token).await.map_err(|error| match error {
        oidc::Error::Keys(_) => {
            tracing::warn!(%error, "an issuer's keys cannot be had");
            Refusal::unavailable("the issuer's keys cannot be had now; try again later")
        }
        error => Refusal::unauthenticated(error),
    })?;
    let key = request.key(&identity).map_err(Refusal::invalid)?;
    let leaf = authority.ca.issue(&identity, &key).map_err(|error| Refusal::internal(&error))?;
    tracing::info!(issuer = identity.issuer, subject = identity.name(), "issued a certificate");
    let mut chain = vec![leaf];
    chain.extend_from_slice(authority.ca.chain());
    let certificates = pem_blocks(&chain)?;
    let body = json!({"signedCertificateEmbeddedSct": {"chain": {"certificates": certificates}}});
    Ok(json_answer(StatusCode::CREATED, &body))
}

async fn trust_bundle(State(service): Shared) -> Answer {
    service.read()?;
    let certificates = pem_blocks(service.authority.ca.chain())?;
    Ok(json_answer(StatusCode::OK, &json!({"chains": [{"certificates": certificates}]})))
}

async fn configuration(State(service): Shared) -> Answer {
    service.read()?;
    let issuers = service.authority.issuers.configs().map(|config| {
        let (claim, kind) = match &config.identity {
            oidc::IdentityClaim::Email => ("email", "email"),
            oidc::IdentityClaim::Uri { .. } => ("sub", "uri"),
        };
        json!({"issuerUrl": config.url, "audience": config.audience, "challengeClaim": claim, "issuerType": kind})
    });
    Ok(json_answer(StatusCode::OK, &json!({"issuers": issuers.collect::<Vec<_>>()})))
}

async fn timestamp(State(service): Shared, headers: HeaderMap, body: Body) -> Answer {
    allow(&service.timestamps, "timestamps")?;
    wants(&headers, "application/timestamp-query")?;
    let body = service.body(body).await?;
    let answer = service.authority.tsa.stamp(&body).map_err(|refusal| match refusal {
        crate::tsa::Refusal::Failed(error) => Refusal::internal(&error),
        refusal => Refusal::invalid(refusal),
    })?;
    Ok((StatusCode::CREATED, [(header::CONTENT_TYPE, "application/timestamp-reply")], answer).into_response())
}

async fn timestamp_chain(State(service): Shared) -> Answer {
    service.read()?;
    let chain = pem_blocks(service.authority.tsa.chain())?.concat();
    Ok(([(header::CONTENT_TYPE, "application/pem-certificate-chain")], chain).into_response())
}

async fn append(State(service): Shared, headers: HeaderMap, body: Body) -> Answer {
    allow(&service.entries, "entries")?;
    wants(&headers, "application/json")?;
    let body = service.body(body).await?;
    let request: entry::Request = serde_json::from_slice(&body).map_err(Refusal::invalid)?;
    let entry = request.into_entry().map_err(Refusal::invalid)?;
    let log = &service.authority.log;
    let included = log.append(entry.clone()).await.map_err(|error| match error {
        AppendError::Duplicate { index } => Refusal::exists(error, index),
        AppendError::TooLong => Refusal::invalid(error),
        AppendError::Busy => Refusal::exhausted(error),
        AppendError::Full | AppendError::Failed => Refusal::unavailable(error),
    })?;
    Ok(json_answer(StatusCode::CREATED, &entry_answer(log.id(), &entry, &included)))
}

/// A `TransparencyLogEntry` as protobuf writes it in JSON.
fn entry_answer(log_id: &[u8; 32], entry: &[u8], included: &Included) -> Value {
    let hashes: Vec<String> = included.proof.iter().map(|hash| STANDARD.encode(hash)).collect();
    json!({
        "logIndex": included.index.to_string(),
        "logId": {"keyId": STANDARD.encode(log_id)},
        "kindVersion": {"kind": entry::KIND, "version": entry::VERSION},
        "integratedTime": "0",
        "inclusionPromise": null,
        "inclusionProof": {
            "logIndex": included.index.to_string(),
            "rootHash": STANDARD.encode(included.root),
            "treeSize": included.size.to_string(),
            "hashes": hashes,
            "checkpoint": {"envelope": &*included.checkpoint},
        },
        "canonicalizedBody": STANDARD.encode(entry),
    })
}

async fn checkpoint(State(service): Shared) -> Answer {
    service.read()?;
    let text = service.authority.log.checkpoint().to_string();
    let headers = [(header::CONTENT_TYPE, "text/plain; charset=utf-8"), (header::CACHE_CONTROL, "no-cache")];
    Ok((headers, text).into_response())
}

async fn log_tile(State(service): Shared, Path(path): Path<String>) -> Answer {
    service.read()?;
    let tile = Tile::parse(&path).ok_or_else(|| Refusal::not_found("the path names no tile (C2SP tlog-tiles)"))?;
    let read = tokio::task::spawn_blocking(move || service.authority.log.tile(tile)).await;
    let bytes = read.map_err(|error| Refusal::internal(&error))?.map_err(|error| Refusal::internal(&error))?;
    let bytes = bytes.ok_or_else(|| Refusal::not_found("the log has no such tile yet"))?;
    let headers = [
        (header::CONTENT_TYPE, "application/octet-stream"),
        (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
    ];
    Ok((headers, bytes).into_response())
}

async fn trusted_root(State(service): Shared) -> Answer {
    service.read()?;
    Ok(json_answer(StatusCode::OK, service.authority.trust.trusted_root()))
}

async fn client_trust_config(State(service): Shared) -> Answer {
    service.read()?;
    Ok(json_answer(StatusCode::OK, service.authority.trust.client_trust_config()))
}
