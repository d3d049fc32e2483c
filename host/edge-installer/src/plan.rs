// SPDX-License-Identifier: MIT OR Apache-2.0
//! What enabling a package would change for a tenant, in words that its administrator understands and as JSON. What is
//! consented to is this plan, by its digest.

use crate::grant::{Consent, GRANT_FORMAT};
use cap_storage::migrations::{Effects, RollBack};
use derive_changes::{Break, Changes};
use edge_registry::{EnabledSet, Installed};
use jiff::Timestamp;
use kernel_manifest::CapabilityScope;
use kernel_types::{ComponentId, Digest, Grant, Grants, TenantId};
use serde::Serialize;
use signing_verify::{Signer, Verified};
use std::fmt::{self, Write as _};

/// What would change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Plan {
    /// For whom.
    pub tenant: TenantId,
    /// Which component.
    pub component: ComponentId,
    /// Its name for people.
    pub title: String,
    /// The name that it is signed for.
    pub name: String,
    /// What is done.
    pub action: Action,
    /// What the tenant has enabled now.
    pub from: Option<Version>,
    /// What it would have.
    pub to: Version,
    /// Who signed it, and what else was said of it.
    pub signed: Vec<Origin>,
    /// What it may reach.
    pub capabilities: Vec<Capability>,
    /// Capabilities of the version before that it does without.
    pub given_up: Vec<String>,
    /// The interfaces of other components that it calls.
    pub calls: Vec<Call>,
    /// Every interface with functions that was found among the imports of the binary: nothing else can be reached.
    pub imports: Vec<String>,
    /// What the migrations that would run do to its tables, statement by statement.
    pub migrations: Effects,
    /// Whether the version before could run on the tables as they are then; absent where there is none before.
    pub roll_back: Option<RollBack>,
    /// What changes for those who call it; absent where the tenant did not have it.
    pub contract: Option<Changes>,
    /// The other components of the tenant that would break. With one of them the plan cannot be put into force.
    pub breaks: Vec<Break>,
}

/// What is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// The tenant did not have it.
    Enable,
    /// To a later version.
    Upgrade,
    /// To an earlier version.
    RollBack,
    /// The same package with other grants, or another package with the same version.
    Change,
}

/// A version of a component.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Version {
    /// As the manifest says it.
    pub version: semver::Version,
    /// The digest of the package.
    pub package: Digest,
}

/// A signature over the package, or a signed statement about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Origin {
    /// `signature`, `provenance`, `sbom`, or `other`: a review, a scan, whatever its type says.
    pub kind: signing_verify::Kind,
    /// The type of the statement, where it is one.
    pub predicate_type: Option<String>,
    /// Who signed.
    pub by: String,
    /// When, where that is proven.
    pub at: Option<String>,
}

/// A capability.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Capability {
    /// The interface.
    pub interface: String,
    /// Why, in the author's words.
    pub reason: String,
    /// What of it; all of it where this is absent.
    pub scope: Option<String>,
    /// Whether the tenant has not granted it to this component yet.
    pub new: bool,
}

/// An interface of another component.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Call {
    /// The interface.
    pub interface: String,
    /// Why, in the author's words.
    pub reason: String,
    /// Who provides it to this tenant; [`None`] where that is still to be enabled.
    pub provider: Option<ComponentId>,
}

