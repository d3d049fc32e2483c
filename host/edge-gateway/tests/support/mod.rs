// SPDX-License-Identifier: MIT OR Apache-2.0
//! A gateway on a port of its own, with a host behind it that is made of closures.

#![allow(dead_code, unreachable_pub, missing_docs, reason = "each test binary uses its own part of this")]

pub mod client;
pub mod contract;

use client::{Answer as Received, Draft};
use edge_gateway::{
    Backplane, Credential, Drained, EnabledComponent, EnabledOperation, Progress, Readiness, Record, Settings, Surface,
    Target, TenantView, serve,
};
use kernel_engine::{Answer, BoxFuture, InvokeError, Once, Request, Writing};
use kernel_types::{
    CallerKind, ComponentId, Digest, Effect, Limits, Permission, PermissionSet, RequestId, Subject, TenantId,
};
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::time::{Duration, SystemTime};
use tokio::net::TcpListener;
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;
use wasmtime::component::Val;

/// May do everything in the tenant `demo`.
pub const TOKEN: &str = "demo-token";
/// May do nothing in the tenant `demo`.
pub const POWERLESS: &str = "powerless-token";
/// May do everything in the tenant `other`, which has enabled nothing.
pub const OTHER: &str = "other-token";
/// Was valid until a second ago.
pub const EXPIRED: &str = "expired-token";
/// Belongs to a tenant that the host does not know (any more).
pub const HOMELESS: &str = "homeless-token";

/// An operation that does what [`contract::act`] says for its name.
struct Scripted {
    name: String,
    host: Weak<Fake>,
}

impl Target for Scripted {
    fn invoke(
        &self,
        request: Request,
        arguments: Vec<Val>,
        writing: Option<Writing>,
    ) -> BoxFuture<'static, Result<Answer, InvokeError>> {
        let host = self.host.upgrade().expect("the host lives");
        host.calls.lock().unwrap().push((self.name.clone(), request.clone(), arguments.clone()));
        host.onces.lock().unwrap().push(writing.as_ref().and_then(|writing| writing.once.clone()));
        let result = contract::act(&self.name, host, arguments);
        Box::pin(async move {
            let mut answer = Answer { result: result.await?, ..Answer::default() };
            if let (Some(writing), false) = (writing, matches!(answer.result, Some(Val::Result(Err(_))))) {
                answer.written = Some((writing.write)(answer.result.as_ref()).map_err(InvokeError::Unwritable)?);
            }
            Ok(answer)
        })
    }
}

/// What the tests see of the host behind the gateway.
#[derive(Default)]
pub struct Fake {
    credentials: HashMap<Digest, Arc<Credential>>,
    views: HashMap<TenantId, Arc<TenantView>>,
    surface: Option<Arc<Surface>>,
    pub unready: AtomicBool,
    pub progress: Mutex<HashMap<(TenantId, RequestId), Progress>>,
    /// What was called, in order, with its request.
    pub calls: Mutex<Vec<(String, Request, Vec<Val>)>>,
    /// The idempotency key of each call and what it stands for.
    pub onces: Mutex<Vec<Option<Once>>>,
    /// An operation that waits has begun.
    pub waiting: Notify,
    /// Lets operations that wait go on.
    pub proceed: Notify,
    /// A waiting operation was dropped before it could go on.
    pub dropped: Notify,
}

impl Fake {
    /// Every method and path of the sample, as the surface says.
    pub fn routes(&self) -> Vec<(String, String)> {
        self.surface.iter().flat_map(|each| each.routes()).map(|(m, p)| (m.to_string(), p.to_owned())).collect()
    }
}

impl Backplane for Fake {
    fn credential(&self, token: &Digest) -> Option<Arc<Credential>> {
        self.credentials.get(token).cloned()
    }

    fn view(&self, tenant: &TenantId) -> Option<Arc<TenantView>> {
        self.views.get(tenant).cloned()
    }

    fn readiness(&self) -> Readiness {
        if self.unready.load(Ordering::SeqCst) { Readiness::NotReady("migrations run") } else { Readiness::Ready }
    }

    fn progress(&self, tenant: &TenantId, request: &RequestId) -> Option<Progress> {
        self.progress.lock().unwrap().get(&(tenant.clone(), request.clone())).cloned()
    }
}

pub fn tenant(name: &str) -> TenantId {
    TenantId::parse(name).unwrap()
}

