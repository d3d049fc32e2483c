// SPDX-License-Identifier: MIT OR Apache-2.0
//! A tenant's components: migrated, linked with what was granted, switched to as a whole.

use crate::install::{Installed, Registry, SetKey};
use crate::lifecycle::is_lifecycle;
use cap_storage::Migrations;
use cap_storage::migrations::{MigrateError, Migration, PlanError, Removed, Report, RollBack};
use kernel_engine::{LinkError, Prepared};
use kernel_types::{ComponentId, Grants, InterfaceId, TenantId};
use std::collections::HashMap;
use std::sync::Arc;

/// A component with the grants that it runs under.
pub struct Enabled {
    /// The component.
    pub installed: Arc<Installed>,
    /// Linked and ready.
    pub prepared: Arc<Prepared>,
    /// What was granted.
    pub grants: Grants,
}

/// All that a tenant enabled. Tenants with the same choice share one.
pub struct EnabledSet {
    components: Vec<Arc<Enabled>>,
    providers: HashMap<InterfaceId, Arc<Prepared>>,
}

impl EnabledSet {
    /// The components, by id.
    #[must_use]
    pub fn components(&self) -> &[Arc<Enabled>] {
        &self.components
    }

    /// The component of that id.
    #[must_use]
    pub fn component(&self, id: &ComponentId) -> Option<&Arc<Enabled>> {
        self.components.iter().find(|enabled| enabled.installed.manifest.id == *id)
    }

    /// The one provider of a domain interface.
    #[must_use]
    pub fn provider(&self, interface: &InterfaceId) -> Option<&Arc<Prepared>> {
        self.providers.get(interface)
    }

    fn of(components: Vec<Arc<Enabled>>) -> Result<Self, EnableError> {
        let mut providers: HashMap<InterfaceId, (Arc<Prepared>, ComponentId)> = HashMap::new();
        for enabled in &components {
            let id = &enabled.installed.manifest.id;
            // Hooks are the host's to call: nobody provides them to others.
            let interfaces = enabled.installed.contract.interfaces().iter();
            for interface in interfaces.filter(|interface| !is_lifecycle(&interface.id)) {
                let own = (Arc::clone(&enabled.prepared), id.clone());
                if let Some((_, other)) = providers.insert(interface.id.clone(), own) {
                    let interface = interface.id.clone();
                    return Err(EnableError::TwoProviders { interface, one: other, other: id.clone() });
                }
            }
        }
        for enabled in &components {
            let manifest = &enabled.installed.manifest;
            for import in enabled.installed.contract.imports() {
                if !manifest.calls.iter().any(|call| call.interface.covers(import.id.as_str())) {
                    continue;
                }
                let Some((provider, _)) = providers.get(&import.id) else {
                    let (component, interface) = (manifest.id.clone(), import.id.clone());
                    return Err(EnableError::NoProvider { component, interface });
                };
                enabled.prepared.check_call(provider, &import.id)?;
            }
        }
        let providers = providers.into_iter().map(|(interface, (prepared, _))| (interface, prepared)).collect();
        Ok(Self { components, providers })
    }
}

/// Why a tenant's choice cannot be put into force. The tenant keeps what it had.
#[derive(Debug, thiserror::Error)]
pub enum EnableError {
    /// The component cannot be linked with what was granted.
    #[error(transparent)]
    Link(#[from] LinkError),
    /// Its tables cannot be made or changed.
    #[error("component `{component}`: {source}")]
    Migrate {
        /// Which component.
        component: ComponentId,
        /// What went wrong.
        source: MigrateError,
    },
    /// The tables are those of a newer version, and the older one would not run on them.
    #[error(
        "component `{component}` cannot go back to the tables of migration {known}: `{file}` {does}; restore a backup instead"
    )]
    RollBack {
        /// Which component.
        component: ComponentId,
        /// The newest migration that the older version knows.
        known: u32,
        /// What a later migration did.
        does: String,
        /// The file of that migration.
        file: String,
    },
    /// A component is chosen in two versions.
    #[error("component `{component}` is chosen twice: a tenant enables one version of a component")]
    Twice {
        /// Which component.
        component: ComponentId,
    },
    /// Two components offer the same interface.
    #[error("`{interface}` is provided by `{one}` and by `{other}`: a tenant enables one provider of an interface")]
    TwoProviders {
        /// The interface.
        interface: InterfaceId,
        /// One provider.
        one: ComponentId,
        /// The other.
        other: ComponentId,
    },
    /// A component calls an interface that no component of the choice provides.
    #[error("component `{component}` calls `{interface}`: enable a component that provides it as well")]
    NoProvider {
        /// Who calls.
        component: ComponentId,
        /// What it calls.
        interface: InterfaceId,
    },
}

/// A tenant's choice that was linked and checked, and whose tables are up to date; once it is remembered,
/// [`Registry::resume`] puts it into force.
pub struct Ready {
    /// Kept, so that putting it into force links nothing anew.
    _set: Arc<EnabledSet>,
    /// What the migration of each component did.
    pub reports: Vec<(ComponentId, Report)>,
}

