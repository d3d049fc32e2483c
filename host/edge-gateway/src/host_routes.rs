// SPDX-License-Identifier: MIT OR Apache-2.0
//! The routes of the host itself. [`HOST_ROUTES`] is the whole list; component ids begin with a letter, so that no component can
//! take one of them.

use crate::exchange::Exchange;
use crate::gateway::{Gateway, Visitor, other_method};
use crate::problem::{Kind, Problem, Refusal};
use crate::respond::{self, Answer};
use crate::{backplane::Readiness, request_id, uri};
use bytes::Bytes;
use hyper::header::HeaderValue;
use hyper::http::request::Parts;
use hyper::{Method, StatusCode};
use kernel_types::RequestId;

/// The methods of every route of the host.
const ALLOW: &str = "GET, HEAD, OPTIONS";

/// A route of the host.
#[derive(Debug)]
pub struct HostRoute {
    /// The path, with a placeholder `{id}` where it has one.
    pub path: &'static str,
    /// Who may see it.
    pub access: Access,
    page: Page,
}

/// Who may see a route of the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Whoever reaches the host. It says nothing about any tenant.
    Anybody,
    /// Who has a valid token; it is about that token's tenant.
    Caller,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Page {
    Landing,
    Health,
    Readiness,
    Docs,
    OpenApi,
    Progress,
}

/// Every route of the host.
pub const HOST_ROUTES: &[HostRoute] = &[
    HostRoute { path: "/", access: Access::Anybody, page: Page::Landing },
    HostRoute { path: "/healthz", access: Access::Anybody, page: Page::Health },
    HostRoute { path: "/readyz", access: Access::Anybody, page: Page::Readiness },
    HostRoute { path: "/docs", access: Access::Anybody, page: Page::Docs },
    HostRoute { path: "/openapi.json", access: Access::Caller, page: Page::OpenApi },
    HostRoute { path: "/api/_requests/{id}/progress", access: Access::Caller, page: Page::Progress },
];

/// The route of a path, where it is one without placeholders.
pub(crate) fn find(path: &str) -> Option<&'static HostRoute> {
    HOST_ROUTES.iter().find(|route| route.path == path)
}

/// Serves one of them.
pub(crate) fn serve(
    gateway: &Gateway,
    route: &'static HostRoute,
    head: &Parts,
    exchange: &mut Exchange,
) -> Result<Answer, Refusal> {
    exchange.route = Some(route.path.into());
    let visitor = match route.access {
        Access::Caller => Some(gateway.visitor(head, exchange)?),
        Access::Anybody => None,
    };
    if ![Method::GET, Method::HEAD].contains(&head.method) {
        return other_method(head, ALLOW, exchange);
    }
    let id = request_id::header_value(&exchange.id);
    let json = |text: Bytes| respond::answer(StatusCode::OK, Some((respond::JSON, text)), id.clone());
    match (route.page, visitor) {
        (Page::Health, _) => Ok(json(Bytes::from_static(br#"{"status":"ok"}"#))),
        (Page::Readiness, _) => ready(gateway).map(|()| json(Bytes::from_static(br#"{"status":"ready"}"#))),
        (Page::Landing, _) => Ok(gateway.pages.landing.answer(id)),
        (Page::Docs, _) => Ok(gateway.pages.docs.answer(id)),
        (Page::OpenApi, Some(visitor)) => Ok(json(visitor.view.surface.openapi())),
        (Page::OpenApi | Page::Progress, _) => Err(Problem::new(Kind::Internal, "the host has no such page")),
    }
}

fn ready(gateway: &Gateway) -> Result<(), Refusal> {
    let state =
        if gateway.is_draining() { Readiness::NotReady("the host stops") } else { gateway.backplane.readiness() };
    match state {
        Readiness::Ready => Ok(()),
        Readiness::NotReady(why) => {
            Err(Problem::new(Kind::Unavailable, why).retry_after(gateway.settings().retry_after_seconds))
        }
    }
}

/// The request whose progress a path asks for.
pub(crate) fn progress_of(path: &str) -> Option<&str> {
    path.strip_prefix("/api/_requests/")?.strip_suffix("/progress")
}

/// How far a running request has come. A request of another tenant is unknown here.
pub(crate) fn progress(
    gateway: &Gateway,
    visitor: &Visitor,
    id: &str,
    head: &Parts,
    exchange: &mut Exchange,
) -> Result<Answer, Refusal> {
    exchange.route = HOST_ROUTES.iter().find(|route| route.page == Page::Progress).map(|route| route.path.into());
    if ![Method::GET, Method::HEAD].contains(&head.method) {
        return other_method(head, ALLOW, exchange);
    }
    let text = uri::segment(id).map_err(|fault| Problem::new(Kind::MalformedPath, fault))?;
    let known = RequestId::parse(&text).ok();
    let progress = known.and_then(|id| gateway.backplane.progress(&visitor.caller.tenant, &id));
    let Some(progress) = progress else {
        let shown = uri::quoted(&text);
        let detail = format_args!("no request `{shown}` is running; it may have ended, or has not begun");
        return Err(Problem::new(Kind::UnknownRequest, detail));
    };
    let body = serde_json::to_vec(&progress).unwrap_or_default();
    let id = request_id::header_value(&exchange.id);
    Ok(respond::answer(StatusCode::OK, Some((respond::JSON, body.into())), id))
}

/// A page of the host.
pub(crate) struct Html {
    text: Bytes,
    policy: HeaderValue,
}

impl Html {
    pub(crate) const fn new(text: Bytes, policy: HeaderValue) -> Self {
        Self { text, policy }
    }

    fn answer(&self, id: Option<HeaderValue>) -> Answer {
        let html = HeaderValue::from_static("text/html; charset=utf-8");
        let mut answer = respond::answer(StatusCode::OK, Some((html, self.text.clone())), id);
        respond::protect_page(&mut answer, self.policy.clone());
        answer
    }
}
