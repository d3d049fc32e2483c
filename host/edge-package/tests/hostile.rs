// SPDX-License-Identifier: MIT OR Apache-2.0
//! Layouts that somebody forged, each refused at the step that is named, and nothing else is.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a helper of a test is a test")]

mod support;

use edge_package::layout::{Memory, Step};
use edge_package::{Layout, json, media};
use serde_json::{Value, json};
use support::{blob, forge, layout, put};

#[track_caller]
fn check(step: Step, expected: &str, spoil: impl FnOnce(&mut Memory)) {
    let mut files = layout().content();
    assert!(Layout::read_from(&files).is_ok());
    spoil(&mut files);
    let error = Layout::read_from(&files).map(|layout| layout.package.digest()).unwrap_err();
    assert_eq!(error.step, step, "{error}");
    let text = error.to_string();
    assert!(text.contains(expected) && text.contains(&format!("the step `{step}`")), "{text}");
}

fn text(files: &mut Memory, name: &str, from: &str, to: &str) {
    let old = String::from_utf8(files.0[name].clone()).unwrap();
    assert!(old.contains(from), "{old}");
    files.0.insert(name.to_owned(), old.replacen(from, to, 1).into_bytes());
}

fn index(files: &mut Memory, change: impl FnOnce(&mut Value)) {
    let mut index = support::json(files, "index.json");
    change(&mut index);
    files.0.insert(String::from("index.json"), json::canonical(&index));
}

fn package_blob(files: &Memory) -> String {
    blob(support::json(files, "index.json")["manifests"][0]["digest"].as_str().unwrap())
}

