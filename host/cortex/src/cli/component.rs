// SPDX-License-Identifier: MIT OR Apache-2.0
//! The packages of a host and what its tenants enable of them: `cortex install`, `uninstall`, `components`, `enable`,
//! `upgrade`, `rollback`, `disable`, `grants` and `revoke`.
//!
//! Enabling shows the plan, asks, and signs the consent with the administrator's key; the host believes the signature,
//! not the command.

use super::passphrase::PassphraseFile;
use super::signatory::Signatory;
use super::tenant::{list, text};
use super::terminal::{self, Step};
use super::way::{Data, Home, Way};
use super::{key, push};
use anyhow::{Context as _, Result, bail};
use edge_archive::Archive;
use edge_installer::Consent;
use edge_package::Layout;
use kernel_types::{ComponentId, Digest, TenantId};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs::File;
use std::future::Future;
use std::io::{Seek as _, Write as _};
use std::path::PathBuf;

/// For whom the development authority signs.
pub(super) const DEVELOPER: &str = "developer@localhost";

/// Bytes of a list of revocations or its bundle.
const LIST_BYTES_MAX: u64 = 16 << 20;

/// What the commands have in common.
#[derive(Debug, clap::Args)]
pub(crate) struct Common {
    #[command(flatten)]
    data: Data,
    /// Prints one object of JSON.
    #[arg(long)]
    json: bool,
}

impl Common {
    fn run<F: Future<Output = Result<(Value, String)>>>(&self, home: &Home, act: impl FnOnce(Way) -> F) -> Result<()> {
        let (value, said) = self.data.with(home, act)?;
        terminal::line(&if self.json { value.to_string() } else { said });
        Ok(())
    }
}

/// Installs a package: verified, checked, compiled. No tenant has it before it is enabled there.
#[derive(Debug, clap::Args)]
pub(crate) struct Install {
    /// The folder of a layout, or a reference to a registry, `host/name@sha256:...`.
    #[arg(value_name = "PACKAGE")]
    package: String,
    /// Lets a release in that is older than one that was accepted before.
    #[arg(long)]
    older: bool,
    #[command(flatten)]
    reach: push::Reach,
    #[command(flatten)]
    common: Common,
}

impl Install {
    pub(crate) fn run(&self, home: &Home) -> Result<()> {
        let layout = self.layout()?;
        let step = Step::begin(&format!("installing {}", layout.package.digest()));
        let mut file = tempfile::tempfile()?;
        file.write_all(&layout.pack())?;
        file.rewind()?;
        self.common.run(home, async |way: Way| {
            let result = way.upload("component.install", json!({ "older": self.older }), file).await?;
            step.done("verified, checked and compiled");
            let (id, version, package) =
                (text(&result, "component"), text(&result, "version"), text(&result, "package"));
            Ok((
                result,
                format!("{package} {id} {version}\nenable it for a tenant: cortex enable {id} --tenant <tenant>"),
            ))
        })
    }

    fn layout(&self) -> Result<Layout> {
        let folder = PathBuf::from(&self.package);
        if folder.join("oci-layout").exists() {
            return Layout::read(&folder).with_context(|| format!("`{}`", folder.display()));
        }
        let remote = self.reach.remote(&self.package)?;
        Ok(push::runtime()?.block_on(remote.pull())?.layout)
    }
}

/// Forgets a package that no tenant has enabled.
#[derive(Debug, clap::Args)]
pub(crate) struct Uninstall {
    /// The digest of the package.
    package: Digest,
    /// Also where a tenant could go back to it.
    #[arg(long)]
    drop_rollback: bool,
    #[command(flatten)]
    common: Common,
}

impl Uninstall {
    pub(crate) fn run(&self, home: &Home) -> Result<()> {
        let (package, drop_rollback) = (self.package, self.drop_rollback);
        self.common.run(home, async |way: Way| {
            let result =
                way.json("component.uninstall", json!({ "package": package, "drop_rollback": drop_rollback })).await?;
            Ok((result, format!("{package} is not installed any more; data of tenants that had it stays")))
        })
    }
}

/// Lists the installed packages.
#[derive(Debug, clap::Args)]
pub(crate) struct Components {
    #[command(flatten)]
    common: Common,
}

