// SPDX-License-Identifier: MIT OR Apache-2.0
//! A host as a process of its own, for tests that kill it: `conformance-host DIRECTORY URL BUNDLE...` opens the
//! directory, and the database of the URL where it is not empty, enables the bundles for the tenant `test`, prints its
//! address and a token in one line, and serves until it is killed.

use anyhow::{Context as _, Result};
use cortex::host::Host;
use kernel_types::{PermissionSet, TenantId};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::net::TcpListener;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<()> {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let directory = arguments.next().context("which directory?")?;
    let mut settings = conformance::settings(&directory);
    let url = arguments.next().context("which database?")?;
    if let Some(url) = url.to_str().filter(|url| !url.is_empty()) {
        settings.database = Some(conformance::backend::open(url).await);
    }
    let host = Host::open(&settings).await?;
    let tenant = TenantId::parse("test")?;
    host.create_tenant(&tenant).await?;
    let mut choice = Vec::new();
    for bundle in arguments {
        let installed = conformance::install(&host, &bundle).await?;
        choice.push(conformance::wanted(&tenant, &installed));
    }
    host.enable(&tenant, &choice).await?;
    let token = token(&host, &tenant, &directory.join("token")).await?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let mut out = std::io::stdout().lock();
    writeln!(out, "http://{} {token}", listener.local_addr()?)?;
    out.flush()?;
    host.serve(listener, std::future::pending()).await;
    Ok(())
}

/// The token of the start before, or a new one.
async fn token(host: &Arc<Host>, tenant: &TenantId, file: &Path) -> Result<String> {
    match std::fs::read_to_string(file) {
        Ok(token) if host.knows_token(tenant, &token) => Ok(token),
        _ => {
            let token = host.issue_token(tenant, "tester", PermissionSet::of(["*"])).await?;
            std::fs::write(file, &token)?;
            Ok(token)
        }
    }
}
