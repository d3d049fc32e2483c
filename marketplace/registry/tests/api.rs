// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the distribution specification 1.1 says a registry MUST do, each in a test named after it; and what it may refuse.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a helper of a test is a test")]

mod support;

use cortex_registry::{Access, Deletion, IMAGE_INDEX, IMAGE_MANIFEST, Right, Settings};
use kernel_types::Digest;
use reqwest::Method;
use serde_json::{Value, json};
use support::{Registry, TOKEN, code, header, json_of, settings};

#[tokio::test]
async fn the_api_is_there_and_says_how_to_log_in() {
    let registry = Registry::start().await;
    let answer = registry.anonymous(Method::GET, "/v2/").send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert!(header(&answer, "www-authenticate").starts_with("Basic realm="));
    assert_eq!(header(&answer, "docker-distribution-api-version"), "registry/2.0");
    let closed = Registry::with(Settings { access: Access::default(), ..settings() }).await;
    let answer = closed.anonymous(Method::GET, "/v2/").send().await.unwrap();
    assert_eq!(answer.status(), 401);
    assert!(header(&answer, "www-authenticate").starts_with("Basic realm="));
    assert_eq!(code(answer).await, "UNAUTHORIZED");
}

#[tokio::test]
async fn a_blob_comes_back_as_it_went_in() {
    let registry = Registry::start().await;
    let bytes: Vec<u8> = (0..3_000_000u32).map(|number| number.to_le_bytes()[1]).collect();
    let digest = registry.put_blob("acme/fleet", &bytes).await;
    let path = format!("/v2/acme/fleet/blobs/{digest}");
    let answer = registry.get(&path).await;
    assert_eq!(answer.status(), 200);
    assert_eq!(header(&answer, "content-length"), bytes.len().to_string());
    assert_eq!(header(&answer, "docker-content-digest"), digest.to_string());
    assert_eq!(answer.bytes().await.unwrap(), bytes);
    let head = registry.request(Method::HEAD, &path).send().await.unwrap();
    assert_eq!((head.status().as_u16(), header(&head, "content-length")), (200, bytes.len().to_string()));
    assert_eq!(head.bytes().await.unwrap().len(), 0);
    // Nobody else has it.
    assert_eq!(registry.get(&format!("/v2/acme/other/blobs/{digest}")).await.status(), 404);
    let absent = registry.get(&format!("/v2/acme/fleet/blobs/{}", Digest::of(b"absent"))).await;
    assert_eq!((absent.status().as_u16(), code(absent).await.as_str()), (404, "BLOB_UNKNOWN"));
    let empty = registry.put_blob("acme/fleet", b"").await;
    assert_eq!(registry.get(&format!("/v2/acme/fleet/blobs/{empty}")).await.bytes().await.unwrap().len(), 0);
}

#[tokio::test]
async fn a_range_of_a_blob_can_be_asked_for() {
    let registry = Registry::start().await;
    let digest = registry.put_blob("a", b"0123456789").await;
    let path = format!("/v2/a/blobs/{digest}");
    for (range, status, body, content_range) in [
        ("bytes=2-4", 206, "234", "bytes 2-4/10"),
        ("bytes=7-", 206, "789", "bytes 7-9/10"),
        ("bytes=-3", 206, "789", "bytes 7-9/10"),
        ("bytes=8-100", 206, "89", "bytes 8-9/10"),
        ("bytes=nonsense", 200, "0123456789", ""),
    ] {
        let answer = registry.request(Method::GET, &path).header("range", range).send().await.unwrap();
        assert_eq!(answer.status(), status, "{range}");
        assert_eq!(header(&answer, "content-range"), content_range, "{range}");
        assert_eq!(answer.text().await.unwrap(), body, "{range}");
    }
    let answer = registry.request(Method::GET, &path).header("range", "bytes=10-").send().await.unwrap();
    assert_eq!((answer.status().as_u16(), header(&answer, "content-range")), (416, String::from("bytes */10")));
}