impl Components {
    pub(crate) fn run(&self, home: &Home) -> Result<()> {
        self.common.run(home, async |way: Way| {
            let result = way.json("component.list", json!({})).await?;
            let lines: Vec<_> = list(&result, "components").iter().map(line).collect();
            let said = if lines.is_empty() { "no packages".to_owned() } else { lines.join("\n") };
            Ok((result, said))
        })
    }
}

fn line(component: &Value) -> String {
    let by: Vec<_> =
        list(component, "signed").iter().map(|one| format!("{} by {}", text(one, "kind"), text(one, "by"))).collect();
    let revoked = component.get("revoked").and_then(Value::as_str);
    let state = match revoked {
        Some(reason) => format!("REVOKED: {reason}"),
        None => format!("{} tenants", component.get("tenants").and_then(Value::as_u64).unwrap_or_default()),
    };
    let [id, version, package] = ["component", "version", "package"].map(|key| text(component, key));
    format!("{id} {version} {package} ({state}); {}", by.join(", "))
}

/// Enables a component for a tenant: shows the plan, asks, signs the consent.
#[derive(Debug, clap::Args)]
pub(crate) struct Enable {
    /// The component; the highest version that is installed, where none is named.
    component: ComponentId,
    /// A version of it.
    #[arg(long, conflicts_with = "package")]
    version: Option<String>,
    /// A package of it, by its digest.
    #[arg(long)]
    package: Option<Digest>,
    #[command(flatten)]
    agreement: Agreement,
}

/// Goes back to the version that the tenant had before.
#[derive(Debug, clap::Args)]
pub(crate) struct Rollback {
    /// The component.
    component: ComponentId,
    #[command(flatten)]
    agreement: Agreement,
}

/// For whom, and who agrees.
#[derive(Debug, clap::Args)]
pub(crate) struct Agreement {
    /// The tenant.
    #[arg(long)]
    tenant: TenantId,
    /// Shows the plan and changes nothing.
    #[arg(long)]
    plan: bool,
    /// Agrees without being asked to this plan, by the digest that `--plan` printed; or to any, with `--yes`.
    #[arg(long, value_name = "DIGEST", conflicts_with_all = ["plan", "yes"])]
    agree: Option<Digest>,
    #[command(flatten)]
    administrator: Administrator,
    #[command(flatten)]
    common: Common,
}

/// Who signs the consent.
#[derive(Debug, clap::Args)]
pub(super) struct Administrator {
    /// The administrator's key, which `cortex key generate` made and the site's policy names for
    /// `cortex/grants/<tenant>`. Without it, the development authority of the host's directory, where there is one.
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    #[command(flatten)]
    passphrase: PassphraseFile,
    /// Agrees without being asked, to whatever it is.
    #[arg(long)]
    yes: bool,
}

impl Administrator {
    /// The consents of an archive, signed anew where a key is named or the tenant gets another name.
    pub(super) async fn consents(&self, home: &Home, file: &File, tenant: Option<&TenantId>) -> Result<Value> {
        let copy = file.try_clone()?;
        let archive = tokio::task::spawn_blocking(move || Archive::open(copy)).await??;
        let mut start = file;
        start.rewind()?;
        let tenant = tenant.unwrap_or(&archive.header().tenant);
        let mut consents = serde_json::Map::new();
        if self.key.is_none() && *tenant == archive.header().tenant || archive.header().components.is_empty() {
            return Ok(Value::Object(consents));
        }
        let signatory = self.signatory(home).await?;
        let mut all = Vec::new();
        for component in &archive.header().components {
            let consent = edge_package::json::read::<Consent>(component.consent.text.as_bytes());
            let mut consent = consent.with_context(|| format!("the archive's consent to `{}`", component.id))?;
            consent.grant.tenant = tenant.clone();
            consent.granted_at = jiff::Timestamp::now();
            let grants =
                consent.grant.capabilities.0.iter().chain(&consent.calls).cloned().collect::<Vec<_>>().join(", ");
            terminal::beside(&format!(
                "`{}` of tenant `{tenant}`, {}, may use {grants}",
                component.id, component.digest
            ));
            all.push(consent);
        }
        if !self.yes && !terminal::confirm("agree to all of these?")? {
            bail!("nothing was changed");
        }
        for consent in all {
            let text = consent.text()?;
            let bundle = String::from_utf8(signatory.sign(text.as_bytes()).await?.bytes)?;
            consents.insert(consent.grant.component.to_string(), json!({ "text": text, "bundle": bundle }));
        }
        signatory.stop().await;
        Ok(Value::Object(consents))
    }

