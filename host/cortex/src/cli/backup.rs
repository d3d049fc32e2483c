// SPDX-License-Identifier: MIT OR Apache-2.0
//! `cortex backup` and `cortex restore`: all tenants of a host, an archive for each, and an index over them.
//!
//! The index is written last: a directory without one is a backup that did not come to its end. One whose index misses
//! tenants is written anew as well. Nothing of an attempt before is kept: its archives are of another time.

use super::component::Administrator;
use super::tenant::{GiveUp, described, export, import, left_out, list, served, text};
use super::terminal::{self, Step};
use super::way::{Data, Home, Way, part_of};
use anyhow::{Context as _, Result, anyhow, bail};
use cortex::running::write_private;
use edge_archive::Archive;
use futures_util::{StreamExt as _, stream};
use kernel_types::{ComponentId, Digest, TenantId};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs::File;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

/// Bytes of an index: some two hundred for each tenant.
const INDEX_BYTES_MAX: u64 = 64 << 20;

/// The name of the index.
const INDEX: &str = "backup.json";

/// Archives that are written at a time at the most; a host takes no more.
const PARALLEL_MAX: u64 = 4;

/// Where to, and what.
#[derive(Debug, clap::Args)]
pub(crate) struct Backup {
    /// The directory; it is made where it is missing. In one with a backup that is not whole everything is written
    /// anew.
    #[arg(long, value_name = "DIRECTORY")]
    to: PathBuf,

    /// Only this tenant; can be repeated.
    #[arg(long = "tenant", value_name = "TENANT")]
    tenants: Vec<TenantId>,

    /// Archives that are written at a time.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u64).range(1..=PARALLEL_MAX))]
    parallel: u64,

    #[command(flatten)]
    data: Data,

    /// Prints the result as JSON.
    #[arg(long)]
    json: bool,
}

/// Where from, and what.
#[derive(Debug, clap::Args)]
pub(crate) struct Restore {
    /// The directory of a backup.
    #[arg(long, value_name = "DIRECTORY")]
    from: PathBuf,

    /// Only this tenant; can be repeated.
    #[arg(long = "tenant", value_name = "TENANT")]
    tenants: Vec<TenantId>,

    /// Gives up what tenants of these names have.
    #[arg(long)]
    replace: bool,

    /// Gives up data of components that an archive does not hold as well.
    #[arg(long, requires = "replace")]
    drop_left_out: bool,

    #[command(flatten)]
    administrator: Administrator,

    #[command(flatten)]
    data: Data,

    /// Prints the result as JSON.
    #[arg(long)]
    json: bool,
}

/// What a backup holds.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Index {
    format: String,
    version: u32,
    /// Over the lists as they are written here.
    digest: Digest,
    archives: Vec<Entry>,
    /// Tenants that could not be written. A whole backup has none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    missing: Vec<Missing>,
}

/// A tenant that could not be written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Missing {
    tenant: TenantId,
    why: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    tenant: TenantId,
    file: String,
    digest: Digest,
    bytes: u64,
    rows: u64,
    taken_at: String,
    /// Components whose data is not in the archive, because they are not enabled.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    left_out: Vec<ComponentId>,
}

impl Entry {
    fn of(archive: &Archive, file: &str) -> Result<Self> {
        Ok(serde_json::from_value(described(archive, file))?)
    }
}

fn list_digest(archives: &[Entry], missing: &[Missing]) -> Result<Digest> {
    let lists =
        if missing.is_empty() { serde_json::to_vec(archives)? } else { serde_json::to_vec(&(archives, missing))? };
    Ok(Digest::of(&lists))
}

