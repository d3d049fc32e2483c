// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the service refuses, and what it says then; beside each refusal the request that is right.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod common;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use common::Publisher;
use der::asn1::{BitString, OctetString, SetOfVec};
use der::{Any, Decode as _, Encode as _};
use serde_json::{Value, json};
use signing_authority::folder::{Authority, Config};
use signing_authority::jwks::KeySource;
use signing_authority::keys::file::FileKey;
use signing_authority::keys::{Algorithm, Signer as _};
use signing_authority::limits::Limits;
use signing_authority::oidc::{IdentityClaim, IssuerConfig};
use signing_authority::{certificate, folder, http};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use x509_cert::request::{CertReq, CertReqInfo};

const PEOPLE: &str = "https://people.example.org";
const MACHINES: &str = "https://ci.example.org";
const ADA: &str = "ada@example.org";

/// An issuer of tokens.
struct Issuer(EcdsaKeyPair);

impl Issuer {
    fn new() -> Self {
        Self(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap())
    }

    fn jwks(&self) -> KeySource {
        let (x, y) = self.0.public_key().as_ref()[1..].split_at(32);
        let (x, y) = (URL_SAFE_NO_PAD.encode(x), URL_SAFE_NO_PAD.encode(y));
        let keys = json!({"keys": [{"kty": "EC", "crv": "P-256", "kid": "one", "x": x, "y": y}]});
        KeySource::Given(serde_json::from_value(keys).unwrap())
    }

    fn sign(&self, header: &Value, claims: &Value) -> String {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let text = format!("{}.{}", part(header), part(claims));
        let signature = self.0.sign(&SystemRandom::new(), text.as_bytes()).unwrap();
        format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature.as_ref()))
    }

    /// A token with these claims instead of the right ones; null takes one away.
    fn token(&self, other: &Value) -> String {
        let mut claims = claims();
        for (name, value) in other.as_object().unwrap() {
            claims[name] = value.clone();
        }
        claims.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        self.sign(&json!({"alg": "ES256", "kid": "one"}), &claims)
    }
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

fn claims() -> Value {
    json!({"iss": PEOPLE, "aud": "sigstore", "sub": "17", "email": ADA, "email_verified": true, "iat": now(), "exp": now() + 600})
}

/// A service in this process.
struct Service {
    url: String,
    address: std::net::SocketAddr,
    issuer: Issuer,
    _folder: tempfile::TempDir,
}

async fn service(change: impl FnOnce(&mut Config)) -> Service {
    let temporary = tempfile::tempdir().unwrap();
    let issuer = Issuer::new();
    let of = |url: &str, identity| IssuerConfig {
        url: url.into(),
        audience: "sigstore".into(),
        identity,
        keys: issuer.jwks(),
    };
    let machines = IdentityClaim::Uri { prefix: "https://ci.example.org/".into() };
    let mut config = common::config(vec![of(PEOPLE, IdentityClaim::Email), of(MACHINES, machines)]);
    change(&mut config);
    folder::init(temporary.path(), &config, common::PASSPHRASE).unwrap();
    let authority = Authority::open(temporary.path(), common::PASSPHRASE).unwrap();
    let limits = authority.limits.clone();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { http::serve(listener, http::router(authority), &limits, std::future::pending()).await });
    Service { url: format!("http://{address}"), address, issuer, _folder: temporary }
}

impl Service {
    async fn post(
        &self,
        path: &str,
        media_type: &str,
        body: impl Into<reqwest::Body>,
    ) -> (u16, reqwest::header::HeaderMap, Vec<u8>) {
        let request = reqwest::Client::new().post(format!("{}{path}", self.url)).header("content-type", media_type);
        let answer = request.body(body).send().await.unwrap();
        (answer.status().as_u16(), answer.headers().clone(), answer.bytes().await.unwrap().to_vec())
    }

    async fn json(&self, path: &str, body: &Value) -> (u16, Value) {
        let (status, _, body) = self.post(path, "application/json", body.to_string()).await;
        (status, serde_json::from_slice(&body).unwrap())
    }

    async fn certificate(&self, body: &Value) -> (u16, Value) {
        self.json("/api/v2/signingCert", body).await
    }
}

