// SPDX-License-Identifier: MIT OR Apache-2.0
//! One request from its head to its answer: which page or operation it means, and who asks.
//!
//! There are three kinds of route: pages of the host that anybody may see, pages of the host for a tenant's callers,
//! and operations of components. [`host_routes::HOST_ROUTES`] lists the first two; the third comes from the tenant's
//! view.

use crate::backplane::Backplane;
use crate::caller::{self, Unauthenticated};
use crate::exchange::Exchange;
use crate::guard::{CatchPanic, Gauge, Memory};
use crate::pages::Pages;
use crate::problem::{Kind, Problem, Refusal};
use crate::respond::{self, Answer};
use crate::settings::Settings;
use crate::surface::TenantView;
use crate::{host_routes, operation, request_id, suggest};
use hyper::body::{Body as _, Incoming};
use hyper::http::request::Parts;
use hyper::{Method, Request, StatusCode};
use kernel_types::Caller;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// The start of every path that leads to a tenant's operations.
const API: &str = "/api/";

/// Everything that all requests share.
pub(crate) struct Gateway {
    pub(crate) backplane: Arc<dyn Backplane>,
    settings: Settings,
    running: Gauge,
    pub(crate) memory: Memory,
    pub(crate) pages: Pages,
    draining: AtomicBool,
}

/// A caller and what its tenant has enabled.
pub(crate) struct Visitor {
    pub(crate) caller: Arc<Caller>,
    pub(crate) view: Arc<TenantView>,
}

impl Gateway {
    pub(crate) fn new(backplane: Arc<dyn Backplane>, settings: Settings) -> Self {
        let (running, memory) = (Gauge::default(), Memory::default());
        Self { backplane, settings, running, memory, pages: Pages::new(), draining: AtomicBool::new(false) }
    }

    pub(crate) const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// From now on `/readyz` says that the host stops.
    pub(crate) fn drain(&self) {
        self.draining.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }

    /// Answers a request. Sets `unread` where the answer does not wait for the end of the body.
    pub(crate) async fn serve(&self, request: Request<Incoming>, unread: &AtomicBool) -> Answer {
        let (head, body) = request.into_parts();
        let has_body = !body.is_end_stream();
        let mut exchange = Exchange::begin(&head);
        let result = {
            let work = pin!(self.route(&head, body, &mut exchange));
            CatchPanic(work).await
        };
        let result = result.unwrap_or_else(|panic| {
            tracing::error!(target: "cortex::fault", request_id = exchange.id.as_str(), panic, "a handler panicked");
            Err(Problem::new(Kind::Internal, "the host failed; its operator finds the reason under the request id"))
        });
        let (mut answer, problem) = match result {
            Ok(answer) => (answer, None),
            Err(problem) => (respond::problem(&problem, exchange.id.as_str()), Some(problem)),
        };
        if has_body && !exchange.body_read {
            unread.store(true, Ordering::Relaxed);
            respond::close(&mut answer);
        }
        let answer_bytes = answer.body().size_hint().exact().unwrap_or(0);
        exchange.finish(answer.status(), answer_bytes, problem.as_ref().map(|problem| problem.code.as_ref()));
        answer
    }

    async fn route(&self, head: &Parts, body: Incoming, exchange: &mut Exchange) -> Result<Answer, Refusal> {
        let path = head.uri.path();
        if let Some(route) = host_routes::find(path) {
            return host_routes::serve(self, route, head, exchange);
        }
        if !path.starts_with(API) {
            let visitor = self.visitor(head, exchange).ok();
            return Err(unknown_route(path, visitor.as_ref()));
        }
        let _running = self.admit()?;
        let visitor = self.visitor(head, exchange)?;
        let _share = self.admit_tenant(&visitor.view)?;
        if let Some(id) = host_routes::progress_of(path) {
            return host_routes::progress(self, &visitor, id, head, exchange);
        }
        let found = visitor.view.surface.table.find(path);
        let found = found.map_err(|fault| Problem::new(Kind::MalformedPath, fault))?;
        let Some(found) = found else {
            return Err(withheld(path, &visitor).unwrap_or_else(|| unknown_route(path, Some(&visitor))));
        };
        exchange.route = Some(Arc::clone(&found.route.pattern));
        let Some(endpoint) = found.route.endpoint(&head.method) else {
            return other_method(head, &found.route.allow(), exchange);
        };
        let call = operation::Call { gateway: self, visitor: &visitor, endpoint, values: &found.values, head };
        call.run(body, exchange).await
    }

