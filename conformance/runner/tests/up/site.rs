// SPDX-License-Identifier: MIT OR Apache-2.0
//! A site that knows one key, and files that it signed.

use serde_json::json;
use signing_client::ManagedKey;
use std::path::Path;

/// The site.
pub(crate) struct Site {
    folder: tempfile::TempDir,
    key: ManagedKey,
    policy: String,
    keys: String,
}

impl Site {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let key = ManagedKey::generate().expect("a key");
        let policy = json!({ "publishers": [
            { "namespace": "cortex/configuration", "keys": [key.hint()], "key-time": "unproven" }
        ]});
        let keys = json!({ "keys": [{
            "id": key.hint(), "public-key": key.public_key_pem(), "namespaces": ["cortex/*"],
            "not-before": "2020-01-01T00:00:00Z", "not-after": "2100-01-01T00:00:00Z",
        }]});
        let mut site = Self { folder, key, policy: String::new(), keys: String::new() };
        site.policy = site.write("policy.json", &policy.to_string());
        site.keys = site.write("keys.json", &keys.to_string());
        site
    }

    /// Where its host keeps everything.
    pub(crate) fn directory(&self) -> &Path {
        self.folder.path()
    }

    /// The variables that name whom it trusts.
    pub(crate) fn trust(&self) -> [(&'static str, &str); 2] {
        [("CORTEX_TRUST_POLICY", &self.policy), ("CORTEX_TRUST_KEYS", &self.keys)]
    }

    /// Writes a file, and returns its path.
    pub(crate) fn write(&self, name: &str, text: &str) -> String {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).expect("it can be written");
        path.to_str().expect("text").to_owned()
    }

    /// Writes a file and its signature beside it.
    pub(crate) fn signed(&self, name: &str, text: &str) -> String {
        self.sign(&self.key, name, text)
    }

    /// Likewise, signed with a key that nobody knows.
    pub(crate) fn signed_by_another(&self, name: &str, text: &str) -> String {
        self.sign(&ManagedKey::generate().expect("a key"), name, text)
    }

    fn sign(&self, key: &ManagedKey, name: &str, text: &str) -> String {
        let bundle = key.sign(text.as_bytes()).expect("it signs").to_json().expect("it is JSON");
        self.write(&format!("{name}.sigstore.json"), &bundle);
        self.write(name, text)
    }
}