#[test]
fn the_layout_file() {
    check(Step::Layout, "cannot be read", |files| drop(files.0.remove("oci-layout")));
    check(Step::Layout, "`2.0.0` is not known", |files| text(files, "oci-layout", "1.0.0", "2.0.0"));
    check(Step::Layout, "stands twice", |files| text(files, "oci-layout", "{", r#"{"imageLayoutVersion":"1.0.0","#));
    check(Step::Layout, "longer than the 1024 bytes", |files| {
        text(files, "oci-layout", "{", &format!("{{{}", " ".repeat(2000)))
    });
}

#[test]
fn the_index() {
    check(Step::Index, "cannot be read", |files| drop(files.0.remove("index.json")));
    check(Step::Index, "`manifests` stands twice", |files| text(files, "index.json", "{", r#"{"manifests":[],"#));
    check(Step::Index, "version `1`", |files| index(files, |index| index["schemaVersion"] = json!(1)));
    check(Step::Index, "its type is `text/plain`", |files| {
        index(files, |index| index["mediaType"] = json!("text/plain"))
    });
    check(Step::Index, "its type is `application/vnd.oci.image.index", |files| {
        index(files, |index| index["manifests"][0]["mediaType"] = json!(media::IMAGE_INDEX));
    });
    check(Step::Index, "it claims 10000000000 bytes, at most 2097152", |files| {
        index(files, |index| index["manifests"][0]["size"] = json!(10_000_000_000u64));
    });
    check(Step::Index, "twice", |files| {
        index(files, |index| {
            let first = index["manifests"][0].clone();
            index["manifests"].as_array_mut().unwrap().push(first);
        });
    });
    check(Step::Index, "there are 200, at most 129", |files| {
        index(files, |index| index["manifests"] = Value::Array(vec![index["manifests"][0].clone(); 200]));
    });
    check(Step::Index, "no digest", |files| {
        index(files, |index| index["manifests"][0]["digest"] = json!("sha256:../../../../etc/passwd"));
    });
    check(Step::Index, "longer than the 262144 bytes", |files| {
        text(files, "index.json", "{", &format!("{{{}", " ".repeat(300 << 10)));
    });
}

#[test]
fn the_manifest() {
    check(Step::Manifest, "cannot be read", |files| {
        let name = package_blob(files);
        files.0.remove(&name);
    });
    check(Step::Manifest, "its digest is", |files| {
        let name = package_blob(files);
        text(files, &name, "fleet", "fleed");
    });
    check(Step::Manifest, "its descriptor says", |files| {
        index(files, |index| index["manifests"][0]["size"] = json!(1_000_000));
    });
    check(Step::Manifest, "longer than the 10 bytes", |files| {
        index(files, |index| index["manifests"][0]["size"] = json!(10));
    });
    check(Step::Manifest, "0 manifests without a subject", |files| {
        index(files, |index| drop(index["manifests"].as_array_mut().unwrap().remove(0)));
    });
    check(Step::Manifest, "2 manifests without a subject", |files| {
        let mut index = support::json(files, "index.json");
        let mut second = support::json(files, &package_blob(files));
        second["annotations"][media::VERSION] = json!("9.9.9");
        let mut descriptor = index["manifests"][0].clone();
        put(files, &mut descriptor, &json::canonical(&second));
        index["manifests"].as_array_mut().unwrap().push(descriptor);
        files.0.insert(String::from("index.json"), json::canonical(&index));
    });
    check(Step::Manifest, "the key `layers` stands twice", |files| {
        let name = package_blob(files);
        let manifest = String::from_utf8(files.0[&name].clone()).unwrap();
        let twice = manifest.replacen('{', r#"{"layers":[],"#, 1);
        let mut index = support::json(files, "index.json");
        put(files, &mut index["manifests"][0], twice.as_bytes());
        files.0.insert(String::from("index.json"), json::canonical(&index));
    });
}

#[test]
fn the_layers() {
    type Change = fn(&mut Value);
    let cases: [(&str, Change); 11] = [
        ("its type is `x`, expected `application/vnd.cortex.component.v1`", |m| m["artifactType"] = json!("x")),
        ("expected `application/vnd.wasm.config.v0+json`", |m| m["config"]["mediaType"] = json!(media::EMPTY)),
        ("it claims 10000000000 bytes", |m| m["config"]["size"] = json!(10_000_000_000u64)),
        ("layer 0, `component.wasm`: it claims 10000000000 bytes", |m| {
            m["layers"][0]["size"] = json!(10_000_000_000u64)
        }),
        ("layer 2, `migrations/0001_cars.sql`: it claims 5000000 bytes", |m| m["layers"][2]["size"] = json!(5_000_000)),
        ("`application/vnd.oci.image.layer.v1.tar+gzip`, expected `one of", |m| {
            m["layers"][3]["mediaType"] = json!("application/vnd.oci.image.layer.v1.tar+gzip");
        }),
        ("expected `application/wasm`", |m| m["layers"][0]["mediaType"] = json!("application/wasm+zstd")),
        ("may not stand in a package", |m| {
            m["layers"][2]["annotations"][media::TITLE] = json!("../../../etc/cron.d/x");
        }),
        ("layer 3, ``: it may not stand", |m| drop(m["layers"][3].as_object_mut().unwrap().remove("annotations"))),
        ("`migrations/0001_cars.sql`: it stands there twice", |m| m["layers"][3] = m["layers"][2].clone()),
        ("there are 5000, at most 4096", |m| m["layers"] = Value::Array(vec![m["layers"][2].clone(); 5000])),
    ];
    for (expected, change) in cases {
        check(Step::Layers, expected, |files| forge(files, 0, change));
    }
    // Many that are each within their limit, and not together.
    check(Step::Layers, "it claims 272629760 bytes, at most 268435456", |files| {
        forge(files, 0, |m| {
            let layer = m["layers"][2].clone();
            let many = (0..65).map(|number| {
                let mut layer = layer.clone();
                layer["size"] = json!(4 << 20);
                layer["annotations"][media::TITLE] = json!(format!("migrations/{number}.sql"));
                layer
            });
            m["layers"] = many.collect();
        });
    });
}

#[test]
fn the_contents() {
    let digest = |files: &Memory, layer: usize| {
        support::json(files, &package_blob(files))["layers"][layer]["digest"].as_str().unwrap().to_owned()
    };
    check(Step::Contents, "`component.wasm`: it cannot be read", |files| {
        let name = blob(&digest(files, 0));
        files.0.remove(&name);
    });
    check(Step::Contents, "`cortex.yaml`: its digest is", |files| {
        let name = blob(&digest(files, 1));
        text(files, &name, "write", "WRITE");
    });
    check(Step::Contents, "`cortex.yaml`: it has", |files| {
        let name = blob(&digest(files, 1));
        text(files, &name, "write", "read");
    });
    check(Step::Contents, "longer than", |files| {
        let name = blob(&digest(files, 2));
        text(files, &name, "CREATE", "DROP TABLE entries; CREATE");
    });
    check(Step::Contents, "the config: its digest is", |files| {
        let config = support::json(files, &package_blob(files))["config"]["digest"].as_str().unwrap().to_owned();
        text(files, &blob(&config), "wasip2", "wasip1");
    });
}

#[test]
fn the_package() {
    let swap = |files: &mut Memory, layer: usize, bytes: &[u8]| {
        let mut descriptor = Value::Null;
        forge(files, 0, |m| descriptor = m["layers"][layer].clone());
        put(files, &mut descriptor, bytes);
        forge(files, 0, |m| m["layers"][layer] = descriptor);
    };
    check(Step::Package, "a core WebAssembly module", |files| swap(files, 0, b"\0asm\x01\0\0\0"));
    check(Step::Package, "list of layers", |files| forge(files, 0, |m| m["layers"].as_array_mut().unwrap().swap(2, 3)));
    check(Step::Package, "config is not the one", |files| swap(files, 2, b"DROP TABLE cars;"));
    check(Step::Package, "there is no `component.wasm`", |files| {
        forge(files, 0, |m| m["layers"][0]["annotations"][media::TITLE] = json!("docs/component.wasm"));
    });
    check(Step::Package, "list of layers is not", |files| {
        forge(files, 0, |m| m["layers"][2]["mediaType"] = json!(media::DOC));
    });
    check(Step::Package, "annotations is not the one", |files| {
        forge(files, 0, |m| m["annotations"][media::VERSION] = json!("9.9.9"));
    });
    check(Step::Package, "JSON is not the one", |files| forge(files, 0, |m| m["unknown"] = json!(1)));
    check(Step::Package, "JSON is not the one", |files| {
        forge(files, 0, |m| m["layers"][0]["urls"] = json!(["http://x"]))
    });
    // The same values, not written in their one form.
    check(Step::Package, "JSON is not the one", |files| {
        let spaced = serde_json::to_vec_pretty(&support::json(files, &package_blob(files))).unwrap();
        let mut index = support::json(files, "index.json");
        put(files, &mut index["manifests"][0], &spaced);
        files.0.insert(String::from("index.json"), json::canonical(&index));
    });
}

#[test]
fn the_attachments() {
    check(Step::Attachments, "which is not the package", |files| {
        forge(files, 1, |m| m["subject"]["digest"] = m["config"]["digest"].clone());
    });
    check(Step::Attachments, "it has 2 layers", |files| {
        forge(files, 1, |m| {
            let layer = m["layers"][0].clone();
            m["layers"].as_array_mut().unwrap().push(layer);
        });
    });
    check(Step::Attachments, "it claims 10000000000 bytes", |files| {
        forge(files, 2, |m| m["layers"][0]["size"] = json!(10_000_000_000u64));
    });
    check(Step::Attachments, "it claims 5000 bytes, at most 64", |files| {
        forge(files, 2, |m| m["config"]["size"] = json!(5000));
    });
    check(Step::Attachments, "its digest is", |files| {
        let digest = support::json(files, "index.json")["manifests"][1]["digest"].as_str().unwrap().to_owned();
        let payload = support::json(files, &blob(&digest))["layers"][0]["digest"].as_str().unwrap().to_owned();
        text(files, &blob(&payload), "CycloneDX", "CycloneDY");
    });
}

#[test]
fn links_in_a_layout_are_not_followed() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("layout");
    for name in ["oci-layout", "index.json", "blob", "blobs"] {
        let layout = layout();
        layout.write(&place).unwrap();
        let file = match name {
            "blob" => place.join(format!("blobs/sha256/{}", layout.package.digest().hex())),
            "blobs" => place.join("blobs"),
            name => place.join(name),
        };
        let outside = folder.path().join("outside");
        std::fs::rename(&file, &outside).unwrap();
        std::os::unix::fs::symlink(&outside, &file).unwrap();
        let error = Layout::read(&place).map(|layout| layout.package.digest()).unwrap_err().to_string();
        assert!(error.contains("no regular file"), "{name}: {error}");
        std::fs::remove_file(&file).unwrap();
        std::fs::rename(&outside, &file).unwrap();
    }
}
