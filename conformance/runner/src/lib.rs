// SPDX-License-Identifier: MIT OR Apache-2.0
//! A whole host for tests: the real wiring, real components built from source, a temporary directory, a free port.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "a test harness fails by panicking, and says loudly what it leaves out"
)]

pub mod backend;
pub mod books;
pub mod bundles;
pub mod client;
pub mod eventually;
pub mod openapi;
pub mod process;
pub mod program;
pub mod random;
pub mod scenario;
pub mod wait;
pub mod wire;

use backend::Backend;
use bundles::{bundle, profile_directory};
use client::Client;
use cortex::Chosen;
use cortex::host::{Host, Settings};
use edge_gateway::Drained;
use edge_registry::Installed;
use kernel_types::{Grants, PermissionSet, TenantId};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// Machine code is kept between tests, so that each component is compiled once per build of the host and not once per
/// test. The engine checks what it loads; the tests of that check do not use this.
pub fn share_code(directory: &Path) {
    let shared = profile_directory().join("conformance-code");
    let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&shared);
    made.expect("a folder for machine code");
    let code = cortex::layout::Layout::at(directory).code();
    if !code.exists() {
        std::os::unix::fs::symlink(&shared, code).expect("a link to the shared machine code");
    }
}

/// A host that serves on a port of this machine until it is dropped or stopped.
pub struct TestHost {
    /// The host.
    pub host: Arc<Host>,
    /// Where it answers.
    pub url: String,
    /// A client of the tenant `test`, who may do everything.
    pub client: Client,
    /// Where it keeps everything.
    pub directory: Arc<tempfile::TempDir>,
    stop: Option<oneshot::Sender<()>>,
    serving: Option<JoinHandle<Drained>>,
    backend: Backend,
}

impl TestHost {
    /// A new host on SQLite with these components of the checkout, all granted what they ask for, enabled for the
    /// tenant `test`.
    pub async fn start(components: &[&str]) -> Self {
        Self::start_on(&Backend::Sqlite, components).await
    }

    /// Likewise, with other settings.
    pub async fn start_with(components: &[&str], change: impl FnOnce(&mut Settings)) -> Self {
        Self::start_on_with(&Backend::Sqlite, components, change).await
    }

    /// Likewise, in a directory that may hold a host's state already.
    pub async fn start_in(
        directory: Arc<tempfile::TempDir>,
        components: &[&str],
        change: impl FnOnce(&mut Settings),
    ) -> Self {
        Self::start_at(&Backend::Sqlite, directory, components, change).await
    }

    /// A new host on this back end.
    pub async fn start_on(backend: &Backend, components: &[&str]) -> Self {
        Self::start_on_with(backend, components, |_| {}).await
    }

    /// Likewise, with other settings.
    pub async fn start_on_with(backend: &Backend, components: &[&str], change: impl FnOnce(&mut Settings)) -> Self {
        let directory = Arc::new(tempfile::tempdir().expect("a temporary directory"));
        Self::start_at(backend, directory, components, change).await
    }

    /// Likewise, in a directory that may hold a host's state already.
    pub async fn start_at(
        backend: &Backend,
        directory: Arc<tempfile::TempDir>,
        components: &[&str],
        change: impl FnOnce(&mut Settings),
    ) -> Self {
        let mut settings = settings(directory.path());
        share_code(directory.path());
        backend.choose(&mut settings).await;
        change(&mut settings);
        let host = Host::open(&settings).await.unwrap_or_else(|error| panic!("{error:#}"));
        let token = enable(&host, "test", components).await;
        Self::serve(host, backend, directory, &token).await
    }

    /// A host on SQLite as it was left in a directory, called with a token of then.
    pub async fn reopen(directory: Arc<tempfile::TempDir>, token: &str) -> Self {
        Self::reopen_on(&Backend::Sqlite, directory, token).await
    }

    /// Likewise, on the back end that it was left on.
    pub async fn reopen_on(backend: &Backend, directory: Arc<tempfile::TempDir>, token: &str) -> Self {
        let mut settings = settings(directory.path());
        backend.choose(&mut settings).await;
        let host = Host::open(&settings).await.unwrap_or_else(|error| panic!("{error:#}"));
        Self::serve(host, backend, directory, token).await
    }

