// SPDX-License-Identifier: MIT OR Apache-2.0
//! What an operator may do to this host: one list of actions, for commands of the same process and for those that come
//! through the socket.
//!
//! To add an action: a line in [`HostOperator::act`], and a method that takes its input as a struct of its own.

use crate::host::Host;
use crate::text::chain;
use crate::transfer::{Error, Imported, Replace};
use cap_storage::transfer::TransferError;
use edge_archive::Archive;
use edge_installer::SignedGrant;
use edge_operator::{Answer, Flow, Operator, Refusal, Request, flow};
use futures_util::future::BoxFuture;
use kernel_types::{ComponentId, PermissionSet, TenantId};
use parking_lot::Mutex;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{Read as _, Seek as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::UnixListener;
use tokio::sync::Semaphore;

/// Tenants that are written or taken in at a time: each holds threads and a connection.
const TRANSFERS_MAX: usize = 4;

/// How long a client that is given an archive may take nothing of it: a snapshot is held for as long as it is read.
const EXPORT_PAUSE_MAX: Duration = Duration::from_secs(60);

/// Bytes of an archive that is taken in.
const ARCHIVE_BYTES_MAX: u64 = 1 << 38;

/// The operator of a host.
pub struct HostOperator {
    pub(crate) host: Arc<Host>,
    pub(crate) transfers: Arc<Semaphore>,
    importing: Arc<Mutex<BTreeSet<TenantId>>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OneTenant {
    pub(crate) tenant: TenantId,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Export {
    tenant: TenantId,
    /// Of this component alone.
    #[serde(default)]
    component: Option<ComponentId>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Token {
    tenant: TenantId,
    subject: String,
    permissions: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Import {
    /// The name that it gets here; without it, the archive's.
    tenant: Option<TenantId>,
    #[serde(default)]
    replace: bool,
    /// Consents in the place of the archive's: for another name, or a site with other administrators.
    #[serde(default)]
    consents: BTreeMap<ComponentId, SignedGrant>,
    /// With `replace`: also gives up data of components that the archive does not hold.
    #[serde(default)]
    drop_left_out: bool,
}

impl Operator for HostOperator {
    fn call(&self, request: Request) -> BoxFuture<'_, Result<Answer, Refusal>> {
        Box::pin(self.act(request))
    }
}

impl HostOperator {
    /// The operator of this host.
    #[must_use]
    pub fn new(host: &Arc<Host>) -> Arc<Self> {
        let (transfers, importing) = (Arc::new(Semaphore::new(TRANSFERS_MAX)), Arc::default());
        Arc::new(Self { host: Arc::clone(host), transfers, importing })
    }

    /// Listens at the socket in the host's directory. Whoever holds the lock of that directory is the only one who may:
    /// a socket that is there is of a host that was killed.
    ///
    /// # Errors
    /// Where the socket cannot be made; its path may be too long for the system.
    pub fn listen(&self) -> std::io::Result<UnixListener> {
        let path = self.host.layout().operator();
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let listener = UnixListener::bind(&path)?;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))?;
        Ok(listener)
    }

    async fn act(&self, request: Request) -> Result<Answer, Refusal> {
        let Request { action, input, upload } = request;
        match action.as_str() {
            "status" => read::<Nothing>(input).map(|_| Answer::Json(self.status())),
            "tenant.list" => read::<Nothing>(input).map(|_| Answer::Json(self.tenants())),
            "tenant.create" => self.create(read(input)?).await,
            "tenant.token" => self.token(read(input)?).await,
            "tenant.export" => self.export(read(input)?).await,
            "tenant.import" => self.import(read(input)?, upload).await,
            "component.list" => read::<Nothing>(input).map(|_| Answer::Json(self.components())),
            "component.install" => self.install(read(input)?, upload).await,
            "component.uninstall" => self.uninstall(read(input)?).await,
            "tenant.plan" => self.plan(&read(input)?).await,
            "tenant.enable" => self.enable(read(input)?).await,
            "tenant.disable" => self.disable(read(input)?).await,
            "tenant.grants" => self.grants(&read(input)?),
            "revocations.load" => self.revoke(read(input)?).await,
            "revocations.show" => read::<Nothing>(input).map(|_| Answer::Json(self.revocations())),
            _ => {
                let action: String = action.chars().take(60).collect();
                Err(Refusal::new("unknown-action", format!("this host knows no action `{action}`")))
            }
        }
    }

    fn status(&self) -> Value {
        json!({
            "version": env!("CARGO_PKG_VERSION"),
            "process": std::process::id(),
            "tenants": self.host.tenants(),
            "ready": self.host.is_ready(),
        })
    }

    fn tenants(&self) -> Value {
        let providers = self.host.registry().providers();
        let served = providers.tenants().into_iter().map(|tenant| {
            let set = providers.get(&tenant);
            let components = set.iter().flat_map(|set| set.components()).map(|enabled| {
                let manifest = enabled.installed.manifest();
                json!({ "id": manifest.id, "version": manifest.version.to_string(), "digest": enabled.installed.digest() })
            });
            let components: Vec<_> = components.collect();
            self.listed(&tenant, components)
        });
        let mut all: Vec<_> = served.collect();
        let missing: Vec<_> = self.host.suspended.read().keys().cloned().collect();
        let known: BTreeSet<_> = providers.tenants().into_iter().collect();
        let missing = missing.into_iter().filter(|tenant| !known.contains(tenant));
        all.extend(missing.map(|tenant| self.listed(&tenant, Vec::new())));
        json!({ "tenants": all })
    }

    fn listed(&self, tenant: &TenantId, components: Vec<Value>) -> Value {
        let suspended = self.host.suspended.read().get(tenant).copied();
        let mut listed = json!({ "tenant": tenant, "components": components, "served": suspended.is_none() });
        if let (Some(why), Some(listed)) = (suspended, listed.as_object_mut()) {
            listed.insert("why".to_owned(), why.advice().into());
        }
        listed
    }

    async fn create(&self, OneTenant { tenant }: OneTenant) -> Result<Answer, Refusal> {
        let suspended = self.host.suspended.read().contains_key(&tenant);
        if suspended || self.host.registry().providers().get(&tenant).is_some() {
            return Err(Refusal::new("tenant-exists", format!("there is a tenant `{tenant}` already")));
        }
        self.host.create_tenant(&tenant).await.map_err(internal)?;
        Ok(Answer::Json(json!({ "tenant": tenant })))
    }

    async fn token(&self, Token { tenant, subject, permissions }: Token) -> Result<Answer, Refusal> {
        let permissions = PermissionSet::of(permissions.iter().map(String::as_str));
        let token = self.host.issue_token(&tenant, &subject, permissions).await;
        let token = token.map_err(|error| Refusal::new("unknown-tenant", chain(&error)))?;
        Ok(Answer::Json(json!({ "tenant": tenant, "token": token })))
    }

    async fn export(&self, Export { tenant, component }: Export) -> Result<Answer, Refusal> {
        let place = Arc::clone(&self.transfers).acquire_owned().await.map_err(|error| internal(error.into()))?;
        let export = self.host.export(&tenant, component.as_ref()).await.map_err(|error| refusal(&error))?;
        let (writer, flow) = flow();
        let writer = writer.within(EXPORT_PAUSE_MAX);
        tokio::task::spawn_blocking(move || {
            // The writer is behind a shared handle: the export may fail, and then it is the writer that says so.
            let shared = Shared(Arc::new(Mutex::new(Some(writer))));
            let written = export.write(shared.clone()).map(drop).map_err(|error| error.to_string());
            if let Err(error) = &written {
                tracing::warn!(%tenant, error, "a tenant could not be written to its end");
            }
            if let Some(writer) = shared.0.lock().take() {
                let _ = writer.blocking_end(written);
            }
            drop(place);
        });
        Ok(Answer::Flow(flow))
    }

    async fn import(&self, input: Import, upload: Option<Flow>) -> Result<Answer, Refusal> {
        let upload = upload.ok_or_else(|| Refusal::new("invalid-request", "the archive's bytes are missing"))?;
        let place = Arc::clone(&self.transfers).acquire_owned().await.map_err(|error| internal(error.into()))?;
        // Without a name: nothing remains of it, however this process ends.
        let file = tempfile::tempfile_in(self.host.layout().root()).map_err(|error| internal(error.into()))?;
        let opened = tokio::task::spawn_blocking(move || open(file, upload)).await;
        let archive = opened.map_err(|error| internal(error.into()))??;
        let tenant = input.tenant.unwrap_or_else(|| archive.header().tenant.clone());
        let alone = Alone::new(&self.importing, &tenant)?;
        let running = Arc::clone(&self.host.imports).read_owned().await;
        let host = Arc::clone(&self.host);
        let replace = match (input.replace, input.drop_left_out) {
            (false, _) => Replace::Nothing,
            (true, false) => Replace::Same,
            (true, true) => Replace::Everything,
        };
        let consents = input.consents;
        // A task of its own: whoever asked may leave, and what was begun is brought to its end.
        let importing = tokio::spawn(async move {
            let imported = host.import(Arc::new(archive), &tenant, replace, &consents).await;
            if let Err(error) = &imported {
                tracing::warn!(%tenant, %error, "a tenant was not taken in");
            }
            drop((alone, place, running));
            imported
        });
        let imported: Imported =
            importing.await.map_err(|error| internal(error.into()))?.map_err(|error| refusal(&error))?;
        Ok(Answer::Json(serde_json::to_value(imported).map_err(|error| internal(error.into()))?))
    }
}

/// Gathers an archive in a file and reads it to its end.
fn open(mut file: File, upload: Flow) -> Result<Archive, Refusal> {
    let archive = |error: &dyn std::fmt::Display| Refusal::new("archive", error.to_string());
    let mut bytes = upload.into_reader().take(ARCHIVE_BYTES_MAX.saturating_add(1));
    let count = std::io::copy(&mut bytes, &mut file).map_err(|error| archive(&error))?;
    if count > ARCHIVE_BYTES_MAX {
        return Err(archive(&format_args!("the archive is too large: {ARCHIVE_BYTES_MAX} bytes are the most")));
    }
    file.flush().and_then(|()| file.rewind()).map_err(|error| archive(&error))?;
    Archive::open(file).map_err(|error| archive(&error))
}

pub(crate) fn read<T: DeserializeOwned>(input: Value) -> Result<T, Refusal> {
    serde_json::from_value(input).map_err(|error| Refusal::new("invalid-input", error.to_string()))
}

pub(crate) fn internal(error: anyhow::Error) -> Refusal {
    Refusal::new("internal", chain(&error))
}

fn refusal(error: &Error) -> Refusal {
    let code = match error {
        Error::Transfer(TransferError::UnknownTenant(_)) => "unknown-tenant",
        Error::Transfer(TransferError::NotEmpty(_)) => "not-empty",
        Error::Transfer(TransferError::Unavailable(_) | TransferError::Interrupted(_)) | Error::Moving(_) => {
            "unavailable"
        }
        Error::Archive(_) | Error::Transfer(_) => "archive",
        Error::Component { .. } => "component",
        Error::Suspended { .. } => "suspended",
        Error::Unfinished(_) => "unfinished",
        Error::LeftOut { .. } | Error::Unseen { .. } => "left-out",
        Error::Unrecorded { .. } => "unrecorded",
        Error::Host(_) => "internal",
    };
    Refusal::new(code, error.to_string())
}

/// One import of a tenant at a time.
struct Alone(Arc<Mutex<BTreeSet<TenantId>>>, TenantId);

impl Alone {
    fn new(importing: &Arc<Mutex<BTreeSet<TenantId>>>, tenant: &TenantId) -> Result<Self, Refusal> {
        if !importing.lock().insert(tenant.clone()) {
            return Err(Refusal::new("busy", format!("tenant `{tenant}` is being taken in already: wait for it")));
        }
        Ok(Self(Arc::clone(importing), tenant.clone()))
    }
}

impl Drop for Alone {
    fn drop(&mut self) {
        self.0.lock().remove(&self.1);
    }
}

/// A writer that outlives what writes to it.
#[derive(Clone)]
struct Shared(Arc<Mutex<Option<edge_operator::FlowWriter>>>);

impl std::io::Write for Shared {
    fn write(&mut self, buffer: &[u8]) -> std::io::Result<usize> {
        self.0.lock().as_mut().map_or(Ok(0), |writer| writer.write(buffer))
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.0.lock().as_mut().map_or(Ok(()), std::io::Write::flush)
    }
}
