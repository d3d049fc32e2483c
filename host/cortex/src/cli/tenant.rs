// SPDX-License-Identifier: MIT OR Apache-2.0
//! `cortex tenant`: the tenants of a host, one by one.

use super::component::Administrator;
use super::terminal::{self, Step};
use super::way::{Data, Home, Way};
use anyhow::{Context as _, Result};
use edge_archive::Archive;
use kernel_types::{ComponentId, TenantId};
use serde_json::{Value, json};
use std::fs::File;
use std::path::PathBuf;

/// What to do.
#[derive(Debug, clap::Args)]
pub(crate) struct Tenant {
    #[command(subcommand)]
    action: Action,

    #[command(flatten)]
    data: Data,

    /// Prints the result as JSON.
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Lists the tenants with their components.
    List,
    /// Makes a tenant without components.
    Create {
        /// Its name.
        tenant: TenantId,
    },
    /// Makes a bearer token, which is shown once. The host keeps its digest only.
    Token {
        /// The tenant.
        tenant: TenantId,
        /// Whom it stands for.
        #[arg(long, default_value = "administrator")]
        subject: String,
        /// What it allows; can be repeated.
        #[arg(long = "permission", value_name = "PERMISSION", default_value = "*")]
        permissions: Vec<String>,
    },
    /// Writes a tenant into an archive while it is served: its rows, its components and what was granted to them, but
    /// no credentials.
    Export {
        /// The tenant.
        tenant: TenantId,
        /// The file; `<tenant>.cortex` where none is named. An older one is replaced when the new one is whole.
        #[arg(long, value_name = "FILE")]
        to: Option<PathBuf>,
    },
    /// Makes a tenant of an archive, whatever back end wrote it. A damaged archive is refused before anything is
    /// touched.
    Import {
        /// The archive.
        file: PathBuf,
        /// The name that it gets here; without it, the archive's.
        #[arg(long = "as", value_name = "TENANT")]
        tenant: Option<TenantId>,
        /// Gives up what the tenant of that name has.
        #[arg(long)]
        replace: bool,
        /// Gives up data of components that the archive does not hold as well.
        #[arg(long, requires = "replace")]
        drop_left_out: bool,
        /// Whoever consents for the tenant here, where the archive's consents do not hold: for another name, or at a
        /// site with other administrators.
        #[command(flatten)]
        administrator: Administrator,
    },
}

impl Tenant {
    pub(crate) fn run(self, layout: &Home) -> Result<()> {
        let Self { action, data, json } = self;
        let result = data.with(layout, |way| action.call(layout, way))?;
        terminal::line(&if json { serde_json::to_string_pretty(&result.0)? } else { result.1 });
        Ok(())
    }
}

impl Action {
    /// The result for programs and for people.
    async fn call(self, home: &Home, way: Way) -> Result<(Value, String)> {
        match self {
            Self::List => {
                let result = way.json("tenant.list", json!({})).await?;
                let lines: Vec<_> = list(&result, "tenants").iter().map(line).collect();
                let text = if lines.is_empty() { "no tenants".to_owned() } else { lines.join("\n") };
                Ok((result, text))
            }
            Self::Create { tenant } => {
                let result = way.json("tenant.create", json!({ "tenant": tenant })).await?;
                Ok((result, format!("made tenant `{tenant}`")))
            }
            Self::Token { tenant, subject, permissions } => {
                let input = json!({ "tenant": tenant, "subject": subject, "permissions": permissions });
                let result = way.json("tenant.token", input).await?;
                let token = text(&result, "token");
                Ok((result, token))
            }
            Self::Export { tenant, to } => {
                let file = to.unwrap_or_else(|| PathBuf::from(format!("{tenant}.cortex")));
                let step = Step::begin(&format!("writing tenant `{tenant}`"));
                let written = export(&way, &tenant, None, &file).await?;
                step.done("written, read again and found whole");
                let text =
                    format!("{} rows in `{}`, {}", number(&written, "rows"), file.display(), text(&written, "digest"));
                let text = left_out(&written).map_or(text.clone(), |left_out| format!("{text}\n{left_out}"));
                Ok((written, text))
            }
            Self::Import { file, tenant, replace, drop_left_out, administrator } => {
                let shown = file.display().to_string();
                let step = Step::begin(&format!("taking in `{shown}`"));
                let opened = File::open(&file).with_context(|| format!("cannot read `{shown}`"))?;
                let consents = administrator.consents(home, &opened, tenant.as_ref()).await?;
                let give_up = GiveUp { replace, drop_left_out };
                let result = import(&way, opened, tenant.as_ref(), give_up, consents).await?;
                step.done("taken in");
                let name = text(&result, "tenant");
                let said = format!(
                    "tenant `{name}` with {} rows, as of {}\nan archive holds no credentials: `cortex tenant token {name}` makes one",
                    number(&result, "rows"),
                    text(&result, "taken_at"),
                );
                Ok((result, said))
            }
        }
    }
}