#[tokio::test]
async fn a_blob_may_come_in_one_request_or_in_pieces() {
    let registry = Registry::start().await;
    let digest = Digest::of(b"hello world");
    let one = registry.request(Method::POST, &format!("/v2/one/blobs/uploads/?digest={digest}")).body("hello world");
    let answer = one.send().await.unwrap();
    assert_eq!(answer.status(), 201);
    assert_eq!(header(&answer, "location"), format!("/v2/one/blobs/{digest}"));

    let place = registry.begin("pieces").await;
    for (range, body, end) in [("0-5", "hello ", "0-5"), ("6-8", "wor", "0-8")] {
        let piece = registry.request(Method::PATCH, &place).header("content-range", range).body(body);
        let answer = piece.send().await.unwrap();
        assert_eq!((answer.status().as_u16(), header(&answer, "range")), (202, end.to_owned()));
        assert_eq!(header(&answer, "location"), place);
    }
    // Out of order, and of another length than it says.
    for (range, body) in [("0-5", "hello "), ("20-22", "xyz"), ("9-20", "ld"), ("nonsense", "ld"), ("9-8", "ld")] {
        let piece = registry.request(Method::PATCH, &place).header("content-range", range).body(body);
        let answer = piece.send().await.unwrap();
        assert_eq!((answer.status().as_u16(), header(&answer, "range")), (416, String::from("0-8")), "{range}");
        assert_eq!(code(answer).await, "BLOB_UPLOAD_INVALID");
    }
    let status = registry.get(&place).await;
    assert_eq!((status.status().as_u16(), header(&status, "range")), (204, String::from("0-8")));
    // The last piece comes with the end.
    let end = registry.request(Method::PUT, &format!("{place}?digest={digest}")).header("content-range", "9-10");
    assert_eq!(end.body("ld").send().await.unwrap().status(), 201);
    assert_eq!(registry.get(&format!("/v2/pieces/blobs/{digest}")).await.text().await.unwrap(), "hello world");
    // The upload is over.
    let answer = registry.get(&place).await;
    assert_eq!((answer.status().as_u16(), code(answer).await.as_str()), (404, "BLOB_UPLOAD_UNKNOWN"));
}

#[tokio::test]
async fn an_upload_that_is_wrong_or_given_up_leaves_nothing() {
    let registry = Registry::start().await;
    let before = registry.store.used_bytes();
    let place = registry.begin("a").await;
    let wrong = registry.request(Method::PUT, &format!("{place}?digest={}", Digest::of(b"other"))).body("bytes");
    let answer = wrong.send().await.unwrap();
    assert_eq!((answer.status().as_u16(), code(answer).await.as_str()), (400, "DIGEST_INVALID"));
    assert_eq!(registry.get(&place).await.status(), 404);
    let place = registry.begin("a").await;
    assert_eq!(registry.request(Method::PATCH, &place).body("bytes").send().await.unwrap().status(), 202);
    assert_eq!(registry.store.used_bytes(), before + 5);
    // It belongs to its repository.
    assert_eq!(registry.get(&place.replace("/v2/a/", "/v2/b/")).await.status(), 404);
    for query in ["", "?digest=nonsense", "?digest=sha512:00"] {
        let answer = registry.request(Method::PUT, &format!("{place}{query}")).send().await.unwrap();
        assert_eq!((answer.status().as_u16(), code(answer).await.as_str()), (400, "DIGEST_INVALID"), "{query}");
    }
    assert_eq!(registry.request(Method::DELETE, &place).send().await.unwrap().status(), 204);
    assert_eq!(registry.get(&place).await.status(), 404);
    assert_eq!(registry.store.used_bytes(), before);
    let uploads = std::fs::read_dir(registry.folder.path().join("uploads")).unwrap().count();
    assert_eq!(uploads, 0);
}

