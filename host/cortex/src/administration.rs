// SPDX-License-Identifier: MIT OR Apache-2.0
//! What an operator may do with packages, consents and revocations: the actions of [`HostOperator`] about them.

use crate::host::Host;
use crate::operator::{HostOperator, OneTenant, internal};
use crate::text::chain;
use edge_installer::{GrantError, Refusal as Refused, SignedGrant, describe_signer};
use edge_operator::{Answer, Flow, Refusal};
use edge_package::Layout;
use jiff::Timestamp;
use kernel_types::{ComponentId, Digest, TenantId};
use serde::Deserialize;
use serde_json::{Value, json};
use std::io::Read as _;
use std::sync::Arc;

/// Bytes of a package with what is attached to it, as it is sent: as many as hosts can keep.
const PACKAGE_BYTES_MAX: u64 = cap_state::limits::BLOB_BYTES_MAX as u64;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Install {
    /// Whether a release may be older than one that was accepted before.
    #[serde(default)]
    older: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Uninstall {
    package: Digest,
    /// Whether a version may go that a tenant could go back to.
    #[serde(default)]
    drop_rollback: bool,
}

/// Which package of a component: by its digest, by its version, the one that the tenant had before, or the highest
/// version.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PlanFor {
    tenant: TenantId,
    #[serde(default)]
    component: Option<ComponentId>,
    #[serde(default)]
    version: Option<String>,
    #[serde(default)]
    package: Option<Digest>,
    #[serde(default)]
    before: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Enable {
    tenant: TenantId,
    package: Digest,
    grant: SignedGrant,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Disable {
    tenant: TenantId,
    component: ComponentId,
    /// Whether its tables go as well.
    #[serde(default)]
    remove_data: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Revoke {
    text: String,
    bundle: String,
}

impl HostOperator {
    pub(crate) fn components(&self) -> Value {
        let known = self.host.known.lock();
        let revoked = self.host.revocations();
        let mut components: Vec<_> = known.components.iter().collect();
        components.sort_by(|(_, one), (_, other)| (&one.id, &one.version).cmp(&(&other.id, &other.version)));
        let described = components.into_iter().map(|(digest, record)| {
            let component = self.host.component(digest);
            let verified = component.iter().flat_map(|component| component.verified.iter());
            let signed: Vec<_> =
                verified.map(|one| json!({ "kind": one.kind, "by": describe_signer(&one.signer) })).collect();
            json!({
                "component": record.id,
                "version": record.version,
                "package": digest,
                "installed_at": record.installed_at,
                "signed": signed,
                "tenants": known.users(digest).len(),
                "usable": component.is_some(),
                "revoked": revoked.as_ref().and_then(|list| list.reason(digest)),
            })
        });
        json!({ "components": described.collect::<Vec<_>>() })
    }

    pub(crate) async fn install(&self, input: Install, upload: Option<Flow>) -> Result<Answer, Refusal> {
        let upload = upload.ok_or_else(|| Refusal::new("invalid-request", "the package's bytes are missing"))?;
        // Each holds its package in memory some three times over.
        let _place = self.transfers.acquire().await.map_err(|error| internal(error.into()))?;
        let layout = tokio::task::spawn_blocking(move || unpack(upload)).await;
        let layout = layout.map_err(|error| internal(error.into()))??;
        let installed = self.host.install(layout, input.older).await.map_err(|error| refused(&error))?;
        let manifest = installed.manifest();
        Ok(Answer::Json(json!({
            "component": manifest.id,
            "version": manifest.version.to_string(),
            "name": manifest.name(),
            "package": installed.digest(),
        })))
    }

    pub(crate) async fn uninstall(&self, input: Uninstall) -> Result<Answer, Refusal> {
        let done = self.host.uninstall(&input.package, input.drop_rollback).await;
        done.map_err(|error| Refusal::new("in-use", chain(&error)))?;
        Ok(Answer::Json(json!({ "package": input.package })))
    }

    pub(crate) async fn plan(&self, input: &PlanFor) -> Result<Answer, Refusal> {
        let package = which(&self.host, input)?;
        let plan = self.host.plan(&input.tenant, &package).await.map_err(|error| refused(&error))?;
        let consent = plan.consent(Timestamp::now());
        let text = consent.text().map_err(|error| internal(error.into()))?;
        let said = plan.to_string();
        Ok(Answer::Json(json!({ "plan": plan, "digest": plan.digest(), "text": said, "consent": text })))
    }

    pub(crate) async fn enable(&self, input: Enable) -> Result<Answer, Refusal> {
        let Enable { tenant, package, grant } = input;
        let reports = self.host.enable_package(&tenant, &package, grant).await.map_err(|error| refused(&error))?;
        let ran: Vec<_> = reports.into_iter().flat_map(|(_, report)| report.ran).collect();
        Ok(Answer::Json(json!({ "tenant": tenant, "package": package, "migrations": ran })))
    }

    pub(crate) async fn disable(&self, input: Disable) -> Result<Answer, Refusal> {
        let Disable { tenant, component, remove_data } = input;
        self.host.disable(&tenant, &component).await.map_err(|error| refused(&error))?;
        let removed = match remove_data {
            true => self.host.remove_data(&tenant, &component).await.map_err(|error| refused(&error))?,
            false => Vec::new(),
        };
        Ok(Answer::Json(json!({ "tenant": tenant, "component": component, "removed": removed })))
    }

    pub(crate) fn grants(&self, input: &OneTenant) -> Result<Answer, Refusal> {
        let tenant = &input.tenant;
        let known = self.host.known.lock();
        let record = known.tenant(tenant);
        let record = record.ok_or_else(|| Refusal::new("unknown-tenant", format!("there is no tenant `{tenant}`")))?;
        let grants = record.components.iter().map(|(id, choice)| {
            let granted = self.host.trust.accept(&choice.grant, tenant, choice.accepted_at);
            let (consent, by, fault) = match &granted {
                Ok(granted) => (Some(granted.consent()), Some(describe_signer(granted.signer())), None),
                Err(error) => (None, None, Some(with_causes(error))),
            };
            json!({
                "component": id,
                "package": choice.package,
                "before": choice.before,
                "accepted_at": choice.accepted_at,
                "consent": consent,
                "by": by,
                "fault": fault,
            })
        });
        Ok(Answer::Json(json!({ "tenant": tenant, "grants": grants.collect::<Vec<_>>() })))
    }

    pub(crate) async fn revoke(&self, input: Revoke) -> Result<Answer, Refusal> {
        self.host.revoke(&input.text, &input.bundle).await.map_err(|error| refused(&error))?;
        Ok(Answer::Json(self.revocations()))
    }

    pub(crate) fn revocations(&self) -> Value {
        let Some(list) = self.host.revocations() else { return json!({ "number": null, "revoked": {} }) };
        let revoked = list.digests().map(|digest| (digest.to_string(), json!(list.reason(digest))));
        json!({
            "number": list.edition().number,
            "issued_at": list.issued_at(),
            "stale": self.host.list_fault(),
            "revoked": revoked.collect::<serde_json::Map<_, _>>(),
        })
    }
}

/// An error with all that it says.
fn with_causes(error: &GrantError) -> String {
    let cause = std::error::Error::source(error).map(|cause| format!(": {cause}"));
    format!("{error}{}", cause.unwrap_or_default())
}

/// The package that is meant.
fn which(host: &Arc<Host>, input: &PlanFor) -> Result<Digest, Refusal> {
    let unknown = |text: String| Refusal::new("unknown-package", text);
    if let Some(package) = input.package {
        return Ok(package);
    }
    let id =
        input.component.as_ref().ok_or_else(|| unknown("name a component or the digest of a package".to_owned()))?;
    let known = host.known.lock();
    if input.before {
        let record = known.tenant(&input.tenant).and_then(|record| record.components.get(id));
        let before = record.and_then(|choice| choice.before);
        return before
            .ok_or_else(|| unknown(format!("tenant `{}` has no version of `{id}` to go back to", input.tenant)));
    }
    let versions = known.components.iter().filter(|(_, record)| record.id == *id);
    let fitting = versions
        .filter(|(_, record)| input.version.as_ref().is_none_or(|version| record.version.to_string() == *version));
    let revoked = host.revocations();
    let may_run = |package: &Digest| revoked.as_ref().is_none_or(|list| list.reason(package).is_none());
    // Of several packages of one version, the one that came last.
    let found = fitting.filter(|(package, _)| may_run(package)).max_by(|(_, one), (_, other)| {
        one.version.cmp_precedence(&other.version).then(one.installed_at.cmp(&other.installed_at))
    });
    let version = input.version.as_deref().unwrap_or("any version");
    found
        .map(|(digest, _)| *digest)
        .ok_or_else(|| unknown(format!("`{id}`, {version}, is not installed: `cortex install` it first")))
}

/// Gathers a package and reads it.
fn unpack(upload: Flow) -> Result<Layout, Refusal> {
    let mut bytes = Vec::new();
    let read = upload.into_reader().take(PACKAGE_BYTES_MAX.saturating_add(1)).read_to_end(&mut bytes);
    read.map_err(|error| Refusal::new("package", error.to_string()))?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > PACKAGE_BYTES_MAX {
        return Err(Refusal::new("package", format!("more than {PACKAGE_BYTES_MAX} bytes")));
    }
    Layout::unpack(&bytes).map_err(|error| Refusal::new(&error.step.to_string(), error.to_string()))
}

/// The step that refused is the code where there is one.
fn refused(error: &anyhow::Error) -> Refusal {
    let step = error.downcast_ref::<Refused>().map(Refused::step);
    let step = step.or_else(|| error.downcast_ref::<signing_verify::Refused>().map(|refused| refused.step.to_string()));
    let code = match step {
        Some(step) => step,
        None if error.chain().any(|cause| cause.is::<GrantError>()) => "consent".to_owned(),
        None => "refused".to_owned(),
    };
    Refusal::new(&code, chain(error))
}
