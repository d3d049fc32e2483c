// SPDX-License-Identifier: MIT OR Apache-2.0
//! The host: everything wired together, once, here.

use crate::backplane;
use crate::components::Component;
use crate::follow::{self, Followers};
use crate::known::{Known, Suspension};
use crate::layout::Layout;
use crate::lifecycle;
use crate::operator::HostOperator;
use crate::store::Store;
use anyhow::Result;
use backend_postgres::PostgresStore;
use cap_log::{Log, Tracker};
use edge_gateway::{Credential, Drained, TenantView};
use edge_installer::{Consent, Trust};
use edge_registry::{Hook, Providers, Registry, Remembered};
use kernel_engine::{Capability, CodeCache, Directory, Engine, Kernel};
use kernel_types::{Digest, TenantId};
use parking_lot::{Mutex, RwLock};
use signing_verify::RevocationList;
use std::collections::{BTreeSet, HashMap};
use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tokio::net::TcpListener;

/// How long the store may take to finish what is queued when the host stops.
const STORE_DRAIN: Duration = Duration::from_secs(20);

/// How long tenants that are being taken in may need to be recorded, or written off, when the host stops.
const IMPORT_DRAIN: Duration = Duration::from_secs(10);

/// What a host is made with.
#[derive(Clone)]
pub struct Settings {
    /// Where it keeps everything.
    pub directory: PathBuf,
    /// The engine's share of the machine.
    pub engine: kernel_engine::Settings,
    /// The limits of the embedded store.
    pub store: backend_sqlite::Settings,
    /// The database that keeps tenants' data in the place of the embedded store; opened before, because that asks a
    /// server.
    pub database: Option<PostgresStore>,
    /// How long the store may take to finish what is queued when the host stops.
    pub store_drain: Duration,
    /// How long hooks may take.
    pub hooks: lifecycle::Deadlines,
    /// The gateway's limits.
    pub gateway: edge_gateway::Settings,
    /// Whom it trusts: who may publish, consent and revoke. A host of [`Settings::at`] trusts nobody.
    pub trust: Trust,
    /// Capabilities beside the host's own; the conformance tests offer one that waits.
    pub capabilities: Vec<Arc<dyn Capability>>,
}

impl Settings {
    /// The defaults, in a directory.
    #[must_use]
    pub fn at(directory: &Path) -> Self {
        Self {
            directory: directory.to_owned(),
            engine: kernel_engine::Settings::default(),
            store: backend_sqlite::Settings::default(),
            database: None,
            store_drain: STORE_DRAIN,
            hooks: lifecycle::Deadlines::default(),
            gateway: edge_gateway::Settings::default(),
            trust: Trust::nobody(),
            capabilities: Vec::new(),
        }
    }
}

/// A running host, without its edges; [`Host::serve`] opens them.
pub struct Host {
    pub(crate) layout: Layout,
    pub(crate) store: Store,
    pub(crate) registry: Arc<Registry>,
    pub(crate) tracker: Arc<Tracker>,
    pub(crate) views: RwLock<HashMap<TenantId, Arc<TenantView>>>,
    pub(crate) surfaces: Mutex<backplane::Surfaces>,
    pub(crate) credentials: RwLock<HashMap<Digest, Arc<Credential>>>,
    /// Tenants that are known and not served.
    pub(crate) suspended: RwLock<HashMap<TenantId, Suspension>>,
    pub(crate) ready: AtomicBool,
    /// What this host and those beside it have in common.
    pub(crate) remembered: Remembered,
    /// What of it this host has taken note of.
    pub(crate) known: Mutex<Known>,
    pub(crate) installed: Mutex<HashMap<Digest, Component>>,
    pub(crate) trust: Trust,
    /// Consents that were verified, by what was verified and as of when.
    pub(crate) consents: Mutex<HashMap<Digest, Arc<Consent>>>,
    /// The newest list of what may not run.
    pub(crate) revocations: RwLock<Option<Arc<RevocationList>>>,
    /// Compiling takes every processor, and the directory of components has one writer: one component at a time.
    pub(crate) loading: tokio::sync::Mutex<()>,
    pub(crate) followers: Followers,
    /// Held by each tenant that is being taken in: what began is brought to an end before the host closes.
    pub(crate) imports: Arc<tokio::sync::RwLock<()>>,
    gateway: edge_gateway::Settings,
    store_drain: Duration,
    pub(crate) hook_deadlines: lifecycle::Deadlines,
    /// Whether the first hooks were called.
    pub(crate) prebooted: AtomicBool,
}