pub(crate) fn text(value: &Value, key: &str) -> String {
    value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn number(value: &Value, key: &str) -> u64 {
    value.get(key).and_then(Value::as_u64).unwrap_or_default()
}

/// A list in an answer; empty where there is none.
pub(crate) fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value.get(key).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

fn line(tenant: &Value) -> String {
    let components = list(tenant, "components").iter();
    let components = components.map(|one| format!("{} {}", text(one, "id"), text(one, "version")));
    let state = if served(tenant) { String::new() } else { format!(" (not served: {})", text(tenant, "why")) };
    format!("{}{state}: {}", text(tenant, "tenant"), components.collect::<Vec<_>>().join(", "))
}

/// What is said of an archive that lacks something of its tenant.
pub(crate) fn left_out(archive: &Value) -> Option<String> {
    let components: Vec<_> = list(archive, "left_out").iter().filter_map(Value::as_str).collect();
    if components.is_empty() {
        return None;
    }
    let (tenant, components) = (text(archive, "tenant"), components.join("`, `"));
    Some(format!("tenant `{tenant}`: the data of `{components}` is not in the archive, because it is not enabled"))
}

/// What of a tenant that is there is given up for an archive.
#[derive(Clone, Copy, Debug)]
pub(crate) struct GiveUp {
    pub(crate) replace: bool,
    pub(crate) drop_left_out: bool,
}

/// Whether a tenant of a list is served.
pub(crate) fn served(tenant: &Value) -> bool {
    tenant.get("served").and_then(Value::as_bool).unwrap_or_default()
}

/// Writes an archive to a file and reads it again; the result says what is in it.
pub(crate) async fn export(
    way: &Way,
    tenant: &TenantId,
    only: Option<&ComponentId>,
    file: &std::path::Path,
) -> Result<Value> {
    let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let check = move |file: File| Ok(described(&Archive::open(file)?, &name));
    way.download("tenant.export", json!({ "tenant": tenant, "component": only }), file, check).await
}

/// Makes a tenant of an archive.
pub(crate) async fn import(
    way: &Way,
    file: File,
    tenant: Option<&TenantId>,
    give_up: GiveUp,
    consents: Value,
) -> Result<Value> {
    let GiveUp { replace, drop_left_out } = give_up;
    let input = json!({ "tenant": tenant, "replace": replace, "drop_left_out": drop_left_out, "consents": consents });
    way.upload("tenant.import", input, file).await
}

/// What an archive says of itself.
pub(crate) fn described(archive: &Archive, file: &str) -> Value {
    let header = archive.header();
    json!({
        "tenant": header.tenant,
        "file": file,
        "digest": archive.digest(),
        "bytes": archive.bytes(),
        "rows": archive.index().rows(),
        "taken_at": header.taken_at,
        "left_out": header.left_out,
    })
}
