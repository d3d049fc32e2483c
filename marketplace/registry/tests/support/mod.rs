// SPDX-License-Identifier: MIT OR Apache-2.0
//! A registry on a folder of its own, and plain HTTP to it.
#![allow(dead_code, reason = "each test file uses what it needs")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a helper of a test is a test")]

use cortex_registry::{Access, Deletion, IMAGE_INDEX, IMAGE_MANIFEST, Right, Settings, Store, serve};
use kernel_types::Digest;
use reqwest::{Method, RequestBuilder, Response};
use serde_json::{Value, json};
use std::sync::Arc;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

pub(crate) const TOKEN: &str = "a token for tests";

pub(crate) struct Registry {
    pub(crate) folder: Arc<TempDir>,
    pub(crate) store: Arc<Store>,
    pub(crate) address: String,
    http: reqwest::Client,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

pub(crate) fn settings() -> Settings {
    let mut access = Access::open();
    access.grant(TOKEN, Right::Delete, None);
    Settings { access, deletion: Deletion::Everything, ..Settings::default() }
}

impl Registry {
    pub(crate) async fn start() -> Self {
        Self::with(settings()).await
    }

    pub(crate) async fn with(settings: Settings) -> Self {
        Self::on(Arc::new(tempfile::tempdir().unwrap()), settings).await
    }

    pub(crate) async fn on(folder: Arc<TempDir>, settings: Settings) -> Self {
        let store = Arc::new(Store::open(folder.path(), settings).unwrap());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (stop, stopped) = oneshot::channel::<()>();
        let serving = serve(listener, Arc::clone(&store), async { drop(stopped.await) });
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        Self { folder, store, address, http, stop, task: tokio::spawn(serving) }
    }

    /// Stops, and starts again on the same folder.
    pub(crate) async fn again(self, settings: Settings) -> Self {
        let Self { folder, store, stop, task, http, .. } = self;
        drop(http);
        drop(stop);
        task.await.unwrap();
        // What still runs for a request that was answered holds the store a moment longer.
        let mut store = store;
        loop {
            match Arc::try_unwrap(store) {
                Ok(store) => break drop(store),
                Err(held) => store = held,
            }
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        Self::on(folder, settings).await
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// A request with the token.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.anonymous(method, path).bearer_auth(TOKEN)
    }

    pub(crate) fn anonymous(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, self.url(path))
    }

    pub(crate) async fn get(&self, path: &str) -> Response {
        self.request(Method::GET, path).send().await.unwrap()
    }

    /// Begins an upload; its path.
    pub(crate) async fn begin(&self, name: &str) -> String {
        let answer = self.request(Method::POST, &format!("/v2/{name}/blobs/uploads/")).send().await.unwrap();
        assert_eq!(answer.status(), 202);
        header(&answer, "location")
    }

    pub(crate) async fn put_blob(&self, name: &str, bytes: &[u8]) -> Digest {
        let digest = Digest::of(bytes);
        let place = self.begin(name).await;
        let put = self.request(Method::PUT, &format!("{place}?digest={digest}")).body(bytes.to_vec());
        let answer = put.send().await.unwrap();
        assert_eq!(answer.status(), 201, "{}", answer.text().await.unwrap());
        digest
    }

    pub(crate) async fn put_manifest(&self, name: &str, reference: &str, manifest: &Value) -> Response {
        let kind = if manifest.get("manifests").is_some() { IMAGE_INDEX } else { IMAGE_MANIFEST };
        let put = self.request(Method::PUT, &format!("/v2/{name}/manifests/{reference}"));
        put.header("content-type", kind).body(manifest.to_string()).send().await.unwrap()
    }

    /// Pushes a small image; its manifest's digest.
    pub(crate) async fn put_image(&self, name: &str, reference: &str, layer: &[u8]) -> Digest {
        let manifest = self.image(name, layer).await;
        let answer = self.put_manifest(name, reference, &manifest).await;
        assert_eq!(answer.status(), 201, "{}", answer.text().await.unwrap());
        Digest::of(manifest.to_string().as_bytes())
    }

    /// Pushes the blobs of a small image; its manifest.
    pub(crate) async fn image(&self, name: &str, layer: &[u8]) -> Value {
        self.put_blob(name, b"{}").await;
        self.put_blob(name, layer).await;
        json!({
            "schemaVersion": 2,
            "mediaType": IMAGE_MANIFEST,
            "config": descriptor("application/vnd.oci.empty.v1+json", b"{}"),
            "layers": [descriptor("application/octet-stream", layer)],
        })
    }
}

pub(crate) fn descriptor(media_type: &str, bytes: &[u8]) -> Value {
    json!({ "mediaType": media_type, "digest": Digest::of(bytes), "size": bytes.len() })
}

pub(crate) fn header(answer: &Response, name: &str) -> String {
    answer.headers().get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default()
}

/// The code of a refusal, which has the form of the specification.
pub(crate) async fn code(answer: Response) -> String {
    assert_eq!(header(&answer, "content-type"), "application/json");
    let body = json_of(answer).await;
    let errors = body["errors"].as_array().unwrap();
    assert!(!errors[0]["message"].as_str().unwrap().is_empty());
    errors[0]["code"].as_str().unwrap().to_owned()
}

pub(crate) async fn json_of(answer: Response) -> Value {
    serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap()
}