#[tokio::test]
async fn a_blob_is_mounted_from_where_one_may_read() {
    let registry = Registry::start().await;
    let digest = registry.put_blob("from/here", b"shared").await;
    let mount = |from: &str| format!("/v2/to/there/blobs/uploads/?mount={digest}&from={from}");
    let answer = registry.request(Method::POST, &mount("from/nowhere")).send().await.unwrap();
    assert_eq!(answer.status(), 202, "an upload begins instead");
    let answer = registry.request(Method::POST, &mount("from%2Fhere")).send().await.unwrap();
    assert_eq!(answer.status(), 201);
    assert_eq!(registry.get(&header(&answer, "location")).await.text().await.unwrap(), "shared");

    // Who may not read there learns nothing.
    let mut access = Access::default();
    access.grant(TOKEN, Right::Push, Some("from"));
    access.grant("mine", Right::Push, Some("to"));
    let closed = Registry::with(Settings { access, ..settings() }).await;
    closed.put_blob("from/here", b"shared").await;
    let answer = closed.anonymous(Method::POST, &mount("from/here")).bearer_auth("mine").send().await.unwrap();
    assert_eq!(answer.status(), 202);
}

#[tokio::test]
async fn a_manifest_is_found_by_tag_and_digest() {
    let registry = Registry::start().await;
    let manifest = registry.image("acme/fleet", b"layer").await;
    let digest = Digest::of(manifest.to_string().as_bytes());
    let answer = registry.put_manifest("acme/fleet", "1.0.0", &manifest).await;
    assert_eq!(answer.status(), 201);
    assert_eq!(header(&answer, "location"), format!("/v2/acme/fleet/manifests/{digest}"));
    assert_eq!(header(&answer, "docker-content-digest"), digest.to_string());
    for reference in ["1.0.0", &digest.to_string()] {
        let path = format!("/v2/acme/fleet/manifests/{reference}");
        let answer = registry.get(&path).await;
        assert_eq!(header(&answer, "content-type"), IMAGE_MANIFEST);
        assert_eq!(header(&answer, "docker-content-digest"), digest.to_string());
        assert_eq!(answer.text().await.unwrap(), manifest.to_string(), "the same bytes");
        let head = registry.request(Method::HEAD, &path).send().await.unwrap();
        assert_eq!(header(&head, "content-length"), manifest.to_string().len().to_string());
    }
    let absent = registry.get("/v2/acme/fleet/manifests/2.0.0").await;
    assert_eq!((absent.status().as_u16(), code(absent).await.as_str()), (404, "MANIFEST_UNKNOWN"));
    let head = registry.request(Method::HEAD, "/v2/nobody/manifests/1").send().await.unwrap();
    assert_eq!(head.status(), 404);
    let index = json!({ "schemaVersion": 2, "mediaType": IMAGE_INDEX, "manifests": [
        { "mediaType": IMAGE_MANIFEST, "digest": digest, "size": manifest.to_string().len() }
    ]});
    assert_eq!(registry.put_manifest("acme/fleet", "all", &index).await.status(), 201);
    assert_eq!(header(&registry.get("/v2/acme/fleet/manifests/all").await, "content-type"), IMAGE_INDEX);
}

