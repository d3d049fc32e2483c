// SPDX-License-Identifier: MIT OR Apache-2.0
//! How a command reaches the host of a directory: through the socket of the one that runs there, else by opening the
//! directory itself. What is done is the same.

use anyhow::{Context as _, Result, anyhow, bail};
use backend_postgres::PostgresStore;
use backend_sqlite::{StoreError, StoreLock};
use cortex::host::Host;
use cortex::layout::Layout;
use cortex::operator::HostOperator;
use cortex::{configured, trusting};
use edge_config::Configuration;
use edge_operator::{Answer, Client, Flow, Operator, Request, flow};
use serde_json::Value;
use std::fs::File;
use std::future::Future;
use std::io::Write as _;
use std::ops::Deref;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Where the data is, for a command that must open it itself.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Data {
    /// The PostgreSQL database with the tenants' data, as `cortex up` was given it. A host that runs on the directory
    /// is asked instead.
    #[arg(long, value_name = "URL")]
    database_url: Option<String>,
}

/// The host's directory, and what the environment and the command line say of it.
pub(crate) struct Home {
    layout: Layout,
    configuration: Configuration,
}

impl Home {
    /// The home of a command.
    pub(crate) fn new(configuration: Configuration) -> Self {
        Self { layout: Layout::at(&configuration.directory), configuration }
    }
}

impl Deref for Home {
    type Target = Layout;

    fn deref(&self) -> &Layout {
        &self.layout
    }
}

/// The operator of a host.
#[derive(Clone)]
pub(crate) struct Way(Arc<dyn Operator>);

impl Data {
    /// Runs a command with the host of the directory.
    pub(crate) fn with<T, F>(&self, home: &Home, act: impl FnOnce(Way) -> F) -> Result<T>
    where
        F: Future<Output = Result<T>>,
    {
        let (layout, configuration) = (&home.layout, &home.configuration);
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        runtime.block_on(async {
            if is_running(layout)? {
                let socket = layout.operator();
                if !socket.exists() {
                    bail!(
                        "another process works on `{}` and answers no commands: wait until it has ended",
                        layout.root().display()
                    );
                }
                return act(Way(Arc::new(Client::at(&socket)))).await;
            }
            let mut settings = configured::settings(configuration);
            settings.trust = trusting::Files::read(layout, configuration)?.trust()?;
            // As everywhere, the environment comes first.
            let url = configuration.database_url.as_ref().map(|url| url.expose().to_owned());
            if let Some(url) = url.as_ref().or(self.database_url.as_ref()) {
                settings.database = Some(PostgresStore::open(url, configured::postgres(configuration)).await?);
            }
            let host = Host::open(&settings).await?;
            let done = act(Way(HostOperator::new(&host))).await;
            host.close().await;
            done
        })
    }
}

/// Whether a process holds the directory. A host does as long as it lives, however it ends.
fn is_running(layout: &Layout) -> Result<bool> {
    if !layout.data().is_dir() {
        return Ok(false);
    }
    match StoreLock::acquire(&layout.data()) {
        Ok(_) => Ok(false),
        Err(StoreError::Locked { .. }) => Ok(true),
        Err(error) => Err(error.into()),
    }
}

impl Way {
    /// Calls an action that answers with a document.
    pub(crate) async fn json(&self, action: &str, input: Value) -> Result<Value> {
        match self.0.call(Request::new(action, input)).await.map_err(|refusal| anyhow!(refusal))? {
            Answer::Json(value) => Ok(value),
            Answer::Flow(_) => bail!("`{action}` answered with bytes"),
        }
    }

    /// Calls an action that takes a file.
    pub(crate) async fn upload(&self, action: &str, input: Value, file: File) -> Result<Value> {
        let request = Request { action: action.to_owned(), input, upload: Some(of_file(file)) };
        match self.0.call(request).await.map_err(|refusal| anyhow!(refusal))? {
            Answer::Json(value) => Ok(value),
            Answer::Flow(_) => bail!("`{action}` answered with bytes"),
        }
    }

    /// Calls an action that answers with bytes, and puts them into a file, which has its name only when it is whole and
    /// `check` let it pass.
    pub(crate) async fn download<T: Send + 'static>(
        &self,
        action: &str,
        input: Value,
        to: &Path,
        check: impl FnOnce(File) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let Answer::Flow(flow) = self.0.call(Request::new(action, input)).await.map_err(|refusal| anyhow!(refusal))?
        else {
            bail!("`{action}` did not answer with bytes");
        };
        let to = to.to_owned();
        tokio::task::spawn_blocking(move || {
            let part = part_of(&to);
            let written = write(flow, &part, &to, check);
            if written.is_err() {
                let _ = std::fs::remove_file(&part);
            }
            written
        })
        .await?
    }
}

/// The name of a file that is not whole yet.
pub(crate) fn part_of(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".part");
    path.with_file_name(name)
}

fn write<T>(flow: Flow, part: &Path, to: &Path, check: impl FnOnce(File) -> Result<T>) -> Result<T> {
    let context = || format!("cannot write `{}`", part.display());
    match std::fs::remove_file(part) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error).with_context(context),
        _ => {}
    }
    let mut options = File::options();
    let options = options.create_new(true).read(true).write(true).mode(0o600);
    let mut file = options.open(part).with_context(context)?;
    std::io::copy(&mut flow.into_reader(), &mut file).with_context(context)?;
    file.flush().and_then(|()| file.sync_all()).with_context(context)?;
    let checked = check(file)?;
    std::fs::rename(part, to).with_context(|| format!("cannot write `{}`", to.display()))?;
    let parent = to.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(parent).and_then(|parent| parent.sync_all()).with_context(context)?;
    Ok(checked)
}

fn of_file(mut file: File) -> Flow {
    let (mut writer, flow) = flow();
    tokio::task::spawn_blocking(move || {
        let copied = std::io::copy(&mut file, &mut writer).map(drop).map_err(|error| error.to_string());
        // Whoever took the bytes says why it wants no more.
        let _ = writer.blocking_end(copied);
    });
    flow
}