/// A request that is right.
fn request(token: &str, publisher: &Publisher, name: &str) -> Value {
    json!({
        "credentials": {"oidcIdentityToken": token},
        "publicKeyRequest": {
            "publicKey": {"algorithm": "ECDSA", "content": publisher.pem()},
            "proofOfPossession": STANDARD.encode(publisher.key.sign(name.as_bytes()).unwrap()),
        },
    })
}

fn refused(found: (u16, Value), status: u16, code: u64, message: &str) {
    let (found_status, body) = found;
    let text = body["message"].as_str().unwrap_or_default();
    assert_eq!((found_status, body["code"].as_u64()), (status, Some(code)), "{body}");
    assert!(text.contains(message), "`{text}` (wanted `{message}`)");
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_that_prove_nobody() {
    let service = service(|_| {}).await;
    let publisher = Publisher::new();
    let ask = async |token: &str| service.certificate(&request(token, &publisher, ADA)).await;
    let issuer = &service.issuer;
    assert_eq!(ask(&issuer.token(&json!({}))).await.0, 201);
    assert_eq!(ask(&issuer.token(&json!({"aud": ["other", "sigstore"]}))).await.0, 201);

    let header = |header: Value| issuer.sign(&header, &claims());
    let none = format!("{}.", header(json!({"alg": "none"})).rsplit_once('.').unwrap().0);
    let good = issuer.token(&json!({}));
    let other = issuer.token(&json!({"sub": "18"}));
    let moved = format!("{}.{}", good.rsplit_once('.').unwrap().0, other.rsplit_once('.').unwrap().1);
    let cases = [
        ("", "no identity token"),
        ("a.b.c", "no signed JSON Web Token"),
        (none.as_str(), "no signed JSON Web Token"),
        (&header(json!({"alg": "HS256", "kid": "one"})), "no signed JSON Web Token"),
        (&header(json!({"alg": "RS256", "kid": "one"})), "no key that fits"),
        (&header(json!({"alg": "ES256", "kid": "two"})), "no key that fits"),
        (&header(json!({"alg": "ES256", "kid": "one", "jwk": {"kty": "oct", "k": "AAAA"}})), ""),
        (&Issuer::new().token(&json!({})), "not signed with the issuer's key"),
        (&moved, "not signed with the issuer's key"),
        (&issuer.token(&json!({"iss": "https://evil.example.org"})), "https://evil.example.org"),
        (&issuer.token(&json!({"aud": "another"})), "for another audience"),
        (&issuer.token(&json!({"aud": null})), "aud"),
        (&issuer.token(&json!({"exp": now() - 3600, "iat": now() - 4000})), "expired"),
        (&issuer.token(&json!({"exp": null})), ""),
        (&issuer.token(&json!({"nbf": now() + 3600})), "not valid yet"),
        (&issuer.token(&json!({"iat": now() + 3600, "exp": now() + 4000})), "not valid yet"),
        (&issuer.token(&json!({"exp": now() + 10 * 24 * 3600})), "more than a day"),
        (&issuer.token(&json!({"email": null})), "`email` is missing"),
        (&issuer.token(&json!({"email_verified": false})), "`email_verified` is not true"),
        (&issuer.token(&json!({"email_verified": null})), "`email_verified` is not true"),
        (&issuer.token(&json!({"email": "ada"})), "no address"),
        (&issuer.token(&json!({"email": "ada@exa\u{0}mple.org"})), "printable"),
        (&issuer.token(&json!({"email": "\u{430}da@example.org"})), "printable"),
        (&issuer.token(&json!({"email": format!("{}@example.org", "a".repeat(600))})), "512"),
        (&"x".repeat(20_000), "more than 16384 bytes"),
    ];
    for (token, message) in cases {
        let (status, body) = ask(token).await;
        if message.is_empty() && status == 201 {
            continue; // A key inside a token is not looked at: the token is as good as without.
        }
        refused((status, body), 401, 16, message);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn machines_are_known_by_their_uri() {
    let service = service(|_| {}).await;
    let publisher = Publisher::new();
    let ask = async |sub: &str| {
        let token = service.issuer.token(&json!({"iss": MACHINES, "sub": sub, "email": null, "email_verified": null}));
        service.certificate(&request(&token, &publisher, sub)).await
    };
    assert_eq!(ask("https://ci.example.org/project/7").await.0, 201);
    for sub in ["https://ci.example.org.evil.org/", "https://ci.example.org", "https://ci.example.org/", "project", ""]
    {
        refused(ask(sub).await, 401, 16, "does not begin");
    }
}

/// A certificate request, signed by one key for another.
fn csr(key: &FileKey, signer: &FileKey) -> String {
    let info = CertReqInfo {
        version: x509_cert::request::Version::V1,
        subject: certificate::name("Evil", "localhost").unwrap(),
        public_key: key.public_key().info().clone(),
        attributes: SetOfVec::new(),
    };
    let signature = BitString::from_bytes(&signer.sign(&info.to_der().unwrap()).unwrap()).unwrap();
    let oid = const_oid::db::rfc5912::ECDSA_WITH_SHA_256;
    let request = CertReq { info, algorithm: spki::AlgorithmIdentifierOwned { oid, parameters: None }, signature };
    common::pem("CERTIFICATE REQUEST", &request.to_der().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_that_are_not_the_caller_s() {
    let service = service(|_| {}).await;
    let (publisher, other) = (Publisher::new(), Publisher::new());
    let token = || service.issuer.token(&json!({}));
    let proof = "/publicKeyRequest/proofOfPossession";
    let content = "/publicKeyRequest/publicKey/content";
    let with = |path: &str, value: Value| {
        let mut request = request(&token(), &publisher, ADA);
        *request.pointer_mut(path).unwrap() = value;
        request
    };
    let ed25519 = FileKey::generate(Algorithm::Ed25519).unwrap();
    let pem = |der: &[u8]| common::pem("PUBLIC KEY", der);
    let mut off_curve = publisher.key.public_key().der().to_vec();
    *off_curve.last_mut().unwrap() ^= 1;
    let signed = |key: &FileKey, text: &str| json!(STANDARD.encode(key.sign(text.as_bytes()).unwrap()));
    let requested = |pem: String| json!({"credentials": {"oidcIdentityToken": token()}, "certificateSigningRequest": STANDARD.encode(pem)});
    let mut both = request(&token(), &publisher, ADA);
    both["certificateSigningRequest"] = json!(STANDARD.encode(csr(&publisher.key, &publisher.key)));

    // A name in a certificate request is nobody's word: it does not appear.
    let (status, answer) = service.certificate(&requested(csr(&publisher.key, &publisher.key))).await;
    assert_eq!(status, 201, "{answer}");
    let leaf = answer["signedCertificateEmbeddedSct"]["chain"]["certificates"][0].as_str().unwrap();
    let leaf = x509_cert::Certificate::load_pem_chain(leaf.as_bytes()).unwrap().remove(0);
    assert!(leaf.tbs_certificate.subject.0.is_empty());

    let cases = [
        (with(proof, signed(&other.key, ADA)), "not a signature with that key over the identity `ada@example.org`"),
        (with(proof, signed(&publisher.key, "eve@example.org")), "not a signature with that key"),
        (with(proof, json!("")), "not a signature"),
        (with(proof, json!("%")), "base64"),
        (with(content, json!("")), "no PEM"),
        (with(content, json!(pem(ed25519.public_key().der()))), "Ed25519"),
        (with(content, json!(pem(&off_curve))), "not on the curve"),
        (with(content, json!("x".repeat(10_000))), "no PEM"),
        (requested(csr(&publisher.key, &other.key)), "not signed with its own key"),
        (requested(csr(&ed25519, &ed25519)), "Ed25519"),
        (
            requested(String::from("-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n")),
            "PKCS#10",
        ),
        (requested(publisher.pem()), "PKCS#10"),
        (requested("x".repeat(10_000)), "PKCS#10"),
        (json!({"credentials": {"oidcIdentityToken": token()}}), "either `publicKeyRequest` or"),
        (both, "either `publicKeyRequest` or"),
        (json!({"credentials": {"oidcIdentityToken": token()}, "unknown": 1}), "unknown field `unknown`"),
        (json!([]), "expected"),
    ];
    for (body, message) in cases {
        refused(service.certificate(&body).await, 400, 3, message);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn entries_that_are_none_or_there_already() {
    let service = service(|_| {}).await;
    let publisher = Publisher::new();
    let entry = publisher.entry(b"x");
    let path = "/api/v2/log/entries";
    assert_eq!(service.json(path, &entry).await.0, 201);
    let (status, headers, _) = service.post(path, "application/json", entry.to_string()).await;
    assert_eq!((status, headers.get("x-log-index").unwrap().to_str().unwrap()), (409, "0"));
    refused(service.json(path, &entry).await, 409, 6, "at index 0");
    refused(service.json(path, &json!({"intotoRequestV001": {}})).await, 400, 3, "unknown field `intotoRequestV001`");
    refused(service.json(path, &json!({"dsseRequestV002": {}})).await, 400, 3, "PAE");
    let text = entry.to_string();
    let double = format!("{},{}", &text[..text.len() - 1], &text[1..]);
    let (status, _, body) = service.post(path, "application/json", double).await;
    refused((status, serde_json::from_slice(&body).unwrap()), 400, 3, "duplicate field");
    let mut forged = publisher.entry(b"y");
    forged["hashedRekordRequestV002"]["digest"] = entry["hashedRekordRequestV002"]["digest"].clone();
    refused(service.json(path, &forged).await, 400, 3, "signature");
    for tile in ["tile/0/000", "tile/0/000.p/2", "tile/1/000.p/1", "tile/entries/001.p/1", "tile/0/0", "x"] {
        let answer = reqwest::get(format!("{}/api/v2/{tile}", service.url)).await.unwrap();
        assert_eq!(answer.status(), 404, "{tile}");
    }
    assert_eq!(common::get(&format!("{}/api/v2/tile/0/000.p/1", service.url)).await.len(), 32);
}

/// `TimeStampReq` of a version, with a digest of some kind.
fn query(version: u8, oid: &str, digest: &[u8]) -> Vec<u8> {
    #[derive(der::Sequence)]
    struct Imprint {
        algorithm: spki::AlgorithmIdentifierOwned,
        digest: OctetString,
    }
    #[derive(der::Sequence)]
    struct Query {
        version: u8,
        imprint: Imprint,
        certificates: bool,
    }
    let algorithm = spki::AlgorithmIdentifierOwned { oid: oid.parse().unwrap(), parameters: Some(Any::null()) };
    let imprint = Imprint { algorithm, digest: OctetString::new(digest).unwrap() };
    Query { version, imprint, certificates: true }.to_der().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn timestamps_that_are_not_given() {
    let service = service(|_| {}).await;
    let (path, kind) = ("/api/v1/timestamp", "application/timestamp-query");
    let sha256 = "2.16.840.1.101.3.4.2.1";
    let (status, headers, reply) = service.post(path, kind, query(1, sha256, &[7; 32])).await;
    assert_eq!((status, headers["content-type"].to_str().unwrap()), (201, "application/timestamp-reply"));
    assert!(Any::from_der(&reply).is_ok());
    let cases = [
        (query(1, "1.3.14.3.2.26", &[7; 20]), "SHA-256"),
        (query(1, sha256, &[7; 31]), "in its length"),
        (query(2, sha256, &[7; 32]), "version"),
        ([query(1, sha256, &[7; 32]), vec![0]].concat(), "TimeStampReq"),
        (vec![], "TimeStampReq"),
        (vec![0x30; 5_000], "TimeStampReq"),
    ];
    for (body, message) in cases {
        let (status, _, answer) = service.post(path, kind, body).await;
        refused((status, serde_json::from_slice(&answer).unwrap()), 400, 3, message);
    }
    let (status, _, answer) = service.post(path, "text/plain", query(1, sha256, &[7; 32])).await;
    refused((status, serde_json::from_slice(&answer).unwrap()), 400, 3, "content type");
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_rates_and_connections_are_bounded() {
    let service = service(|config| {
        config.limits = Limits {
            body_bytes_max: 5_000,
            certificates_per_second_max: 0,
            connections_max: 40,
            ..config.limits.clone()
        };
    })
    .await;
    let publisher = Publisher::new();
    let token = service.issuer.token(&json!({}));
    let request = request(&token, &publisher, ADA);
    let (status, headers, body) = service.post("/api/v2/signingCert", "application/json", request.to_string()).await;
    refused((status, serde_json::from_slice(&body).unwrap()), 429, 8, "certificates a second");
    assert!(headers.contains_key("retry-after"));
    for path in ["/api/v2/log/entries", "/api/v1/timestamp"] {
        let kind = if path.ends_with("entries") { "application/json" } else { "application/timestamp-query" };
        let (status, _, body) = service.post(path, kind, vec![b' '; 6_000]).await;
        refused((status, serde_json::from_slice(&body).unwrap()), 413, 11, "5000 bytes");
    }
    // More connections than there may be: some are closed without an answer.
    let mut open = vec![];
    for _ in 0..80 {
        open.push(TcpStream::connect(service.address).await.unwrap());
    }
    let mut served = 0;
    for stream in &mut open {
        let mut byte = [0; 1];
        let asked = stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await;
        if asked.is_ok() && stream.read(&mut byte).await.is_ok_and(|length| length == 1) {
            served += 1;
        }
    }
    assert!((1..=40).contains(&served), "{served}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_does_not_come_is_not_waited_for() {
    let service = service(|config| config.limits.request_ms_max = 200).await;
    let mut slow = TcpStream::connect(service.address).await.unwrap();
    let head = "POST /api/v2/log/entries HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{";
    slow.write_all(head.as_bytes()).await.unwrap();
    let mut start = [0; 12];
    slow.read_exact(&mut start).await.unwrap();
    assert_eq!(&start, b"HTTP/1.1 504");
}

/// An issuer's own service, which counts how often it is asked for keys.
async fn discovery(issuer: &Issuer, claimed: Option<&str>) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let KeySource::Given(keys) = issuer.jwks() else { panic!("given") };
    let keys = serde_json::to_string(&keys).unwrap();
    let document = json!({"issuer": claimed.unwrap_or(&url), "jwks_uri": format!("{url}/keys")}).to_string();
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let router = axum::Router::new()
        .route("/.well-known/openid-configuration", axum::routing::get(async move || document.clone()))
        .route(
            "/keys",
            axum::routing::get(async move || {
                count.fetch_add(1, Ordering::SeqCst);
                keys.clone()
            }),
        );
    let limits = Limits::default();
    tokio::spawn(async move { http::serve(listener, router, &limits, std::future::pending()).await });
    (url, asked)
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_discovered_and_kept() {
    let issuer = Issuer::new();
    let (url, asked) = discovery(&issuer, None).await;
    let (liar, _) = discovery(&issuer, Some("https://other.example.org")).await;
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let unreachable = format!("http://{}", gone.local_addr().unwrap());
    drop(gone);
    let of = |url: &str| IssuerConfig {
        url: url.into(),
        audience: "sigstore".into(),
        identity: IdentityClaim::Email,
        keys: KeySource::Discovered,
    };
    let issuers = [of(&url), of(&liar), of(&unreachable)];
    let service = service(|config| config.issuers = issuers.to_vec()).await;
    let publisher = Publisher::new();
    let ask = async |token: String| service.certificate(&request(&token, &publisher, ADA)).await;
    for _ in 0..3 {
        let (status, body) = ask(issuer.token(&json!({"iss": url}))).await;
        assert_eq!(status, 201, "{body}");
    }
    assert_eq!(asked.load(Ordering::SeqCst), 1, "keys are kept");
    // Made-up keys do not make us ask again and again.
    let mut claims = claims();
    claims["iss"] = json!(url);
    for number in 0..5 {
        let token = issuer.sign(&json!({"alg": "ES256", "kid": format!("made-up-{number}")}), &claims);
        refused(ask(token).await, 401, 16, "no key that fits");
    }
    assert!(asked.load(Ordering::SeqCst) <= 2, "{asked:?}");
    for url in [liar, unreachable] {
        refused(ask(issuer.token(&json!({"iss": url}))).await, 503, 14, "keys cannot be had");
    }
}
