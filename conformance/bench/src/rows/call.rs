// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a call costs in the process of the host: a fresh instance, a text in and out, one call of the host, all
//! dropped.

use crate::Context;
use crate::measure::{median, microseconds, percentile};
use crate::table::{Line, Table, Target};
use anyhow::{Context as _, Result};
use cortex::Chosen;
use cortex::host::{Host, Settings};
use kernel_engine::{Kernel, Prepared, Request};
use kernel_types::{Caller, CallerKind, ComponentId, InterfaceId, PermissionSet, RequestId, Subject, TenantId};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};
use wasmtime::component::Val;

/// Calls in a round.
const CALLS: usize = 20_000;

/// The guest that does next to nothing, ready to be called without HTTP.
pub(crate) struct Echo {
    /// Kept, because the tenant's components go with it.
    _host: Arc<Host>,
    kernel: Kernel,
    prepared: Arc<Prepared>,
    interface: InterfaceId,
    caller: Arc<Caller>,
}

impl Echo {
    /// Installs it in a host of its own.
    pub(crate) async fn open(directory: &Path, bundle: &Path) -> Result<Self> {
        let host = Host::open(&Settings { trust: signed_samples::trust(), ..Settings::at(directory) }).await?;
        let tenant = TenantId::parse("bench")?;
        host.create_tenant(&tenant).await?;
        let installed = host.install(signed_samples::package(bundle)?, true).await?;
        let grant = signed_samples::grant(&tenant, &installed, &installed.wanted());
        host.enable(&tenant, &[Chosen { installed, grant }]).await?;
        let set = host.registry().providers().get(&tenant).context("the tenant has no components")?;
        let id = ComponentId::parse("echo")?;
        let enabled = set.components().iter().find(|enabled| *enabled.prepared.id() == id);
        let prepared = Arc::clone(&enabled.context("echo is not enabled")?.prepared);
        let caller = Arc::new(Caller {
            tenant,
            subject: Subject("bench".into()),
            kind: CallerKind::User,
            display_name: "Bench".into(),
            roles: [].into(),
            permissions: PermissionSet::of(["*"]),
            credential: "bench".into(),
            on_behalf_of: None,
        });
        let kernel = host.registry().kernel().clone();
        let interface = InterfaceId::parse("cortex:echo/echo@1.0.0")?;
        Ok(Self { _host: host, kernel, prepared, interface, caller })
    }

    /// Calls a function; returns how long that took.
    pub(crate) async fn call(&self, function: &str, argument: Val) -> Result<Duration> {
        let request = Request {
            id: RequestId::parse("bench-request-0001")?,
            caller: Arc::clone(&self.caller),
            now: SystemTime::now(),
            deadline: Instant::now() + Duration::from_secs(60),
        };
        let arguments = vec![argument];
        let begin = Instant::now();
        let answer = self.kernel.invoke(request, &self.prepared, &self.interface, function, arguments, None).await?;
        let time = begin.elapsed();
        answer.result.context("an answer without a value")?;
        Ok(time)
    }
}

/// Measures it.
pub(crate) async fn measure(context: &Context, table: &mut Table) -> Result<()> {
    let echo = Echo::open(&context.scratch.join("call"), &context.bundles.echo.directory).await?;
    let (mut half, mut most) = (Vec::new(), Vec::new());
    for _ in 0..=context.rounds {
        let mut times = Vec::with_capacity(CALLS);
        for _ in 0..CALLS {
            times.push(microseconds(echo.call("say", Val::String("a text of some length".to_owned())).await?));
        }
        half.push(percentile(&mut times, 50));
        most.push(percentile(&mut times, 99));
    }
    // The first round warms up.
    let of_rounds = |values: Vec<f64>| median(values.into_iter().skip(1));
    let note = format!("p99 {:.1} us", of_rounds(most));
    table.add(Line {
        what: "instantiate, call with a text each way and one host call, drop; in process, p50".to_owned(),
        measured: of_rounds(half),
        unit: "us",
        target: Some(Target::AtMost(20.0)),
        note,
        ..Line::default()
    });
    Ok(())
}
