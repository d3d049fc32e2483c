// SPDX-License-Identifier: MIT OR Apache-2.0
//! The list of what may not run: taken once, in force on every host that shares the database as soon as it hears of it.

use crate::host::Host;
use crate::known::Known;
use crate::text::chain;
use anyhow::{Context as _, Result, bail};
use cap_state::StateError;
use edge_installer::Standing;
use edge_registry::{RevocationsRecord, Stored};
use jiff::Timestamp;
use kernel_types::Digest;
use signing_verify::RevocationList;
use std::sync::Arc;

/// How often a list is tried again that another host was faster with.
const TRIES_MAX: usize = 16;

impl Host {
    /// Takes a signed list of revocations. Packages on it end here before this returns, and on other hosts as they hear
    /// of it.
    ///
    /// # Errors
    /// Where it is not signed by who may revoke, is older than the one that is known, or cannot be kept.
    pub async fn revoke(&self, text: &str, bundle: &str) -> Result<Arc<RevocationList>> {
        let now = Timestamp::now();
        for _ in 0..TRIES_MAX {
            // One that cannot be read is no list; what this host had last counts all the same.
            let (before, stored) = match self.remembered.revocations().await {
                Err(StateError::Damaged(_)) => (self.remembered.revocations_at().await?, None),
                found => found?.map_or((None, None), |(revision, record)| (Some(revision), Some(record))),
            };
            let stored = stored.map(|record| self.accepted(&record)).transpose();
            let stored =
                stored.context("the list in force cannot be verified by this host")?.map(|list| list.edition());
            let own = self.revocations().map(|list| list.edition());
            let last = stored.into_iter().chain(own).max_by_key(|edition| edition.number);
            let list = self.trust.accept_list(text.as_bytes(), bundle.as_bytes(), last, now)?;
            let record = RevocationsRecord { text: text.into(), bundle: bundle.into(), accepted_at: now };
            match self.remembered.set_revocations(&record, before).await {
                Err(StateError::Conflict { .. }) => {}
                Err(error) => return Err(error.into()),
                Ok(document) => {
                    self.learn(&document);
                    return Ok(Arc::new(list));
                }
            }
        }
        bail!("lists of revocations come from others all the time; try again");
    }

    fn accepted(&self, record: &RevocationsRecord) -> Result<RevocationList, signing_verify::Refused> {
        let (text, bundle) = (record.text.as_bytes(), record.bundle.as_bytes());
        self.trust.accept_list(text, bundle, None, record.accepted_at)
    }

    /// Takes the list that this host had last, from its own directory, and refuses to go on where hosts accepted one that it cannot
    /// verify: what is on it would run. To be called before anything is loaded.
    ///
    /// # Errors
    /// Where a list is there that cannot be verified.
    pub(crate) async fn recall_list(&self) -> Result<()> {
        let advice = "name its signer in the policy under `cortex/revocations`";
        let path = self.layout.revocations();
        if path.exists() {
            let own = || format!("the list of revocations in `{}` cannot be verified; {advice}", path.display());
            let record: RevocationsRecord = serde_json::from_slice(&std::fs::read(&path)?).with_context(own)?;
            *self.revocations.write() = Some(Arc::new(self.accepted(&record).with_context(own)?));
        }
        if let Ok(Some((_, record))) = self.remembered.revocations().await {
            self.accepted(&record).with_context(|| {
                format!("hosts of this database accepted a list of revocations that this host cannot verify; {advice}")
            })?;
        }
        Ok(())
    }

    /// Keeps a list where whoever writes to the database cannot take it back.
    fn keep_list(&self, record: &RevocationsRecord) {
        let kept = serde_json::to_vec(record).map_err(anyhow::Error::from);
        let kept = kept.and_then(|bytes| crate::running::write_private(&self.layout.revocations(), &bytes));
        if let Err(error) = kept {
            tracing::error!(
                error = chain(&error),
                "the list of revocations cannot be kept in the host's own directory"
            );
        }
    }

    /// Puts a list into force that was heard of. One that cannot be verified changes nothing: what was revoked stays
    /// so.
    pub(crate) fn learn_revocations(&self, known: &mut Known, stored: Stored<RevocationsRecord>) {
        let list = match stored {
            Stored::Is(record) => self.accepted(&record).map(|list| (list, record)).map_err(|error| error.to_string()),
            Stored::Removed => Err("it was removed".to_owned()),
            Stored::Unreadable(error) => Err(error.to_string()),
        };
        let (list, record) = match list {
            Ok(list) => list,
            Err(error) => {
                tracing::error!(error, "a list of revocations cannot be used; the one before stays in force");
                return;
            }
        };
        {
            let mut current = self.revocations.write();
            if current.as_ref().is_some_and(|current| current.edition().number > list.edition().number) {
                tracing::error!(number = list.edition().number, "a list of revocations is older than the one in force");
                return;
            }
            *current = Some(Arc::new(list.clone()));
        }
        self.keep_list(&record);
        let ended: Vec<Digest> = {
            let mut installed = self.installed.lock();
            let ended: Vec<Digest> = list.digests().filter(|digest| installed.contains_key(*digest)).copied().collect();
            for component in ended.iter().filter_map(|digest| installed.remove(digest)) {
                self.registry.end(&component.installed);
            }
            ended
        };
        // What was left out of an earlier list is tried again.
        known.forgive();
        for tenant in known.touched_by_lists() {
            self.put_in_force(known, &tenant);
        }
        self.followers.wake();
        for package in ended {
            let reason = list.reason(&package).unwrap_or_default();
            tracing::warn!(%package, reason, number = list.edition().number, "a package was revoked and runs no more");
        }
    }

    /// The list in force, where there is one.
    #[must_use]
    pub fn revocations(&self) -> Option<Arc<RevocationList>> {
        self.revocations.read().clone()
    }

    /// Why nothing new is installed now, where the list of revocations cannot be relied on.
    #[must_use]
    pub fn list_fault(&self) -> Option<String> {
        let list = self.revocations();
        let standing = Standing { revoked: list.as_deref(), ..Standing::default() };
        standing.list_fault(self.trust.list_age_max(), Timestamp::now())
    }

    /// Says when the list is too old to be relied on; what runs goes on.
    pub(crate) fn warn_of_stale_list(&self) {
        if let Some(fault) = self.list_fault() {
            tracing::warn!(fault, "nothing new is installed until a newer list of revocations is loaded");
        }
    }
}
