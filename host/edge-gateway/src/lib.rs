// SPDX-License-Identifier: MIT OR Apache-2.0
//! The HTTP gateway: where the world comes in.
//!
//! [`serve`] takes connections; each request goes through `gateway` (route, caller), `operation` (permission, body,
//! typed arguments, the call, the answer) and nothing else. What the gateway needs of the host behind it is the trait
//! [`Backplane`]; what its components offer is a [`Surface`], prepared once and shared by all requests, and by all
//! tenants that enabled the same. `docs/http-api.md` is the page for those who call.
//!
//! Deliberately not here: TLS and HTTP/2 (a proxy in front), cross-origin sharing (off), cookies, sessions, redirects,
//! files, compression, and any knowledge of a domain. A [`kernel_types::Caller`] is made in `caller` and nowhere else.

mod backplane;
mod body;
mod caller;
mod exchange;
mod failure;
mod gateway;
mod guard;
mod headers;
mod host_routes;
mod idempotency;
mod openapi;
mod operation;
mod pages;
mod problem;
mod request_id;
mod respond;
mod server;
mod settings;
mod suggest;
mod surface;
mod table;
mod uri;

pub use backplane::{Backplane, Progress, Readiness, Target};
pub use caller::{Credential, Record, host_caller};
pub use host_routes::{Access, HOST_ROUTES, HostRoute};
pub use hyper::Method;
pub use server::{Drained, serve};
pub use settings::Settings;
pub use surface::{EnabledComponent, EnabledOperation, Rest, Surface, TenantView};
pub use table::RouteFault;
