// SPDX-License-Identifier: MIT OR Apache-2.0
//! Packages to and from registries: ours; one that lists nothing; one that breaks off; some that lie; and by way of `skopeo`.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a helper of a test is a test")]
#![expect(clippy::print_stderr, reason = "a test that could not try a stock client says so")]

mod support;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{Response, StatusCode};
use cortex_registry::{Access, Deletion, Right, Settings, Store, serve};
use edge_package::remote::{Credentials, Place, Pushed, Remote, RemoteError};
use edge_package::{Layout, media};
use futures_util::StreamExt as _;
use kernel_types::Digest;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use support::layout;
use tempfile::TempDir;
use tokio::net::TcpListener;

const TOKEN: &str = "a token for tests";

struct Registry {
    _folder: TempDir,
    store: Arc<Store>,
    address: String,
}

async fn registry() -> Registry {
    let folder = tempfile::tempdir().unwrap();
    let mut access = Access::open();
    access.grant(TOKEN, Right::Push, Some("acme"));
    let settings = Settings { access, deletion: Deletion::Nothing, ..Settings::default() };
    let store = Arc::new(Store::open(folder.path(), settings).unwrap());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(serve(listener, Arc::clone(&store), std::future::pending()));
    Registry { _folder: folder, store, address }
}

fn remote(place: &str, credentials: &Credentials) -> Remote {
    Remote::new(Place::parse(place).unwrap(), credentials, false).unwrap()
}

fn writer() -> Credentials {
    Credentials::Token { user: String::from("anybody"), token: TOKEN.to_owned() }
}

async fn push(place: &str) -> Result<Pushed, RemoteError> {
    remote(place, &writer()).push(&layout()).await
}

async fn pull(place: &str) -> Result<Layout, RemoteError> {
    let pulled = remote(place, &Credentials::Anonymous).pull().await?;
    assert_eq!(pulled.skipped, Vec::<String>::new());
    Ok(pulled.layout)
}

fn assert_same(pulled: &Layout) {
    let pushed = layout();
    assert_eq!(pulled.package.digest(), pushed.package.digest());
    assert_eq!(pulled.package.files(), pushed.package.files());
    let sorted = |layout: &Layout| {
        let mut payloads: Vec<_> = layout.attachments.iter().map(|one| one.payload.clone()).collect();
        payloads.sort();
        payloads
    };
    assert_eq!(sorted(pulled), sorted(&pushed));
}

#[tokio::test]
async fn what_is_pushed_is_pulled_by_tag_and_by_digest() {
    let registry = registry().await;
    let place = format!("{}/acme/fleet:1.2.3", registry.address);
    let pushed = push(&place).await.unwrap();
    assert!(pushed.lists_referrers && pushed.blobs > 7, "{pushed:?}");
    assert_eq!(pushed.digest, layout().package.digest());
    assert_same(&pull(&place).await.unwrap());
    let by_digest = format!("{}/acme/fleet@{}", registry.address, pushed.digest);
    assert_same(&pull(&by_digest).await.unwrap());
    // Again: nothing is sent.
    assert_eq!(push(&place).await.unwrap().blobs, 0);
    let absent = pull(&format!("{}/acme/fleet:9", registry.address)).await.unwrap_err();
    assert!(matches!(absent, RemoteError::Refused { status: 404, .. }), "{absent}");
}

#[tokio::test]
async fn who_may_not_push_is_told_so_and_nothing_is_kept() {
    let registry = registry().await;
    let place = format!("{}/acme/fleet:1", registry.address);
    let nobody = remote(&place, &Credentials::Anonymous).push(&layout()).await.unwrap_err();
    assert!(nobody.to_string().contains("UNAUTHORIZED"), "{nobody}");
    let elsewhere = push(&format!("{}/other/fleet:1", registry.address)).await.unwrap_err();
    assert!(elsewhere.to_string().contains("DENIED") || elsewhere.to_string().contains("does not give"), "{elsewhere}");
    let wrong = Digest::of(b"other");
    let error = push(&format!("{}/acme/fleet@{wrong}", registry.address)).await.unwrap_err();
    assert!(matches!(error, RemoteError::Other { .. }), "{error}");
    assert_eq!(registry.store.used_bytes(), 0);
}