#[tokio::test]
async fn a_manifest_that_is_none_is_refused() {
    let registry = Registry::start().await;
    let good = registry.image("a", b"layer").await;
    let with = |change: &dyn Fn(&mut Value)| {
        let mut value = good.clone();
        change(&mut value);
        value.to_string()
    };
    let other = Digest::of(b"absent").to_string();
    let cases: [(&str, String, u16, &str); 11] = [
        ("1", String::from("no JSON"), 400, "MANIFEST_INVALID"),
        ("1", String::from("{}"), 400, "MANIFEST_INVALID"),
        ("1", with(&|m| m["schemaVersion"] = json!(1)), 400, "MANIFEST_INVALID"),
        ("1", with(&|m| m["mediaType"] = json!(IMAGE_INDEX)), 400, "MANIFEST_INVALID"),
        ("1", with(&|m| m["config"] = Value::Null), 400, "MANIFEST_INVALID"),
        ("1", with(&|m| m["layers"][0]["size"] = json!(-1)), 400, "MANIFEST_INVALID"),
        ("1", with(&|m| m["layers"][0]["size"] = json!(u64::MAX)), 400, "MANIFEST_INVALID"),
        ("1", with(&|m| m["layers"][0]["digest"] = json!("sha256:../x")), 400, "MANIFEST_INVALID"),
        ("1", with(&|m| m["layers"][0]["digest"] = json!(other)), 404, "MANIFEST_BLOB_UNKNOWN"),
        (&other, good.to_string(), 400, "DIGEST_INVALID"),
        ("-1", good.to_string(), 400, "MANIFEST_INVALID"),
    ];
    for (reference, body, status, expected) in cases {
        let put = registry.request(Method::PUT, &format!("/v2/a/manifests/{reference}"));
        let answer = put.header("content-type", IMAGE_MANIFEST).body(body.clone()).send().await.unwrap();
        assert_eq!((answer.status().as_u16(), code(answer).await.as_str()), (status, expected), "{body}");
    }
    for kind in ["", "text/plain", "application/vnd.docker.distribution.manifest.v1+json"] {
        let put = registry.request(Method::PUT, "/v2/a/manifests/1").header("content-type", kind);
        let answer = put.body(json!({"schemaVersion":2}).to_string()).send().await.unwrap();
        assert_eq!((answer.status().as_u16(), code(answer).await.as_str()), (400, "MANIFEST_INVALID"), "{kind}");
    }
    let annotated = with(&|m| m["annotations"] = json!({ "x": "y".repeat(20_000) }));
    let put = registry.request(Method::PUT, "/v2/a/manifests/1").header("content-type", IMAGE_MANIFEST);
    assert_eq!(code(put.body(annotated).send().await.unwrap()).await, "MANIFEST_INVALID");
    assert_eq!(registry.get("/v2/a/manifests/1").await.status(), 404, "nothing was kept");
}

#[tokio::test]
async fn tags_come_in_order_and_in_pages() {
    let registry = Registry::start().await;
    for tag in ["b", "C", "a", "1.10.0", "1.9.0"] {
        registry.put_image("a", tag, b"layer").await;
    }
    let list = |path: String| {
        let registry = &registry;
        async move {
            let answer = registry.get(&path).await;
            let link = header(&answer, "link");
            let body = json_of(answer).await;
            assert_eq!(body["name"], "a");
            let tags = body["tags"].as_array().unwrap().iter().map(|tag| tag.as_str().unwrap().to_owned());
            (tags.collect::<Vec<_>>(), link)
        }
    };
    let all = ["1.10.0", "1.9.0", "a", "b", "C"];
    assert_eq!(list("/v2/a/tags/list".into()).await, (all.map(str::to_owned).to_vec(), String::new()));
    let mut found = Vec::new();
    let mut path = String::from("/v2/a/tags/list?n=2");
    loop {
        let (tags, link) = list(path).await;
        assert!(tags.len() <= 2);
        found.extend(tags);
        let Some(next) = link.strip_prefix('<').and_then(|link| link.strip_suffix(">; rel=\"next\"")) else { break };
        path = next.to_owned();
    }
    assert_eq!(found, all);
    assert_eq!(list("/v2/a/tags/list?n=0".into()).await.0, Vec::<String>::new());
    assert_eq!(list("/v2/a/tags/list?last=b".into()).await.0, ["C"]);
    let answer = registry.get("/v2/nobody/tags/list").await;
    assert_eq!((answer.status().as_u16(), code(answer).await.as_str()), (404, "NAME_UNKNOWN"));
    assert_eq!(registry.get("/v2/a/tags/list?n=many").await.status(), 405);
}

