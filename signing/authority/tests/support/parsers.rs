// SPDX-License-Identifier: MIT OR Apache-2.0
//! Any bytes into every parser that a stranger or a file reaches: refused or read, never more. Fuzzing and
//! `tests/properties.rs` run it.

use signing_authority::jwks::KeySource;
use signing_authority::keys::file::FileKey;
use signing_authority::keys::{Algorithm, LogKey, PublicKey, Signer as _, TsaKey, TsaRootKey};
use signing_authority::log::checkpoint::{Checkpoint, Origin};
use signing_authority::log::entry;
use signing_authority::log::tile::Tile;
use signing_authority::oidc::{Identity, IdentityClaim, IssuerConfig, Issuers, Subject};
use signing_authority::request::Signing;
use signing_authority::tsa::Tsa;
use signing_authority::{certificate, trust};
use std::sync::{Arc, LazyLock};

/// Keys and services of one run.
pub(crate) struct Site {
    pub(crate) origin: Origin,
    pub(crate) log: LogKey,
    pub(crate) tsa: Tsa,
    issuers: Issuers,
    runtime: tokio::runtime::Runtime,
}

pub(crate) static SITE: LazyLock<Site> = LazyLock::new(|| {
    let key = |algorithm| Arc::new(FileKey::generate(algorithm).unwrap());
    let root = TsaRootKey::new(key(Algorithm::EcdsaP256Sha256)).unwrap();
    let tsa = TsaKey::new(key(Algorithm::EcdsaP256Sha256)).unwrap();
    let name = |common| certificate::name("Example", common).unwrap();
    let stamping = const_oid::db::rfc5280::ID_KP_TIME_STAMPING;
    let top = certificate::root(&root, name("Timestamping Root"), stamping, 10).unwrap();
    let leaf = certificate::timestamping(&top, &root, tsa.public_key(), name("Timestamping"), 10).unwrap();
    let point = tsa.public_key().raw().to_vec();
    let part = |from: usize| base64_url(point.get(from..from + 32).unwrap_or_default());
    let keys = serde_json::json!({"keys": [{"kty": "EC", "crv": "P-256", "kid": "one", "x": part(1), "y": part(33)}]});
    let issuer = IssuerConfig {
        url: String::from("https://issuer.example.org"),
        audience: String::from("sigstore"),
        identity: IdentityClaim::Email,
        keys: KeySource::Given(serde_json::from_value(keys).unwrap()),
    };
    Site {
        origin: Origin::new("log.example.org").unwrap(),
        log: LogKey::new(key(Algorithm::Ed25519)).unwrap(),
        tsa: Tsa::new(tsa, vec![leaf, top]).unwrap(),
        issuers: Issuers::new(vec![issuer]).unwrap(),
        runtime: tokio::runtime::Builder::new_current_thread().build().unwrap(),
    }
});

fn base64_url(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)
}

/// Panics where a parser does, or where it reads what it should not.
pub(crate) fn any_bytes(bytes: &[u8]) {
    let ada = Identity {
        issuer: String::from("https://issuer.example.org"),
        subject: Subject::Email(String::from("ada@example.org")),
    };
    if let Ok(signing) = serde_json::from_slice::<Signing>(bytes) {
        let _ = signing.token(None);
        let _ = signing.key(&ada);
    }
    if let Ok(entry) =
        serde_json::from_slice::<entry::Request>(bytes).map_err(drop).and_then(|one| one.into_entry().map_err(drop))
    {
        let value: serde_json::Value = serde_json::from_slice(&entry).unwrap();
        assert_eq!(serde_json_canonicalizer::to_vec(&value).unwrap(), entry, "an entry is canonical");
    }
    if let Ok(key) = PublicKey::from_der(bytes) {
        let _ = key.is_valid();
        assert_eq!(
            PublicKey::from_raw(key.algorithm(), key.raw()).map(|again| again.raw() == key.raw()).ok(),
            Some(true)
        );
    }
    if let Ok(certificate) = certificate::from_der(bytes) {
        let _ = certificate::key_of(&certificate);
    }
    let _ = SITE.tsa.stamp(bytes);
    let _ = trust::logs(bytes);
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let _ = certificate::from_pem(text);
    if let Some(tile) = Tile::parse(text) {
        assert_eq!(tile.to_string(), text);
    }
    assert!(SITE.runtime.block_on(SITE.issuers.verify(text)).is_err(), "nobody has the issuer's key");
    if let Ok(checkpoint) = Checkpoint::open(text, &SITE.origin, SITE.log.public_key()) {
        // What begins so was signed here; what follows it may be signatures of others.
        assert!(text.starts_with(&checkpoint.sign(&SITE.log).unwrap()[..20]), "nobody else signs");
    }
}