/// What a proxy before a registry does.
#[derive(Clone)]
struct Proxy {
    to: String,
    http: reqwest::Client,
    /// Knows nothing of referrers.
    lists: bool,
    /// Bytes after which an answer with a blob breaks off, and how often it did.
    breaks: Option<(usize, Arc<AtomicUsize>)>,
}

async fn forward(State(proxy): State<Proxy>, request: Request) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path_and_query().unwrap().to_string();
    if !proxy.lists && path.contains("/referrers/") {
        return Response::builder().status(StatusCode::NOT_FOUND).body(Body::empty()).unwrap();
    }
    let body = axum::body::to_bytes(body, 1 << 30).await.unwrap();
    let mut headers = parts.headers.clone();
    headers.remove("host");
    let sent = proxy.http.request(parts.method.clone(), format!("http://{}{path}", proxy.to));
    let answer = sent.headers(headers).body(body).send().await.unwrap();
    let mut response = Response::builder().status(answer.status());
    for (name, value) in answer.headers() {
        response = response.header(name, value);
    }
    let bytes = answer.bytes().await.unwrap();
    let is_blob = parts.method == "GET" && path.contains("/blobs/");
    match proxy.breaks {
        Some((after, count)) if is_blob && bytes.len() > after => {
            count.fetch_add(1, Ordering::Relaxed);
            // What was sent leaves before the connection breaks: the server flushes while it waits.
            let cut = futures_util::stream::once(async {
                tokio::task::yield_now().await;
                Err(std::io::Error::other("cut"))
            });
            let some = futures_util::stream::iter([Ok(bytes.slice(..after))]).chain(cut);
            response.body(Body::from_stream(some)).unwrap()
        }
        _ => response.body(Body::from(bytes)).unwrap(),
    }
}

async fn proxy(to: &Registry, lists: bool, breaks: Option<(usize, Arc<AtomicUsize>)>) -> String {
    let proxy = Proxy { to: to.address.clone(), http: reqwest::Client::new(), lists, breaks };
    let router = Router::new().fallback(forward).with_state(proxy);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async { axum::serve(listener, router).await });
    address
}

#[tokio::test]
async fn a_registry_that_lists_no_referrers_gets_a_list() {
    let registry = registry().await;
    let address = proxy(&registry, false, None).await;
    let place = format!("{address}/acme/fleet:1");
    assert!(!push(&place).await.unwrap().lists_referrers);
    assert_same(&pull(&place).await.unwrap());
    // Again: the list does not grow.
    push(&place).await.unwrap();
    assert_eq!(pull(&place).await.unwrap().attachments.len(), 2);
}

#[tokio::test]
async fn a_content_that_breaks_off_is_gone_on_with() {
    let registry = registry().await;
    push(&format!("{}/acme/fleet:1", registry.address)).await.unwrap();
    let component = layout().package.component().len();
    let breaks = Arc::new(AtomicUsize::new(0));
    let address = proxy(&registry, true, Some((component / 3 + 1, Arc::clone(&breaks)))).await;
    assert_same(&pull(&format!("{address}/acme/fleet:1")).await.unwrap());
    assert!(breaks.load(Ordering::Relaxed) >= 2);
    // One that never comes to an end is given up.
    let address = proxy(&registry, true, Some((1, Arc::new(AtomicUsize::new(0))))).await;
    let error = pull(&format!("{address}/acme/fleet:1")).await.unwrap_err();
    assert!(matches!(error, RemoteError::Transport { .. }), "{error}");
}

/// A registry that answers every manifest with this, and every blob without end.
async fn liar(manifest: impl Fn() -> Body + Clone + Send + Sync + 'static) -> String {
    let answer = move |request: Request| {
        let manifest = manifest.clone();
        async move {
            let path = request.uri().path().to_owned();
            if path.contains("/manifests/") {
                return Response::new(manifest());
            }
            if path.contains("/blobs/") { Response::new(endless()) } else { Response::new(Body::empty()) }
        }
    };
    let router = Router::new().fallback(answer);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async { axum::serve(listener, router).await });
    address
}

fn endless() -> Body {
    let spaces = Bytes::from_static(&[b' '; 16 << 10]);
    Body::from_stream(futures_util::stream::repeat(spaces).map(Ok::<_, std::io::Error>))
}