impl Backup {
    pub(crate) fn run(self, layout: &Home) -> Result<()> {
        let index = self.to.join(INDEX);
        if index.exists() {
            if read_index(&self.to)?.missing.is_empty() {
                bail!("`{}` holds a whole backup: choose another directory", self.to.display());
            }
            // What it names is written over from here on.
            std::fs::remove_file(&index).with_context(|| format!("cannot remove `{}`", index.display()))?;
        }
        let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.to);
        made.with_context(|| format!("cannot make `{}`", self.to.display()))?;
        let step = Step::begin("writing archives");
        let (archives, missing) = self.data.with(layout, |way| self.all(way, &step))?;
        let digest = list_digest(&archives, &missing)?;
        let document = Index { format: "cortex-backup".to_owned(), version: 1, digest, archives, missing };
        let written = serde_json::to_vec_pretty(&document)?;
        write_private(&index, &written)?;
        File::open(&self.to)?.sync_all()?;
        step.done(&format!("{} tenants, each read again and found whole", document.archives.len()));
        terminal::line(&if self.json {
            String::from_utf8(written)?
        } else {
            let rows: u64 = document.archives.iter().map(|entry| entry.rows).fold(0, u64::saturating_add);
            let said = format!("{} archives with {rows} rows in `{}`", document.archives.len(), self.to.display());
            let left_out = document.archives.iter().filter_map(|entry| left_out(&json!(entry)));
            std::iter::once(said).chain(left_out).collect::<Vec<_>>().join("\n")
        });
        if document.missing.is_empty() {
            return Ok(());
        }
        let missing =
            document.missing.iter().map(|one| format!("tenant `{}` is not in the backup: {}", one.tenant, one.why));
        bail!("the backup is not whole\n{}", missing.collect::<Vec<_>>().join("\n"));
    }

    async fn all(&self, way: Way, step: &Step) -> Result<(Vec<Entry>, Vec<Missing>)> {
        let known = way.json("tenant.list", json!({})).await?;
        let mut tenants = Vec::new();
        for tenant in list(&known, "tenants") {
            let id = TenantId::parse(&text(tenant, "tenant"))?;
            if self.tenants.is_empty() || self.tenants.contains(&id) {
                tenants.push(id);
            }
        }
        if let Some(missing) = self.tenants.iter().find(|id| !tenants.contains(id)) {
            bail!("there is no tenant `{missing}`");
        }
        if tenants.is_empty() {
            bail!(
                "this host has no tenants: nothing was written; where its data lies in PostgreSQL, name it with `--database-url`"
            );
        }
        let (total, mut done) = (tenants.len() as u64, 0_u64);
        let parallel = usize::try_from(self.parallel).unwrap_or(1);
        let way = &way;
        let writing = tenants.into_iter().map(|tenant| async move { (self.one(way, &tenant).await, tenant) });
        let mut writing = stream::iter(writing).buffer_unordered(parallel);
        let (mut archives, mut missing): (Vec<Entry>, Vec<Missing>) = Default::default();
        while let Some((written, tenant)) = writing.next().await {
            done = done.saturating_add(1);
            step.advance(done, Some(total), "tenants");
            match written {
                Ok(entry) => archives.push(entry),
                Err(error) => missing.push(Missing { tenant, why: format!("{error:#}") }),
            }
        }
        if let (true, Some(first)) = (archives.is_empty(), missing.first()) {
            bail!("no tenant could be written; `{}`: {}", first.tenant, first.why);
        }
        archives.sort_by(|one, next| one.tenant.cmp(&next.tenant));
        missing.sort_by(|one, next| one.tenant.cmp(&next.tenant));
        Ok((archives, missing))
    }

    async fn one(&self, way: &Way, tenant: &TenantId) -> Result<Entry> {
        let file = format!("{tenant}.cortex");
        let path = self.to.join(&file);
        // One of an attempt before is of another time, and perhaps of what the tenant is not any more.
        for old in [&path, &part_of(&path)] {
            match std::fs::remove_file(old) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(error).with_context(|| format!("cannot remove `{}`", old.display()));
                }
                _ => {}
            }
        }
        Ok(serde_json::from_value(export(way, tenant, None, &path).await?)?)
    }
}

impl Restore {
    pub(crate) fn run(self, layout: &Home) -> Result<()> {
        let step = Step::begin("reading the archives");
        let (entries, missing) = self.verified()?;
        let taken = self.data.with(layout, |way| self.all(layout, way, &entries, &step))?;
        step.done(&format!("{} tenants taken in", taken.len()));
        terminal::line(&if self.json {
            serde_json::to_string_pretty(&json!({ "tenants": taken, "missing": missing }))?
        } else {
            let mut lines = vec!["an archive holds no credentials: `cortex tenant token TENANT` makes one".to_owned()];
            lines.extend(entries.iter().filter_map(|entry| left_out(&json!(entry))));
            lines
                .extend(missing.iter().map(|one| format!("tenant `{}` is not in the backup: {}", one.tenant, one.why)));
            lines.join("\n")
        });
        Ok(())
    }