    async fn signatory(&self, home: &Home) -> Result<Signatory> {
        if let Some(file) = &self.key {
            return Signatory::of_key(key::read(file, &self.passphrase)?);
        }
        let folder = home.authority();
        if !folder.join("authority.json").exists() {
            bail!("who agrees? Name the administrator's key with `--key`; `cortex key generate` makes one");
        }
        Signatory::development(&folder, DEVELOPER).await
    }
}

impl Enable {
    pub(crate) fn run(&self, home: &Home) -> Result<()> {
        let Self { component, version, package, agreement } = self;
        let which =
            json!({ "tenant": agreement.tenant, "component": component, "version": version, "package": package });
        agreement.run(home, which)
    }
}

impl Rollback {
    pub(crate) fn run(&self, home: &Home) -> Result<()> {
        let Self { component, agreement } = self;
        agreement.run(home, json!({ "tenant": agreement.tenant, "component": component, "before": true }))
    }
}

impl Agreement {
    fn run(&self, home: &Home, which: Value) -> Result<()> {
        self.common.run(home, async |way: Way| {
            let plan = way.json("tenant.plan", which).await?;
            if self.plan {
                let said = text(&plan, "text");
                return Ok((plan, said));
            }
            self.agree(&plan)?;
            let consent = text(&plan, "consent");
            self.check(&plan, &consent)?;
            let signatory = self.administrator.signatory(home).await?;
            let signed = signatory.sign(consent.as_bytes()).await;
            signatory.stop().await;
            let bundle = String::from_utf8(signed?.bytes)?;
            let package = plan.pointer("/plan/to/package").cloned().unwrap_or_default();
            let input = json!({
                "tenant": self.tenant, "package": package, "grant": { "text": consent, "bundle": bundle },
            });
            let result = way.json("tenant.enable", input).await?;
            let ran = list(&result, "migrations").len();
            Ok((result, format!("done; {ran} migrations ran")))
        })
    }

    /// Whether a consent says no more than its plan, and the plan is the one that is named: what is signed is not taken on trust.
    fn check(&self, plan: &Value, consent: &str) -> Result<()> {
        let shown = plan.get("plan").cloned().unwrap_or_default();
        let digest = Digest::of(&edge_package::json::canonical(&shown));
        let consent: Consent = edge_package::json::read(consent.as_bytes())?;
        let names = |list: &str| -> BTreeSet<String> {
            super::tenant::list(&shown, list).iter().map(|one| text(one, "interface")).collect()
        };
        let grant = &consent.grant;
        let same = text(plan, "digest") == digest.to_string()
            && consent.plan == digest
            && grant.tenant == self.tenant
            && grant.component.as_str() == text(&shown, "component")
            && shown.pointer("/to/package") == Some(&json!(grant.digest))
            && grant.capabilities.0 == names("capabilities")
            && consent.calls == names("calls");
        if same {
            Ok(())
        } else {
            bail!("the host's plan and the consent to it are not about the same: nothing was signed")
        }
    }

    /// Asks, unless the answer is there.
    fn agree(&self, plan: &Value) -> Result<()> {
        let digest = text(plan, "digest");
        match self.agree {
            Some(agreed) if agreed.to_string() == digest => return Ok(()),
            Some(agreed) => bail!("the plan is {digest}, and you agree to {agreed}: look at it again with `--plan`"),
            None if self.administrator.yes => return Ok(()),
            None => {}
        }
        terminal::beside(&text(plan, "text"));
        if terminal::confirm("agree to this plan")? { Ok(()) } else { bail!("nothing was changed") }
    }
}

