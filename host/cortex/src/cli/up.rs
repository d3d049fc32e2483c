// SPDX-License-Identifier: MIT OR Apache-2.0
//! `cortex up`: the daemon.

use super::configuration::{Loaded, Outside, Signature, Wanted};
use super::demo;
use super::logging::{self, Lines};
use super::terminal::{self, Step};
use anyhow::{Context as _, Result, bail};
use backend_postgres::PostgresStore;
use cortex::host::Host;
use cortex::layout::Layout;
use cortex::running::Running;
use cortex::{boot, configured, trusting};
use edge_config::boot::Document;
use edge_config::{Given, Source};
use edge_gateway::Drained;
use std::time::Duration;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// How the host is started.
#[derive(Debug, clap::Args)]
pub(crate) struct Up {
    /// Builds and installs the components of this checkout, and makes the tenant `demo` with a ledger to play with.
    #[arg(long)]
    demo: bool,

    #[command(flatten)]
    wanted: Wanted,
}

/// How long threads that were cut may take to notice.
const LEFTOVER: Duration = Duration::from_millis(500);

impl Up {
    pub(crate) fn run(self, common: &[Given]) -> Result<()> {
        let outside = Outside::read(common, &self.wanted)?;
        let early = outside.configuration.clone();
        let loaded = match outside.load() {
            Ok(loaded) => loaded,
            Err(error) => {
                logging::start(&early)?;
                return Err(error);
            }
        };
        let lines = logging::start_held(&loaded.configuration)?;
        let served = self.start(&loaded, &lines);
        lines.open();
        served
    }

    fn start(self, loaded: &Loaded, lines: &Lines) -> Result<()> {
        warn(loaded);
        let bundles = if self.demo { demo::build()? } else { Vec::new() };
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let served = runtime.block_on(self.serve(loaded, lines, &bundles));
        // A thread that is still at work when the host was cut short does not hold the process.
        runtime.shutdown_timeout(LEFTOVER);
        served
    }

    async fn serve(self, loaded: &Loaded, lines: &Lines, bundles: &[sdk_build::Bundle]) -> Result<()> {
        let step = Step::begin("starting the host");
        let configuration = &loaded.configuration;
        let layout = &Layout::at(&configuration.directory);
        let listener = tokio::net::TcpListener::bind(configuration.listen).await.with_context(|| {
            format!("cannot listen at {}; choose another address with --listen", configuration.listen)
        })?;
        let url = format!("http://{}", listener.local_addr()?);
        let mut settings = configured::settings(configuration);
        if self.demo {
            if configuration.trust_policy.is_some() {
                bail!("`--demo` trusts this machine's own authority: leave `trust.policy` out, or `--demo`");
            }
            demo::trust(layout).await?;
        }
        let trusted = trusting::Files::read(layout, configuration)?;
        settings.trust = trusted.trust()?;
        if let Some(url) = &configuration.database_url {
            let store = PostgresStore::open(url.expose(), configured::postgres(configuration)).await?;
            settings.database = Some(store);
        }
        let host = Host::open(&settings).await?;
        let demo = if self.demo { Some(demo::prepare(&host, bundles, &step).await?) } else { None };
        record(&host, loaded, &trusted, lines)?;
        // From here on a signal ends the host in order; before, it ends the process, which a host survives at any time.
        let mut signals = Signals::new()?;
        tokio::select! {
            () = host.preboot() => {}
            () = signals.next() => {
                host.close().await;
                bail!("stopped before it answered anybody");
            }
        }
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

/// Says what was given and does not count, and that a file is not signed.
fn warn(loaded: &Loaded) {
    if loaded.signature == Signature::Unsigned {
        terminal::danger(
            "the configuration file is not signed and taken for development only: whoever can write it rules this host",
        );
    }
    for overridden in loaded.configuration.overridden() {
        if overridden.loser == Source::CommandLine {
            let (key, by) = (overridden.key.name, overridden.winner.name());
            tracing::warn!(target: "cortex::config", key, by, "a value of the command line does not count: the {by} has another one");
        }
    }
}

/// The first record: what the host was started with, in the boot log and as the first line of the log.
fn record(host: &Host, loaded: &Loaded, trusted: &trusting::Files, lines: &Lines) -> Result<()> {
    let components = host.enabled();
    let version = env!("CARGO_PKG_VERSION");
    let document = Document::new(version, &loaded.configuration, &trusted.digests(), &components);
    let link = boot::append(host.layout(), &document)?;
    lines.begin_with(|| {
        tracing::info!(
            target: logging::BOOT,
            digest = %document.digest(),
            number = link.number,
            record = %link.digest,
            version,
            components = components.len(),
            configuration = loaded.signature.describe(),
            "boot"
        );
    });
    Ok(())
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