    /// Reads every archive that is wanted to its end, before the first is taken in.
    fn verified(&self) -> Result<(Vec<Entry>, Vec<Missing>)> {
        let index = read_index(&self.from)?;
        let wanted = |entry: &Entry| self.tenants.is_empty() || self.tenants.contains(&entry.tenant);
        let entries: Vec<_> = index.archives.into_iter().filter(wanted).collect();
        let known: BTreeSet<_> = entries.iter().map(|entry| &entry.tenant).collect();
        if let Some(missing) = self.tenants.iter().find(|tenant| !known.contains(tenant)) {
            bail!("the backup holds no tenant `{missing}`");
        }
        // What was not asked for is not missed.
        let missing = if self.tenants.is_empty() { index.missing } else { Vec::new() };
        for entry in &entries {
            let path = self.from.join(&entry.file);
            let context = || format!("`{}`; nothing was taken in", path.display());
            let archive = Archive::open(File::open(&path).with_context(context)?).with_context(context)?;
            if Entry::of(&archive, &entry.file)? != *entry {
                bail!(
                    "`{}` is not the archive that the index of the backup names; nothing was taken in",
                    path.display()
                );
            }
        }
        Ok((entries, missing))
    }

    async fn all(&self, home: &Home, way: Way, entries: &[Entry], step: &Step) -> Result<Vec<Value>> {
        if !self.replace {
            let known = way.json("tenant.list", json!({})).await?;
            let used = list(&known, "tenants").iter();
            let used = used.filter(|one| !list(one, "components").is_empty() || !served(one));
            let used: BTreeSet<_> = used.map(|one| text(one, "tenant")).collect();
            if let Some(entry) = entries.iter().find(|entry| used.contains(entry.tenant.as_str())) {
                bail!(
                    "tenant `{}` has data already: leave it out with --tenant, or give it up with --replace; nothing was taken in",
                    entry.tenant
                );
            }
        }
        let give_up = GiveUp { replace: self.replace, drop_left_out: self.drop_left_out };
        let mut taken = Vec::new();
        for (entry, done) in entries.iter().zip(1..) {
            let file = File::open(self.from.join(&entry.file))?;
            let consents = self.administrator.consents(home, &file, None).await?;
            let imported = import(&way, file, Some(&entry.tenant), give_up, consents).await;
            let imported = imported.map_err(|error| {
                let before = taken.len();
                anyhow!(
                    "tenant `{}`: {error:#}; {before} tenants before it were taken in, this one was not",
                    entry.tenant
                )
            })?;
            taken.push(imported);
            step.advance(done, Some(entries.len() as u64), "tenants");
        }
        Ok(taken)
    }
}

/// Reads the index; names in it stay below the directory.
fn read_index(directory: &Path) -> Result<Index> {
    let path = directory.join(INDEX);
    if !path.exists() {
        bail!("`{}` holds no whole backup: its index `{INDEX}` is missing", directory.display());
    }
    let wrong = || format!("`{}` is no index of a backup", path.display());
    let index: Index = serde_json::from_slice(&terminal::read(&path, INDEX_BYTES_MAX)?).with_context(wrong)?;
    if index.format != "cortex-backup" || index.version != 1 {
        bail!(
            "`{}` has the form `{} {}`; this version reads `cortex-backup 1`",
            path.display(),
            index.format,
            index.version
        );
    }
    let named = index.archives.iter().all(|entry| entry.file == format!("{}.cortex", entry.tenant));
    let in_order = index.archives.is_sorted_by(|one, next| one.tenant < next.tenant);
    if !named || !in_order || list_digest(&index.archives, &index.missing)? != index.digest {
        bail!("`{}` is damaged; nothing was taken in", path.display());
    }
    Ok(index)
}