impl Plan {
    /// What enabling `target` would change for a tenant that has this set.
    #[must_use]
    pub fn of(tenant: &TenantId, set: Option<&EnabledSet>, target: &Installed, verified: &[Verified]) -> Self {
        let manifest = target.manifest();
        let before = set.and_then(|set| set.component(&manifest.id));
        let installed = before.map(|enabled| enabled.installed.as_ref());
        let granted = before.map(|enabled| enabled.grants.clone()).unwrap_or_default();
        let action = match installed.map(|old| manifest.version.cmp_precedence(&old.manifest().version)) {
            None => Action::Enable,
            Some(std::cmp::Ordering::Greater) => Action::Upgrade,
            Some(std::cmp::Ordering::Less) => Action::RollBack,
            Some(std::cmp::Ordering::Equal) => Action::Change,
        };
        let ran = installed.map_or(0, |old| old.migrations().as_slice().len());
        let effects = target.migrations().effects(ran);
        Self {
            tenant: tenant.clone(),
            component: manifest.id.clone(),
            title: manifest.title.clone(),
            name: manifest.name(),
            action,
            from: installed.map(version),
            to: version(target),
            signed: verified.iter().map(origin).collect(),
            capabilities: capabilities(target, &granted),
            given_up: granted.0.difference(&target.wanted().0).cloned().collect(),
            calls: calls(target, set),
            imports: imports(target),
            roll_back: installed.map(|_| effects.roll_back()),
            migrations: effects,
            contract: installed.map(|old| derive_changes::changes(old.contract(), target.contract())),
            breaks: installed.map(|old| breaks(set, old, target)).unwrap_or_default(),
        }
    }

    /// The digest that a consent names: over the canonical JSON.
    #[must_use]
    pub fn digest(&self) -> Digest {
        let value = serde_json::to_value(self).unwrap_or_default();
        Digest::of(&edge_package::json::canonical(&value))
    }

    /// The consent to all of it, to be signed.
    #[must_use]
    pub fn consent(&self, now: Timestamp) -> Consent {
        let capabilities = self.capabilities.iter().map(|capability| capability.interface.clone());
        Consent {
            format: GRANT_FORMAT.to_owned(),
            grant: Grant {
                tenant: self.tenant.clone(),
                component: self.component.clone(),
                digest: self.to.package,
                capabilities: Grants(capabilities.collect()),
            },
            calls: self.calls.iter().map(|call| call.interface.clone()).collect(),
            plan: self.digest(),
            granted_at: now,
        }
    }
}

fn version(installed: &Installed) -> Version {
    Version { version: installed.manifest().version.clone(), package: installed.digest() }
}

/// A signer in words.
#[must_use]
pub fn describe_signer(signer: &Signer) -> String {
    match signer {
        Signer::Holder(holder) => format!("{} ({})", holder.subject, holder.issuer),
        Signer::Key(id) => format!("key {id}"),
    }
}

fn origin(verified: &Verified) -> Origin {
    let by = describe_signer(&verified.signer);
    let predicate_type = verified.statement.as_ref().map(|statement| statement.predicate_type.clone());
    Origin { kind: verified.kind, predicate_type, by, at: verified.signed_at.map(|at| at.time.to_string()) }
}

fn capabilities(target: &Installed, granted: &Grants) -> Vec<Capability> {
    let capabilities = target.manifest().capabilities.iter().map(|capability| {
        let interface = capability.interface.name().to_owned();
        let new = !granted.allows(&interface);
        Capability { interface, reason: capability.reason.clone(), scope: scope(&capability.scope), new }
    });
    capabilities.collect()
}

fn scope(scope: &CapabilityScope) -> Option<String> {
    match scope {
        CapabilityScope::Whole => None,
        CapabilityScope::Secrets(names) => Some(format!("secrets {}", names.join(", "))),
        CapabilityScope::Hosts(hosts) => {
            let hosts: Vec<_> = hosts.iter().map(ToString::to_string).collect();
            Some(format!("hosts {}", hosts.join(", ")))
        }
        CapabilityScope::Buckets(names) => Some(format!("buckets {}", names.join(", "))),
    }
}

fn calls(target: &Installed, set: Option<&EnabledSet>) -> Vec<Call> {
    let calls = target.manifest().calls.iter().map(|call| {
        let imports = target.contract().imports().iter();
        let mut called = imports.filter(|import| call.interface.covers(import.id.as_str()));
        let provider = called.find_map(|import| set?.provider(&import.id)).map(|provider| provider.id().clone());
        Call { interface: call.interface.name().to_owned(), reason: call.reason.clone(), provider }
    });
    calls.collect()
}