#[tokio::test]
async fn what_is_attached_is_listed_with_its_type() {
    let registry = Registry::start().await;
    let image = registry.image("a", b"layer").await;
    let digest = Digest::of(image.to_string().as_bytes());
    let subject = json!({ "mediaType": IMAGE_MANIFEST, "digest": digest, "size": image.to_string().len() });
    let list = |query: &'static str| {
        let registry = &registry;
        async move {
            let answer = registry.get(&format!("/v2/a/referrers/{digest}{query}")).await;
            assert_eq!((answer.status().as_u16(), header(&answer, "content-type")), (200, IMAGE_INDEX.to_owned()));
            let filters = header(&answer, "oci-filters-applied");
            let body = json_of(answer).await;
            assert_eq!(body["schemaVersion"], 2);
            (body["manifests"].as_array().unwrap().clone(), filters)
        }
    };
    assert_eq!(list("").await, (Vec::new(), String::new()), "an empty list, also where nothing is known");
    // The subject need not be there yet.
    for (tag, kind) in [("x1", Some("type/one")), ("x2", Some("type/two")), ("x3", None)] {
        let mut attached = image.clone();
        attached["subject"] = subject.clone();
        attached["annotations"] = json!({ "name": tag });
        if let Some(kind) = kind {
            attached["artifactType"] = json!(kind);
        }
        let answer =
            registry.put_manifest("a", &Digest::of(attached.to_string().as_bytes()).to_string(), &attached).await;
        assert_eq!((answer.status().as_u16(), header(&answer, "oci-subject")), (201, digest.to_string()));
    }
    assert_eq!(registry.put_manifest("a", "1", &image).await.status(), 201);
    let (all, _) = list("").await;
    assert_eq!(all.len(), 3);
    let default = all.iter().find(|one| one["annotations"]["name"] == "x3").unwrap();
    assert_eq!(default["artifactType"], "application/vnd.oci.empty.v1+json", "the type of its config");
    let (one, filters) = list("?artifactType=type%2Fone").await;
    assert_eq!((one.len(), filters.as_str()), (1, "artifactType"));
    assert_eq!(one[0]["artifactType"], "type/one");
    let bytes = registry.get(&format!("/v2/a/manifests/{}", one[0]["digest"].as_str().unwrap())).await;
    assert_eq!(header(&bytes, "content-length"), one[0]["size"].to_string());
    // Gone when it is deleted.
    let path = format!("/v2/a/manifests/{}", one[0]["digest"].as_str().unwrap());
    assert_eq!(registry.request(Method::DELETE, &path).send().await.unwrap().status(), 202);
    assert_eq!(list("").await.0.len(), 2);
    let wrong = registry.get("/v2/a/referrers/nonsense").await;
    assert_eq!((wrong.status().as_u16(), code(wrong).await.as_str()), (400, "DIGEST_INVALID"));
    assert_eq!(registry.get(&format!("/v2/nobody/referrers/{digest}")).await.status(), 200);
}

#[tokio::test]
async fn what_may_be_deleted_is_the_policys() {
    for (deletion, tag, manifest, blob) in
        [(Deletion::Nothing, 405, 405, 405), (Deletion::Tags, 202, 405, 405), (Deletion::Everything, 202, 202, 202)]
    {
        let registry = Registry::with(Settings { deletion, ..settings() }).await;
        let digest = registry.put_image("a", "1", b"layer").await;
        registry.put_image("a", "2", b"layer").await;
        let delete = |path: String| {
            let request = registry.request(Method::DELETE, &path);
            async move { request.send().await.unwrap().status().as_u16() }
        };
        assert_eq!(delete("/v2/a/manifests/1".into()).await, tag, "{deletion:?}");
        assert_eq!(registry.get("/v2/a/manifests/1").await.status() == 404, tag == 202);
        assert_eq!(registry.get(&format!("/v2/a/manifests/{digest}")).await.status(), 200);
        assert_eq!(delete(format!("/v2/a/manifests/{digest}")).await, manifest, "{deletion:?}");
        assert_eq!(registry.get("/v2/a/manifests/2").await.status() == 404, manifest == 202, "its tags go with it");
        assert_eq!(delete(format!("/v2/a/blobs/{}", Digest::of(b"layer"))).await, blob, "{deletion:?}");
        if deletion == Deletion::Everything {
            assert_eq!(delete("/v2/a/manifests/1".into()).await, 404);
            assert_eq!(delete(format!("/v2/a/blobs/{}", Digest::of(b"layer"))).await, 404);
        }
    }
}

#[tokio::test]
async fn a_tag_stays_where_it_is_if_tags_do_not_move() {
    let registry = Registry::with(Settings { moving_tags: false, ..settings() }).await;
    registry.put_image("a", "1.0.0", b"one").await;
    registry.put_image("a", "1.0.0", b"one").await;
    let other = registry.image("a", b"two").await;
    let answer = registry.put_manifest("a", "1.0.0", &other).await;
    assert_eq!((answer.status().as_u16(), code(answer).await.as_str()), (403, "DENIED"));
}

