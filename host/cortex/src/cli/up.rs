// SPDX-License-Identifier: MIT OR Apache-2.0
//! `cortex up`: the daemon.

use super::demo;
use super::terminal::{self, Step};
use anyhow::{Context as _, Result, bail};
use backend_postgres::PostgresStore;
use cortex::host::{Host, Settings};
use cortex::layout::Layout;
use cortex::running::Running;
use cortex::trusting;
use edge_gateway::Drained;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// How the host is started.
#[derive(Debug, clap::Args)]
pub(crate) struct Up {
    /// Builds and installs the components of this checkout, and makes the tenant `demo` with a ledger to play with.
    #[arg(long)]
    demo: bool,

    /// The address to listen at. Put a proxy with TLS in front of anything but this machine.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080", env = "CORTEX_LISTEN")]
    listen: SocketAddr,

    /// Keeps tenants' data in this PostgreSQL database, which other hosts may share: `postgres://user:password@host/database`.
    /// Without it each tenant has a SQLite file in the host's own directory.
    #[arg(long, value_name = "URL", env = "CORTEX_DATABASE_URL", hide_env_values = true)]
    database_url: Option<String>,
}

/// How long threads that were cut may take to notice.
const LEFTOVER: Duration = Duration::from_millis(500);

impl Up {
    pub(crate) fn run(self, layout: &Layout) -> Result<()> {
        let bundles = if self.demo { demo::build()? } else { Vec::new() };
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let served = runtime.block_on(self.serve(layout, &bundles));
        // A thread that is still at work when the host was cut short does not hold the process.
        runtime.shutdown_timeout(LEFTOVER);
        served
    }

    async fn serve(self, layout: &Layout, bundles: &[sdk_build::Bundle]) -> Result<()> {
        let step = Step::begin("starting the host");
        let listener = tokio::net::TcpListener::bind(self.listen)
            .await
            .with_context(|| format!("cannot listen at {}; choose another address with --listen", self.listen))?;
        let url = format!("http://{}", listener.local_addr()?);
        let mut settings = Settings::at(layout.root());
        settings.trust = if self.demo { demo::trust(layout).await? } else { trusting::of(layout)? };
        if let Some(url) = &self.database_url {
            settings.database = Some(PostgresStore::open(url, backend_postgres::Settings::default()).await?);
        }
        let host = Host::open(&settings).await?;
        let demo = if self.demo { Some(demo::prepare(&host, bundles, &step).await?) } else { None };
        // From here on a signal ends the host in order; before, it ends the process, which a host survives at any time.
        let mut signals = Signals::new()?;
        let running = Running { url: url.clone(), process: std::process::id() };
        let _announced = running.announce(layout)?;
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let serving = tokio::spawn({
            let host = host.clone();
            async move { host.serve(listener, async { stopped.await.unwrap_or(()) }).await }
        });
        if let Some(demo) = demo {
            let address = url.clone();
            let filled = tokio::task::spawn_blocking(move || demo.fill(&address).map(|()| demo)).await?;
            step.done("the host is ready");
            match filled {
                Ok(demo) => demo.print(&url),
                Err(error) => {
                    let _ = stop.send(());
                    serving.await?;
                    return Err(error);
                }
            }
        } else {
            step.done("the host is ready");
            terminal::line(&format!("listening at {url}"));
            if host.tenants() == 0 {
                let hint = "it has no tenant and serves only its documentation; `up --demo` makes one to play with";
                terminal::line(hint);
            }
        }
        signals.next().await;
        let step = Step::begin("stopping: running requests may end; once more to cut them");
        let _ = stop.send(());
        let drained = tokio::select! {
            drained = serving => drained?,
            () = signals.next() => bail!("cut short; what was acknowledged is durable, the rest is rolled back"),
        };
        match drained {
            Drained::Completely => step.done("stopped; every request was answered"),
            Drained::Cut(connections) => step.done(&format!("stopped; {connections} connections were cut")),
        }
        Ok(())
    }
}

/// How the process is asked to end.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    fn new() -> Result<Self> {
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    /// Resolves when it is asked.
    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