fn imports(target: &Installed) -> Vec<String> {
    let imports = target.contract().imports().iter();
    let functions = imports.filter(|import| import.kind == kernel_contract::ImportKind::Functions);
    functions.map(|import| import.id.to_string()).collect()
}

fn breaks(set: Option<&EnabledSet>, old: &Installed, target: &Installed) -> Vec<Break> {
    let others = set.into_iter().flat_map(EnabledSet::components).map(|enabled| &enabled.installed);
    let others = others.filter(|other| other.manifest().id != target.manifest().id);
    let others = others.map(|other| (&other.manifest().id, other.contract().as_ref()));
    derive_changes::breaks(old.contract(), target.contract(), others)
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { tenant, component, title, name, to, .. } = self;
        let to_version = &to.version;
        match (self.action, &self.from) {
            (Action::Upgrade, Some(from)) => write!(f, "upgrade `{component}` from {} to {to_version}", from.version)?,
            (Action::RollBack, Some(from)) => {
                write!(f, "roll `{component}` back from {} to {to_version}", from.version)?
            }
            (Action::Change, Some(_)) => write!(f, "change `{component}` {to_version}")?,
            _ => write!(f, "enable `{component}` {to_version}")?,
        }
        writeln!(f, " for tenant `{tenant}`\n  {title} ({name})\n  package {}", to.package)?;
        for Origin { kind, predicate_type, by, at } in &self.signed {
            let kind = match kind {
                signing_verify::Kind::Signature => "signed".to_owned(),
                signing_verify::Kind::Provenance => "provenance stated".to_owned(),
                signing_verify::Kind::Sbom => "list of parts stated".to_owned(),
                signing_verify::Kind::Other => format!("`{}` stated", predicate_type.as_deref().unwrap_or_default()),
            };
            let at = at.as_ref().map(|at| format!(" at {at}")).unwrap_or_default();
            writeln!(f, "  {kind} by {by}{at}")?;
        }
        list(
            f,
            "it may use",
            self.capabilities.iter().map(|capability| {
                let Capability { interface, reason, scope, new } = capability;
                let scope = scope.as_ref().map(|scope| format!(" ({scope})")).unwrap_or_default();
                let new = if *new && self.from.is_some() { "NEW: " } else { "" };
                format!("{new}{interface}{scope}: {reason}")
            }),
        )?;
        list(f, "it gives up", self.given_up.iter().cloned())?;
        list(
            f,
            "it calls",
            self.calls.iter().map(|Call { interface, reason, provider }| {
                let provider = provider.as_ref().map_or_else(
                    || "nobody yet: enable a component that provides it".to_owned(),
                    |provider| format!("of `{provider}`"),
                );
                format!("{interface} {provider}: {reason}")
            }),
        )?;
        list(f, "its binary imports nothing but", self.imports.iter().cloned())?;
        list(f, "migrations", self.migrations.to_string().lines().map(str::to_owned))?;
        match self.roll_back {
            Some(RollBack::MayFail) => writeln!(f, "  rolling back may fail: rows may be in the way")?,
            Some(RollBack::Fails) => writeln!(f, "  it cannot be rolled back: keep a backup")?,
            Some(RollBack::Runs) | None => {}
        }
        if let Some(contract) = self.contract.as_ref().filter(|contract| !contract.is_empty()) {
            list(f, "what changes for callers", contract.to_string().lines().map(str::to_owned))?;
        }
        for one in &self.breaks {
            list(f, "WHAT WOULD BREAK", one.to_string().lines().map(str::to_owned))?;
        }
        write!(f, "plan {}", self.digest())
    }
}

fn list(f: &mut fmt::Formatter<'_>, title: &str, lines: impl Iterator<Item = String>) -> fmt::Result {
    let mut text = String::new();
    for line in lines {
        writeln!(text, "    {line}")?;
    }
    if text.is_empty() { Ok(()) } else { write!(f, "  {title}:\n{text}") }
}