    /// Who asks. Everything of a tenant begins here.
    pub(crate) fn visitor(&self, head: &Parts, exchange: &mut Exchange) -> Result<Visitor, Refusal> {
        let caller = caller::authenticate(self.backplane.as_ref(), &head.headers, exchange.now);
        let caller = caller.map_err(unauthenticated)?;
        exchange.caller = Some(Arc::clone(&caller));
        if let Some(detail) = self.backplane.suspended(&caller.tenant) {
            return Err(Problem::new(Kind::Unavailable, detail).retry_after(self.settings.retry_after_seconds));
        }
        let view = self.backplane.view(&caller.tenant).filter(|view| *view.tenant() == caller.tenant);
        let view = view.ok_or(Unauthenticated::Invalid).map_err(unauthenticated)?;
        Ok(Visitor { caller, view })
    }

    fn admit(&self) -> Result<crate::guard::Permit, Refusal> {
        let max = self.settings.requests_in_flight_max;
        self.running.enter(max).ok_or_else(|| {
            let detail = format_args!("the host serves {max} requests at a time, and all are taken; send it again");
            Problem::new(Kind::Busy, detail).retry_after(self.settings.retry_after_seconds)
        })
    }

    fn admit_tenant(&self, view: &TenantView) -> Result<crate::guard::Permit, Refusal> {
        let max = self.settings.tenant_requests_in_flight_max;
        view.running.enter(max).ok_or_else(|| {
            let detail = format_args!("the tenant may have {max} requests at a time; wait for some of them to end");
            Problem::new(Kind::TooManyRequests, detail).retry_after(self.settings.retry_after_seconds)
        })
    }
}

fn unauthenticated(why: Unauthenticated) -> Refusal {
    match why {
        Unauthenticated::Repeated => Problem::new(Kind::MalformedHeader, why),
        _ => Problem::new(Kind::Unauthenticated, why),
    }
}

/// `OPTIONS` says which methods there are; any other method that the route does not have is refused.
pub(crate) fn other_method(head: &Parts, allow: &str, exchange: &Exchange) -> Result<Answer, Refusal> {
    if head.method == Method::OPTIONS {
        let mut answer = respond::answer(StatusCode::NO_CONTENT, None, request_id::header_value(&exchange.id));
        respond::allow(&mut answer, allow);
        return Ok(answer);
    }
    let method = crate::uri::quoted(head.method.as_str());
    let mut problem = Problem::new(Kind::MethodNotAllowed, format_args!("`{method}` is not one of {allow}"));
    problem.allow = Some(allow.to_owned());
    Err(problem)
}

/// The route of a component that the tenant enabled and that may not run.
fn withheld(path: &str, visitor: &Visitor) -> Option<Refusal> {
    let component = path.strip_prefix("/api/")?.split('/').next()?;
    let (id, reason) = visitor.view.withheld.iter().find(|(id, _)| id.as_str() == component)?;
    Some(Problem::new(Kind::ComponentRevoked, format_args!("component `{id}` does not run: {reason}")))
}

/// Callers of a tenant hear which of its routes is meant, perhaps; others learn nothing.
fn unknown_route(path: &str, visitor: Option<&Visitor>) -> Refusal {
    let short = crate::uri::quoted(path);
    let Some(visitor) = visitor else {
        return Problem::new(Kind::UnknownRoute, format_args!("there is no `{short}` here"));
    };
    let routes = visitor.view.surface.table.routes().iter().map(|route| route.pattern.as_ref());
    let known = host_routes::HOST_ROUTES.iter().map(|route| route.path).chain(routes);
    let detail = match suggest::nearest(path, known) {
        Some(near) => format!("there is no `{short}` in this tenant; the nearest route is `{near}`"),
        None => format!("there is no `{short}` in this tenant; `/openapi.json` lists what there is"),
    };
    Problem::new(Kind::UnknownRoute, detail)
}