    /// A new host in a directory of its own on a database that other hosts use, called with a token of one of them. It
    /// installs and enables nothing.
    pub async fn beside(backend: &Backend, token: &str) -> Self {
        let directory = Arc::new(tempfile::tempdir().expect("a temporary directory"));
        share_code(directory.path());
        Self::reopen_on(backend, directory, token).await
    }

    async fn serve(host: Arc<Host>, backend: &Backend, directory: Arc<tempfile::TempDir>, token: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let (stop, stopped) = oneshot::channel();
        let serving = tokio::spawn({
            let host = Arc::clone(&host);
            async move { host.serve(listener, async { stopped.await.unwrap_or(()) }).await }
        });
        let client = Client::new(&url, token);
        let backend = backend.clone();
        Self { host, url, client, directory, stop: Some(stop), serving: Some(serving), backend }
    }

    /// What it runs on.
    #[must_use]
    pub const fn backend(&self) -> &Backend {
        &self.backend
    }

    /// A client of another tenant, which is made with these components.
    pub async fn tenant(&self, name: &str, components: &[&str]) -> Client {
        Client::new(&self.url, &enable(&self.host, name, components).await)
    }

    /// A client of the tenant `test` who holds only these permissions.
    pub async fn with_permissions(&self, permissions: &[&str]) -> Client {
        self.somebody("limited", permissions).await
    }

    /// A client of the tenant `test` as this subject, who holds these permissions.
    pub async fn somebody(&self, subject: &str, permissions: &[&str]) -> Client {
        let permissions = PermissionSet::of(permissions.iter().copied());
        let token = self.host.issue_token(&tenant_id("test"), subject, permissions).await.expect("a token");
        Client::new(&self.url, &token)
    }

    /// Stops the host and waits until its store is closed.
    pub async fn stop(mut self) -> Drained {
        drop(self.stop.take());
        self.serving.take().expect("stopped once").await.expect("it served to its end")
    }
}

/// Signs the bundle in a folder and installs it.
///
/// # Errors
/// Where it is no package, or is refused.
pub async fn install(host: &Host, bundle: &Path) -> anyhow::Result<Arc<Installed>> {
    host.install(signed_samples::package(bundle)?, true).await
}

/// A component with the consent to all that it wants.
#[must_use]
pub fn wanted(tenant: &TenantId, installed: &Arc<Installed>) -> Chosen {
    granted(tenant, installed, &installed.wanted())
}

/// A component with the consent to these capabilities.
#[must_use]
pub fn granted(tenant: &TenantId, installed: &Arc<Installed>, grants: &Grants) -> Chosen {
    Chosen { installed: Arc::clone(installed), grant: signed_samples::grant(tenant, installed, grants) }
}

/// The settings of a host in a directory that trusts the signer of tests.
#[must_use]
pub fn settings(directory: &Path) -> Settings {
    Settings { trust: signed_samples::trust(), ..Settings::at(directory) }
}

fn tenant_id(name: &str) -> TenantId {
    TenantId::parse(name).expect("a tenant id")
}

/// Enables components for a tenant, and returns a token that allows everything.
async fn enable(host: &Host, tenant: &str, components: &[&str]) -> String {
    let tenant = tenant_id(tenant);
    host.create_tenant(&tenant).await.unwrap_or_else(|error| panic!("{error:#}"));
    let mut choice = Vec::new();
    for component in components {
        let component = (*component).to_owned();
        let directory = tokio::task::spawn_blocking(move || bundle(&component)).await.expect("it was built");
        let installed = install(host, &directory).await.unwrap_or_else(|error| panic!("{error:#}"));
        choice.push(wanted(&tenant, &installed));
    }
    host.enable(&tenant, &choice).await.unwrap_or_else(|error| panic!("{error:#}"));
    host.issue_token(&tenant, "tester", PermissionSet::of(["*"])).await.expect("a token")
}