#[tokio::test]
async fn a_registry_that_lies_is_not_believed() {
    let address = liar(endless).await;
    let error = pull(&format!("{address}/a:1")).await.unwrap_err();
    assert!(matches!(error, RemoteError::TooLong { bytes_max: 2_097_152, .. }), "{error}");

    let bytes = layout().package.image_bytes().to_vec();
    let honest = bytes.clone();
    let address = liar(move || Body::from(honest.clone())).await;
    let error = pull(&format!("{address}/a:1")).await.unwrap_err();
    assert!(matches!(error, RemoteError::TooLong { .. }), "a blob without end: {error}");
    let error = pull(&format!("{address}/a@{}", Digest::of(b"other"))).await.unwrap_err();
    assert!(matches!(error, RemoteError::Other { .. }), "{error}");

    let claims = String::from_utf8(bytes).unwrap().replacen("\"size\":", "\"size\":10000000000", 2);
    let address = liar(move || Body::from(claims.clone())).await;
    let error = pull(&format!("{address}/a:1")).await.unwrap_err();
    assert!(
        matches!(&error, RemoteError::Package(error) if error.to_string().contains("it claims 10000000000")),
        "{error}"
    );
    let address = liar(|| Body::from("<html>")).await;
    assert!(matches!(pull(&format!("{address}/a:1")).await, Err(RemoteError::Package(_))));
    let error = pull("127.0.0.1:1/a:1").await.unwrap_err();
    assert!(matches!(error, RemoteError::Transport { .. }), "{error}");
}

#[tokio::test]
async fn what_is_attached_by_others_is_left_out_and_said() {
    let registry = registry().await;
    let place = format!("{}/acme/fleet:1", registry.address);
    let mut strange = layout();
    strange.attachments[0].payload = vec![b' '; (8 << 20) + 1];
    remote(&place, &writer()).push(&strange).await.unwrap();
    let pulled = remote(&place, &Credentials::Anonymous).pull().await.unwrap();
    assert_eq!(pulled.layout.attachments.len(), 1);
    assert!(pulled.skipped.len() == 1 && pulled.skipped[0].contains("it claims 8388609 bytes"), "{:?}", pulled.skipped);
}

fn skopeo(arguments: &[&str]) -> Option<String> {
    let run = std::process::Command::new("skopeo").arg("--insecure-policy").args(arguments).output();
    let Ok(output) = run else {
        eprintln!("skopeo is not installed: stock clients were not tried");
        return None;
    };
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "skopeo {arguments:?}: {error}");
    Some(String::from_utf8(output.stdout).unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stock_client_copies_packages() {
    let registry = registry().await;
    let folder = tempfile::tempdir().unwrap();
    let (from, to) = (folder.path().join("from"), folder.path().join("to"));
    layout().write(&from).unwrap();
    let (from, digest) = (format!("oci:{}:1.2.3_build.4", from.display()), layout().package.digest());
    let place = format!("docker://{}/acme/fleet:stock", registry.address);
    let credentials = format!("anybody:{TOKEN}");
    let push: [String; 7] =
        ["copy", "--preserve-digests", "--dest-tls-verify=false", "--dest-creds", &credentials, &from, &place]
            .map(str::to_owned);
    let (back, address) = (format!("oci:{}:stock", to.display()), registry.address.clone());
    let copied = tokio::task::spawn_blocking(move || {
        skopeo(&push.iter().map(String::as_str).collect::<Vec<_>>())?;
        let raw = skopeo(&["inspect", "--raw", "--tls-verify=false", &place])?;
        assert_eq!(Digest::of(raw.as_bytes()), digest, "the same bytes");
        let tags = skopeo(&["list-tags", "--tls-verify=false", &format!("docker://{address}/acme/fleet")])?;
        assert!(tags.contains("stock"), "{tags}");
        skopeo(&["copy", "--preserve-digests", "--src-tls-verify=false", &place, &back])
    });
    if copied.await.unwrap().is_none() {
        return;
    }
    let copy = Layout::read(&to).unwrap();
    assert_eq!(copy.package.digest(), digest);
    assert_eq!(pull(&format!("{}/acme/fleet@{digest}", registry.address)).await.unwrap().package.digest(), digest);
    assert_eq!(copy.package.descriptor().artifact_type.as_deref(), Some(media::PACKAGE));
}