pub fn request_id(text: &str) -> RequestId {
    RequestId::parse(text).unwrap()
}

fn credential(token: &str, tenant_name: &str, permissions: &[&str], expires_at: Option<SystemTime>) -> Arc<Credential> {
    Arc::new(Credential::from(Record {
        id: format!("id-of-{token}").into(),
        token: Digest::of(token.as_bytes()),
        tenant: tenant(tenant_name),
        subject: Subject("alice".into()),
        kind: CallerKind::User,
        display_name: "Alice".into(),
        roles: ["clerk".into()].into(),
        permissions: PermissionSet::of(permissions.iter().copied()),
        expires_at,
    }))
}

/// Builds the host.
fn fake(limits: Limits) -> Arc<Fake> {
    let second_ago = SystemTime::now() - Duration::from_secs(1);
    let credentials = [
        credential(TOKEN, "demo", &["*"], Some(second_ago + Duration::from_secs(86_400))),
        credential(POWERLESS, "demo", &["test.*", "other.ping"], None),
        credential(OTHER, "other", &["*"], None),
        credential(EXPIRED, "demo", &["*"], Some(second_ago)),
        credential(HOMELESS, "gone", &["*"], None),
    ];
    Arc::new_cyclic(|weak: &Weak<Fake>| {
        let contract = Arc::new(contract::sample());
        let operation = |each: &Arc<kernel_contract::Operation>| EnabledOperation {
            contract: Arc::clone(each),
            effect: Effect::Write,
            permission: Permission(format!("sample.{}", each.name).into()),
            limits,
            rest: contract::rest(each.name.as_str()),
            target: Arc::new(Scripted { name: each.name.as_str().into(), host: weak.clone() }),
        };
        let component = EnabledComponent {
            id: ComponentId::parse("sample").unwrap(),
            version: "1.2.3".into(),
            title: "Sample".into(),
            description: "For tests.".into(),
            operations: contract.operations().map(operation).collect(),
            contract,
        };
        let surface = Arc::new(Surface::new(vec![component]));
        assert_eq!(surface.route_faults(), [], "every route is served");
        let views = [
            Arc::new(TenantView::new(tenant("demo"), Arc::clone(&surface))),
            Arc::new(TenantView::new(tenant("other"), Arc::new(Surface::new(Vec::new())))),
        ];
        Fake {
            credentials: credentials.into_iter().map(|each| (each.record().token, each)).collect(),
            views: views.into_iter().map(|view| (view.tenant().clone(), view)).collect(),
            surface: Some(surface),
            ..Fake::default()
        }
    })
}

/// A gateway that runs; dropping it stops it.
pub struct Running {
    pub address: SocketAddr,
    pub host: Arc<Fake>,
    stop: Option<oneshot::Sender<()>>,
    served: JoinHandle<Drained>,
}

impl Running {
    pub async fn start() -> Self {
        Self::with(Settings::default(), Limits::DEFAULT).await
    }

    pub async fn with(settings: Settings, limits: Limits) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let host = fake(limits);
        let (stop, stopped) = oneshot::channel::<()>();
        let shutdown = async move {
            let _ = stopped.await;
        };
        let served = tokio::spawn(serve(listener, Arc::clone(&host) as Arc<dyn Backplane>, settings, shutdown));
        Self { address, host, stop: Some(stop), served }
    }

    /// Tells it to stop.
    pub fn stop(&mut self) {
        let _ = self.stop.take().map(|stop| stop.send(()));
    }

    /// How it ended, once told to stop.
    pub async fn drained(mut self) -> Drained {
        self.stop();
        (&mut self.served).await.expect("serving never panics")
    }

    pub async fn send(&self, draft: &Draft) -> Received {
        draft.send(self.address).await
    }

    /// Calls an operation of the sample with a JSON body.
    pub async fn call(&self, operation: &str, body: &str) -> Received {
        self.send(&call(operation, body)).await
    }

    /// What was called so far.
    pub fn called(&self) -> Vec<String> {
        self.host.calls.lock().unwrap().iter().map(|(name, ..)| name.clone()).collect()
    }
}

/// A call of an operation, `calls/greet`, by somebody who may.
pub fn call(operation: &str, body: &str) -> Draft {
    Draft::new("POST", &format!("/api/sample/v1/{operation}")).token(TOKEN).json(body)
}
