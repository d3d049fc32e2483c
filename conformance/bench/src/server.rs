// SPDX-License-Identifier: MIT OR Apache-2.0
//! The host in a process of its own: the same wiring, runtime and log filter as `cortex up`, with the components of the
//! checkout.

use crate::child::Child;
use crate::measure::milliseconds;
use crate::role::{self, Role};
use anyhow::{Context as _, Result};
use backend_postgres::PostgresStore;
use cortex::Chosen;
use cortex::host::{Host, Settings};
use kernel_types::{PermissionSet, TenantId};
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;
use tokio::runtime::Runtime;

/// The log filter of `cortex up` where nobody says anything else.
const LOG_FILTER: &str = "warn";

/// What the host is started with.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Plan {
    /// Its directory.
    pub(crate) directory: PathBuf,
    /// The bundles to install.
    pub(crate) bundles: Vec<PathBuf>,
    /// The URL of the database that keeps tenants' data; none: the embedded store.
    pub(crate) database: Option<String>,
    /// How many connections the embedded store may hold; none: as many as by default.
    pub(crate) connections: Option<usize>,
}

impl Plan {
    /// A host on the embedded store.
    pub(crate) fn new(directory: PathBuf, bundles: Vec<PathBuf>) -> Self {
        Self { directory, bundles, database: None, connections: None }
    }
}

/// What it says when it serves.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Ready {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    /// How long opening the directory took, in milliseconds.
    pub(crate) open_ms: f64,
    /// How long the installation of each bundle took, in milliseconds.
    pub(crate) install_ms: Vec<f64>,
}

/// What may be asked of it.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) enum Command {
    /// To make tenants with all of its components, numbered from the first, and to answer with their tokens.
    AddTenants {
        /// The first number.
        first: u32,
        /// How many.
        count: u32,
    },
}

/// A host in a process of its own, and a token for each tenant that was asked for.
pub(crate) struct Running {
    /// The process.
    pub(crate) child: Child,
    /// What it said.
    pub(crate) ready: Ready,
}

impl Running {
    /// Starts a host.
    pub(crate) async fn start(plan: Plan) -> Result<Self> {
        let (child, ready) = Child::start(&Role::Host(plan)).await?;
        Ok(Self { child, ready })
    }

    /// Makes tenants; returns their tokens.
    pub(crate) async fn add_tenants(&mut self, first: u32, count: u32) -> Result<Vec<String>> {
        self.child.ask(&Command::AddTenants { first, count }).await
    }

    /// Makes one tenant; returns its token.
    pub(crate) async fn add_tenant(&mut self) -> Result<String> {
        self.add_tenants(0, 1).await?.pop().context("no tenant was made")
    }
}

/// Serves until the input ends.
pub(crate) fn serve(runtime: &Runtime, plan: &Plan) -> Result<()> {
    let filter: tracing_subscriber::EnvFilter = LOG_FILTER.parse()?;
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    lines.try_init().map_err(|error| anyhow::anyhow!("logging cannot be started: {error}"))?;
    let _entered = runtime.enter();
    let begin = Instant::now();
    let mut settings = Settings { trust: signed_samples::trust(), ..Settings::at(&plan.directory) };
    if let Some(connections) = plan.connections {
        settings.store.connections_max = connections;
    }
    if let Some(url) = &plan.database {
        let store = PostgresStore::open(url, backend_postgres::Settings::default());
        settings.database = Some(runtime.block_on(store)?);
    }
    let host = runtime.block_on(Host::open(&settings))?;
    let open_ms = milliseconds(begin.elapsed());
    let (mut components, mut install_ms) = (Vec::new(), Vec::new());
    for bundle in &plan.bundles {
        let begin = Instant::now();
        let installed = runtime.block_on(host.install(signed_samples::package(bundle)?, true))?;
        install_ms.push(milliseconds(begin.elapsed()));
        components.push(installed);
    }
    let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0"))?;
    let address = listener.local_addr()?;
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let serving = runtime.spawn({
        let host = Arc::clone(&host);
        async move { host.serve(listener, async { stopped.await.unwrap_or(()) }).await }
    });
    role::answer(&Ready { address, open_ms, install_ms })?;
    while let Some(Command::AddTenants { first, count }) = role::read()? {
        let tokens: Result<Vec<String>> = runtime.block_on(async {
            let mut tokens = Vec::new();
            for number in first..first.saturating_add(count) {
                let tenant = TenantId::parse(&format!("tenant-{number}"))?;
                host.create_tenant(&tenant).await?;
                let choice: Vec<_> = components
                    .iter()
                    .map(|installed| {
                        let grant = signed_samples::grant(&tenant, installed, &installed.wanted());
                        Chosen { installed: Arc::clone(installed), grant }
                    })
                    .collect();
                host.enable(&tenant, &choice).await?;
                tokens.push(host.issue_token(&tenant, "tester", PermissionSet::of(["*"])).await?);
            }
            Ok(tokens)
        });
        role::answer(&tokens?)?;
    }
    let _ = stop.send(());
    runtime.block_on(serving)?;
    Ok(())
}