#[tokio::test]
async fn who_may_not_is_refused_before_anything_is_read() {
    let mut access = Access::default();
    access.grant("reader", Right::Pull, None);
    access.grant("writer", Right::Push, Some("acme"));
    let registry = Registry::with(Settings { access, ..settings() }).await;
    let digest = Digest::of(b"x");
    let cases: [(Method, String, Right); 10] = [
        (Method::GET, String::from("/v2/acme/a/tags/list"), Right::Pull),
        (Method::GET, format!("/v2/acme/a/blobs/{digest}"), Right::Pull),
        (Method::GET, String::from("/v2/acme/a/manifests/1"), Right::Pull),
        (Method::GET, format!("/v2/acme/a/referrers/{digest}"), Right::Pull),
        (Method::POST, String::from("/v2/acme/a/blobs/uploads/"), Right::Push),
        (Method::PATCH, String::from("/v2/acme/a/blobs/uploads/x"), Right::Push),
        (Method::PUT, String::from("/v2/acme/a/manifests/1"), Right::Push),
        (Method::DELETE, String::from("/v2/acme/a/manifests/1"), Right::Delete),
        (Method::DELETE, format!("/v2/acme/a/blobs/{digest}"), Right::Delete),
        (Method::GET, String::from("/v2/"), Right::Pull),
    ];
    for (method, path, right) in cases {
        let answer = registry.anonymous(method.clone(), &path).send().await.unwrap();
        assert_eq!((answer.status().as_u16(), code(answer).await.as_str()), (401, "UNAUTHORIZED"), "{method} {path}");
        let send = |token: &'static str| registry.anonymous(method.clone(), &path).bearer_auth(token).send();
        assert_eq!(send("wrong").await.unwrap().status(), 401, "{method} {path}");
        assert_eq!(send("reader").await.unwrap().status() == 403, right > Right::Pull, "{method} {path}");
        assert_eq!(send("writer").await.unwrap().status() == 403, right > Right::Push, "{method} {path}");
        let basic =
            registry.anonymous(method.clone(), &path).basic_auth("anybody", Some("writer")).send().await.unwrap();
        assert_eq!(basic.status() == 403, right > Right::Push, "{method} {path}");
        let elsewhere = path.replace("acme", "other");
        let answer = registry.anonymous(method.clone(), &elsewhere).bearer_auth("writer").send().await.unwrap();
        assert_eq!(answer.status() == 403, path != "/v2/", "{method} {elsewhere}");
    }
}

#[tokio::test]
async fn names_that_lead_elsewhere_are_refused() {
    let registry = Registry::start().await;
    for name in ["A", "a//b", "_a", "a..b", "a%2f..%2fb", &"a/".repeat(150)] {
        for (method, rest) in
            [(Method::GET, "tags/list"), (Method::POST, "blobs/uploads/"), (Method::PUT, "manifests/1")]
        {
            let answer = registry.request(method, &format!("/v2/{name}/{rest}")).send().await.unwrap();
            let found = (answer.status().as_u16(), code(answer).await);
            assert!(matches!((found.0, found.1.as_str()), (400, "NAME_INVALID")), "{name}/{rest}: {found:?}");
        }
    }
    for path in ["/v2/a/blobs/sha256:../../lock", "/v2/a/blobs/nonsense", "/v2/a/blobs/sha256:00"] {
        assert_eq!(code(registry.get(path).await).await, "DIGEST_INVALID", "{path}");
    }
    for path in ["/", "/v1/", "/v2/a", "/v2/a/b/c"] {
        assert_eq!(registry.get(path).await.status(), 404, "{path}");
    }
    for (method, path) in
        [(Method::PUT, "/v2/a/tags/list"), (Method::GET, "/v2/a/blobs/uploads/"), (Method::POST, "/v2/a/manifests/1")]
    {
        assert_eq!(code(registry.request(method, path).send().await.unwrap()).await, "UNSUPPORTED", "{path}");
    }
}