impl Host {
    /// Opens a host's directory: its store, the components that it installed, and what its tenants enabled. To be
    /// called inside a tokio runtime.
    ///
    /// # Errors
    /// Where the directory cannot be used, another host uses it, or what it remembers cannot be read.
    pub async fn open(settings: &Settings) -> Result<Arc<Self>> {
        let layout = Layout::at(&settings.directory);
        let store = Store::open(settings, &layout)?;
        let log = Log::default();
        let tracker = log.tracker();
        // The whole of what a component can be granted.
        let mut capabilities: Vec<Arc<dyn Capability>> =
            vec![Arc::new(cap_context::Context), Arc::new(log), Arc::new(cap_storage::Storage::new(store.dialect()))];
        capabilities.extend(settings.capabilities.iter().cloned());
        let providers = Arc::new(Providers::default());
        let kernel = Kernel::new(
            Engine::new(&settings.engine)?,
            capabilities,
            store.transactor(),
            Arc::clone(&providers) as Arc<dyn Directory>,
        );
        let code = CodeCache::open(&layout.code())?;
        let registry = Arc::new(Registry::new(kernel, store.schema(), providers, code, store.dialect()));
        let remembered = Remembered::new(store.state(&layout).await?);
        let host = Arc::new(Self {
            layout,
            store,
            registry,
            tracker,
            views: RwLock::default(),
            surfaces: Mutex::default(),
            credentials: RwLock::default(),
            suspended: RwLock::default(),
            ready: AtomicBool::new(false),
            remembered,
            known: Mutex::default(),
            installed: Mutex::default(),
            trust: settings.trust.clone(),
            consents: Mutex::default(),
            revocations: RwLock::default(),
            loading: tokio::sync::Mutex::default(),
            followers: Followers::default(),
            imports: Arc::default(),
            gateway: settings.gateway.clone(),
            store_drain: settings.store_drain,
            hook_deadlines: settings.hooks,
            prebooted: AtomicBool::new(false),
        });
        host.recall_list().await?;
        host.catch_up().await?;
        host.load_waiting().await;
        // What came before is loaded when a tenant needs it; from now on a component is made ready when it is
        // installed.
        host.known.lock().prefetch = true;
        follow::start(&host);
        Ok(host)
    }

    /// Whether a token is one of the tenant's.
    #[must_use]
    pub fn knows_token(&self, tenant: &TenantId, token: &str) -> bool {
        let credentials = self.credentials.read();
        credentials.get(&Digest::of(token.as_bytes())).is_some_and(|known| known.record().tenant == *tenant)
    }

    /// How many tenants there are, served or not.
    #[must_use]
    pub fn tenants(&self) -> usize {
        self.known.lock().tenants()
    }

    /// The bundles that are installed and that a tenant enabled.
    #[must_use]
    pub fn enabled(&self) -> BTreeSet<Digest> {
        self.known.lock().enabled()
    }

    /// Whether the host serves.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.ready.load(Ordering::Acquire)
    }

    /// The components of the host and who enabled what.
    #[must_use]
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// The store.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Where everything is.
    #[must_use]
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// Serves HTTP until `shutdown` resolves; then lets running requests end and closes the store. The host answers no
    /// request afterwards.
    pub async fn serve(self: &Arc<Self>, listener: TcpListener, shutdown: impl Future<Output = ()>) -> Drained {
        self.preboot().await;
        self.ready.store(true, Ordering::Release);
        let booting = tokio::spawn({
            let host = Arc::clone(self);
            async move { host.call_hooks(Hook::Boot).await }
        });
        let backplane = Arc::clone(self);
        let stopping = async {
            shutdown.await;
            self.ready.store(false, Ordering::Release);
        };
        let operator = self.serve_operator();
        let drained = edge_gateway::serve(listener, backplane, self.gateway.clone(), stopping).await;
        if let Some((stop, serving)) = operator {
            drop(stop);
            let _ = serving.await;
            let _ = std::fs::remove_file(self.layout.operator());
        }
        // What has not ended by now is rolled back.
        booting.abort();
        let _ = booting.await;
        self.call_hooks(Hook::Shutdown).await;
        self.close().await;
        drained
    }

    /// Opens the operator's socket. A host that cannot have one serves all the same; commands then wait until it has
    /// ended.
    fn serve_operator(self: &Arc<Self>) -> Option<(tokio::sync::oneshot::Sender<()>, tokio::task::JoinHandle<()>)> {
        let operator = HostOperator::new(self);
        let listener = match operator.listen() {
            Ok(listener) => listener,
            Err(error) => {
                let path = self.layout.operator();
                tracing::warn!(path = %path.display(), %error, "the operator's socket cannot be made: commands cannot reach this host");
                return None;
            }
        };
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let serving = edge_operator::serve(listener, operator, async { stopped.await.unwrap_or(()) });
        Some((stop, tokio::spawn(serving)))
    }

    /// Finishes what the store has queued and closes it.
    pub async fn close(&self) {
        self.followers.stop().await;
        let deadline = Instant::now().checked_add(self.store_drain).unwrap_or_else(Instant::now);
        if !self.store.shutdown(deadline).await {
            tracing::warn!("units of work were cut when the store was closed; they were rolled back");
        }
        // What the store cut has still to be written off.
        if tokio::time::timeout(IMPORT_DRAIN, self.imports.write()).await.is_err() {
            tracing::warn!(
                "a tenant was being taken in when the host stopped: it is not served until it is taken in again"
            );
        }
        self.remembered.state().close().await;
    }
}