/// Takes a component out of a tenant. Its data stays, unless told otherwise.
#[derive(Debug, clap::Args)]
pub(crate) struct Disable {
    /// Writes the component's tables and its package into an archive first, which `cortex tenant import` reads.
    ///
    /// It is a snapshot: what is written after it and before the removal is in neither, so let nobody write meanwhile.
    #[arg(long, value_name = "FILE")]
    archive: Option<PathBuf>,
    /// Removes the component's tables in this tenant and what is in them: exactly those.
    #[arg(long)]
    remove_data: bool,
    /// The component.
    component: ComponentId,
    /// The tenant.
    #[arg(long)]
    tenant: TenantId,
    #[command(flatten)]
    common: Common,
}

impl Disable {
    pub(crate) fn run(&self, home: &Home) -> Result<()> {
        let Self { component, tenant, archive, remove_data, common } = self;
        common.run(home, async |way: Way| {
            if let Some(file) = archive {
                super::tenant::export(&way, tenant, Some(component), file).await?;
            }
            let input = json!({ "tenant": tenant, "component": component, "remove_data": remove_data });
            let result = way.json("tenant.disable", input).await?;
            let removed = list(&result, "removed").len();
            let data =
                if *remove_data { format!("{removed} tables were removed") } else { "its data stays".to_owned() };
            Ok((result, format!("`{component}` is disabled for `{tenant}`; {data}")))
        })
    }
}

/// Shows what a tenant's administrators agreed to, and whether the signatures hold.
#[derive(Debug, clap::Args)]
pub(crate) struct Grants {
    /// The tenant.
    #[arg(long)]
    tenant: TenantId,
    #[command(flatten)]
    common: Common,
}

impl Grants {
    pub(crate) fn run(&self, home: &Home) -> Result<()> {
        self.common.run(home, async |way: Way| {
            let result = way.json("tenant.grants", json!({ "tenant": self.tenant })).await?;
            let lines: Vec<_> = list(&result, "grants").iter().map(granted).collect();
            Ok((result, lines.join("\n")))
        })
    }
}

fn granted(grant: &Value) -> String {
    let [component, package, fault] = ["component", "package", "fault"].map(|key| text(grant, key));
    if !fault.is_empty() {
        return format!("{component} {package}: {fault}");
    }
    let capabilities = grant.pointer("/consent/grant/capabilities").cloned().unwrap_or_default();
    let capabilities: Vec<_> = capabilities.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let when = grant.pointer("/consent/granted-at").and_then(Value::as_str).unwrap_or_default();
    format!("{component} {package}: {}; agreed by {} at {when}", capabilities.join(", "), text(grant, "by"))
}

/// Loads a signed list of revocations, or shows the one in force. What is on it ends at once, on every host.
#[derive(Debug, clap::Args)]
pub(crate) struct Revoke {
    /// The list; without it, the one in force is shown.
    list: Option<PathBuf>,
    /// The bundle over it; the file's name with `.sigstore.json` where none is named.
    #[arg(long, requires = "list")]
    bundle: Option<PathBuf>,
    #[command(flatten)]
    common: Common,
}

impl Revoke {
    pub(crate) fn run(&self, home: &Home) -> Result<()> {
        let files = self.list.as_ref().map(|list| {
            let bundle = self.bundle.clone().unwrap_or_else(|| super::sign::bundle_of(list));
            anyhow::Ok((terminal::read_text(list, LIST_BYTES_MAX)?, terminal::read_text(&bundle, LIST_BYTES_MAX)?))
        });
        let files = files.transpose()?;
        self.common.run(home, async |way: Way| {
            let result = match files {
                Some((list, bundle)) => way.json("revocations.load", json!({ "text": list, "bundle": bundle })).await?,
                None => way.json("revocations.show", json!({})).await?,
            };
            let said = shown(&result);
            Ok((result, said))
        })
    }
}

fn shown(list: &Value) -> String {
    let Some(number) = list.get("number").and_then(Value::as_u64) else {
        return "there is no list of revocations".to_owned();
    };
    let mut said = format!("list {number} of {}", text(list, "issued_at"));
    let stale = text(list, "stale");
    if !stale.is_empty() {
        said.push_str(&format!("\nnothing new is installed: {stale}"));
    }
    for (digest, reason) in list.get("revoked").and_then(Value::as_object).into_iter().flatten() {
        said.push_str(&format!("\n{digest}: {}", reason.as_str().unwrap_or_default()));
    }
    said
}