impl Registry {
    /// Makes a tenant's whole choice of components ready: everything is linked and checked, then each component's
    /// tables are migrated. Running it again with the same choice changes nothing. `installed` are the versions that
    /// this host has: where the tables are those of a later one, an earlier one is let back if what came after it only
    /// adds.
    ///
    /// # Errors
    /// See [`EnableError`]. A migration that succeeded before another failed stays: it is additive or it was refused.
    pub async fn make_ready(
        &self,
        tenant: &TenantId,
        choice: &[(Arc<Installed>, Grants)],
        tables: &[Migrations],
    ) -> Result<Ready, EnableError> {
        let _one_at_a_time = self.changing.lock().await;
        let set = self.set(choice)?;
        let mut reports = Vec::new();
        for enabled in set.components() {
            let component = enabled.installed.manifest.id.clone();
            match self.schema.migrate(tenant, &enabled.installed.migrations).await {
                Ok(report) => reports.push((component, report)),
                Err(MigrateError::Plan(PlanError::Older { applied, known })) => {
                    let source = MigrateError::Plan(PlanError::Older { applied, known });
                    let newer = tables.iter().filter(|newer| {
                        let newest = newer.as_slice().last().map(Migration::number);
                        *newer.component() == component && newest == Some(applied)
                    });
                    let newer: Vec<_> = newer.collect();
                    self.roll_back(tenant, &enabled.installed, &newer, source).await?;
                    reports.push((component, Report::default()));
                }
                Err(source) => return Err(EnableError::Migrate { component, source }),
            }
        }
        Ok(Ready { _set: set, reports })
    }

    /// Removes a component's tables and the record of its migrations from a tenant. Whoever calls has made sure that it is not enabled.
    ///
    /// # Errors
    /// Where the store refuses; nothing is removed then.
    pub async fn remove_data(&self, tenant: &TenantId, component: &ComponentId) -> Result<Removed, MigrateError> {
        let _one_at_a_time = self.changing.lock().await;
        self.schema.remove(tenant, component).await
    }

    /// Whether a component runs on the tables of a newer version of it: the newer one's migrations are those that ran,
    /// they begin with the older one's, and those after them only add.
    async fn roll_back(
        &self,
        tenant: &TenantId,
        older: &Installed,
        newer: &[&Migrations],
        otherwise: MigrateError,
    ) -> Result<(), EnableError> {
        let component = older.manifest.id.clone();
        let own = older.migrations.as_slice();
        let same = |(one, other): (&Migration, &Migration)| one.digest() == other.digest();
        for newer in newer {
            let all = newer.as_slice();
            let begins = own.len() < all.len() && own.iter().zip(all).all(same);
            // It runs nothing: all of them ran. It compares them with those that did.
            if !begins || self.schema.migrate(tenant, newer).await.is_err() {
                continue;
            }
            let effects = newer.effects(own.len());
            if effects.roll_back() == RollBack::Runs {
                return Ok(());
            }
            let known = own.last().map_or(0, Migration::number);
            let worst = effects.as_slice().iter().find(|effect| effect.roll_back == effects.roll_back());
            let (file, does) = worst.map(|effect| (effect.file.clone(), effect.does.clone())).unwrap_or_default();
            return Err(EnableError::RollBack { component, known, does, file });
        }
        Err(EnableError::Migrate { component, source: otherwise })
    }

    /// Puts a choice into force whose tables are known to be up to date, at once and wholly, without touching the
    /// tenant's database: what was remembered, by whichever host, and the start of a host with thousands of tenants.
    ///
    /// # Errors
    /// As [`Registry::make_ready`], but for migrations.
    pub fn resume(&self, tenant: &TenantId, choice: &[(Arc<Installed>, Grants)]) -> Result<(), EnableError> {
        self.providers.set(tenant.clone(), self.set(choice)?);
        Ok(())
    }

    /// Takes everything of a tenant out of force.
    pub fn withdraw(&self, tenant: &TenantId) {
        self.providers.remove(tenant);
    }

    /// Whether a choice could be put into force: linked with what is granted, every call with its one provider. Changes
    /// nothing.
    ///
    /// # Errors
    /// As [`Registry::make_ready`], but for migrations.
    pub fn check(&self, choice: &[(Arc<Installed>, Grants)]) -> Result<(), EnableError> {
        self.set(choice).map(drop)
    }

    fn set(&self, choice: &[(Arc<Installed>, Grants)]) -> Result<Arc<EnabledSet>, EnableError> {
        let mut choice: Vec<_> = choice.iter().collect();
        choice.sort_by(|(one, _), (other, _)| one.manifest.id.cmp(&other.manifest.id));
        let twice = choice.windows(2).find_map(|pair| match pair {
            [(one, _), (other, _)] if one.manifest.id == other.manifest.id => Some(one.manifest.id.clone()),
            _ => None,
        });
        if let Some(component) = twice {
            return Err(EnableError::Twice { component });
        }
        let key: SetKey = choice.iter().map(|(installed, grants)| (installed.digest, grants.clone())).collect();
        if let Some(set) = self.sets.lock().get(&key).and_then(std::sync::Weak::upgrade) {
            return Ok(set);
        }
        let mut components = Vec::new();
        for (installed, grants) in choice {
            let prepared = self.kernel.prepare(&installed.compiled, &installed.spec(grants))?;
            components.push(Arc::new(Enabled { installed: Arc::clone(installed), prepared, grants: grants.clone() }));
        }
        let set = Arc::new(EnabledSet::of(components)?);
        let mut sets = self.sets.lock();
        sets.retain(|_, set| set.strong_count() > 0);
        sets.insert(key, Arc::downgrade(&set));
        Ok(set)
    }
}
