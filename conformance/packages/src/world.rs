// SPDX-License-Identifier: MIT OR Apache-2.0
//! Those who publish, those who forge, and the honest package of the one that the others forge.

use crate::walk::{NAME, Site};
use edge_package::Package;
use jiff::{SignedDuration, Timestamp};
use kernel_types::Digest;
use serde_json::{Value, json};
use signing_client::ManagedKey;
use signing_client::development::{Development, ISSUER};
use signing_verify::{Artifact, Bundle, Keys, Policy, REVOCATIONS_NAME, RevocationList, TrustRoot, Verifier};
use std::collections::BTreeMap;

const MANIFEST: &str = "\
id: fleet
publisher: acme
version: 1.2.3
title: Fleet
description: Cars and who drives them.
licence: MIT OR Apache-2.0
world: acme:fleet/w@1.0.0
operations:
  cars.buy: { effect: write }
";

const WIT: &str = "
package acme:fleet@1.0.0;
interface more { sell: func(); }
interface cars { use cortex:types/types@1.0.0.{money}; buy: func(price: money) -> result<u32, string>; }
world w { export cars; }";

/// The files of a package by their paths.
pub(crate) type Files = BTreeMap<String, Vec<u8>>;

/// Who is there, and what they signed.
pub struct World {
    /// The publisher's key.
    pub(crate) key: ManagedKey,
    /// A key that nobody knows.
    pub(crate) stranger: ManagedKey,
    /// The honest package, signed by somebody who may.
    pub(crate) ada: Value,
    /// The same, signed by somebody who may not.
    pub(crate) eve: Value,
    /// The same, signed by somebody of the right name, for whom another authority vouches.
    pub(crate) elsewhere: Value,
    trusted_root: Value,
}

impl World {
    /// Makes keys and two signing services, and has the honest package signed.
    pub async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (here, there) = (folder.path().join("here"), folder.path().join("there"));
        let package = Package::of_files(files()).unwrap();
        let (eve, _) = signed(&here, "eve@example.org", &package).await;
        let (ada, trusted_root) = signed(&here, "ada@example.org", &package).await;
        let (elsewhere, _) = signed(&there, "ada@example.org", &package).await;
        let (key, stranger) = (ManagedKey::generate().unwrap(), ManagedKey::generate().unwrap());
        Self { key, stranger, ada, eve, elsewhere, trusted_root }
    }

    /// A site that trusts the publisher, by key and by name, and knows nothing yet.
    pub(crate) fn site(&self) -> Site {
        let hint = self.key.hint();
        let policy = json!({"publishers": [
            {
                "namespace": "acme/*", "keys": [hint], "key-time": "unproven",
                "identities": [{"issuer": ISSUER, "subject": "ada@example.org"}],
            },
            {"namespace": REVOCATIONS_NAME, "keys": [hint], "key-time": "unproven"},
        ]});
        Site {
            verifier: self.verifier(|_| {}),
            policy: Policy::parse(policy.to_string().as_bytes()).unwrap(),
            highest: None,
            pinned: None,
            revoked: None,
        }
    }

    /// Who verifies for that site, with its trusted root changed.
    pub(crate) fn verifier(&self, change: impl FnOnce(&mut Value)) -> Verifier {
        let keys = json!({"keys": [{
            "id": self.key.hint(), "public-key": self.key.public_key_pem(), "namespaces": ["acme/*", REVOCATIONS_NAME],
            "not-before": "2026-01-01T00:00:00Z", "not-after": "9000-01-01T00:00:00Z",
        }]});
        let mut root = self.trusted_root.clone();
        change(&mut root);
        let root = TrustRoot::parse(root.to_string().as_bytes()).unwrap();
        Verifier::new(vec![root], Keys::parse(keys.to_string().as_bytes()).unwrap()).unwrap()
    }

    /// A list by which this digest is revoked.
    pub(crate) fn revocation(&self, site: &Site, digest: Digest) -> RevocationList {
        let now = Timestamp::now();
        let list = edge_package::json::canonical(&json!({
            "format": RevocationList::FORMAT, "number": 1, "revoked": {digest.to_string(): "its key leaked"},
            "issued-at": now, "fresh-until": now + SignedDuration::from_hours(24),
        }));
        let bundle = Bundle::parse(self.key.sign(&list).unwrap().to_json().unwrap().as_bytes()).unwrap();
        let artifact = Artifact { name: REVOCATIONS_NAME, digest: Digest::of(&list) };
        let verified = site.verifier.verify(&bundle, &artifact, &site.policy, now).unwrap();
        RevocationList::accept(&list, &verified, None, now).unwrap()
    }
}

/// The files of the honest package.
pub(crate) fn files() -> Files {
    let files: [(&str, Vec<u8>); 4] = [
        ("component.wasm", contract_samples::component(WIT)),
        ("cortex.yaml", MANIFEST.into()),
        ("migrations/0001_cars.sql", b"CREATE TABLE cars (id INTEGER PRIMARY KEY);".to_vec()),
        ("docs/README.md", b"# Fleet\n".to_vec()),
    ];
    files.into_iter().map(|(path, content)| (path.to_owned(), content)).collect()
}

/// A binary with the honest interface and what else its world has.
pub(crate) fn component(world: &str) -> Vec<u8> {
    contract_samples::component(&WIT.replace("{ export cars; }", &format!("{{ export cars; {world} }}")))
}

/// The package, signed by that person with a signing service in that folder, and whom to trust for it.
async fn signed(folder: &std::path::Path, identity: &str, package: &Package) -> (Value, Value) {
    // The one before may still be closing its files.
    let service = loop {
        match Development::start(folder, identity).await {
            Ok(service) => break service,
            Err(error) => assert!(error.to_string().contains("another process"), "{error}"),
        }
        tokio::task::yield_now().await;
    };
    let token = service.token().unwrap();
    let bundle = service.publisher().unwrap().sign(&token, package.image_bytes()).await.unwrap();
    let trusted_root = service.trusted_root().clone();
    service.stop().await;
    let bundle = serde_json::from_str(&bundle.to_json().unwrap()).unwrap();
    assert!(NAME.ends_with(package.manifest().id.as_str()));
    (bundle, trusted_root)
}
