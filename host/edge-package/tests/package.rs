// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a package is, how it is written, and that it is the same wherever and whenever it is made.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a helper of a test is a test")]

mod support;

use edge_package::dependencies::{self, DependenciesError};
use edge_package::statement::{Origin, PROVENANCE, SBOM, Statement, statements};
use edge_package::{Layout, Package, media};
use expect_test::expect;
use kernel_types::Digest;
use std::path::Path;
use support::{blob, files, json, layout, package};

fn write_bundle(folder: &Path) {
    for (path, content) in files() {
        let path = folder.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }
}

#[test]
fn a_layout_is_the_same_from_another_folder_and_reads_back() {
    let [one, two] = [(); 2].map(|()| tempfile::tempdir().unwrap());
    let mut written = Vec::new();
    for folder in [one.path(), two.path()] {
        let (bundle, place) = (folder.join("bundle"), folder.join("layout"));
        write_bundle(&bundle);
        let package = Package::of_directory(&bundle).unwrap();
        assert_eq!(package.files(), &files());
        let attachments = statements(&package, &Origin::default()).unwrap().map(|s| s.attachment()).to_vec();
        let layout = Layout { package, attachments };
        layout.write(&place).unwrap();
        // Again in its place.
        layout.write(&place).unwrap();
        let read = Layout::read(&place).unwrap();
        assert_eq!(read.package.digest(), layout.package.digest());
        assert_eq!(read.package.files(), layout.package.files());
        assert_eq!(read.attachments, layout.attachments);
        read.package.unpack(&folder.join("unpacked")).unwrap();
        assert_eq!(Package::of_directory(&folder.join("unpacked")).unwrap().digest(), layout.package.digest());
        let names = std::fs::read_dir(folder).unwrap().count();
        assert_eq!(names, 3, "nothing is left beside");
        written.push((std::fs::read(place.join("index.json")).unwrap(), layout.content()));
    }
    let [one, two] = written.try_into().unwrap();
    assert_eq!(one.0, two.0);
    assert_eq!(one.1.0, two.1.0);
}

#[test]
fn what_is_published_follows_from_the_files() {
    let layout = layout();
    let content = layout.content();
    let index = json(&content, "index.json");
    assert_eq!(index["manifests"].as_array().unwrap().len(), 3);
    assert_eq!(index["manifests"][0]["annotations"][media::REF_NAME], "1.2.3_build.4");
    assert_eq!(index["manifests"][0]["digest"], layout.package.digest().to_string());
    let manifest = json(&content, &blob(&layout.package.digest().to_string()));
    let layers = manifest["layers"].as_array().unwrap().iter();
    let layers: Vec<_> = layers.map(|l| format!("{} {}", l["mediaType"], l["annotations"][media::TITLE])).collect();
    expect![[r#"
        "application/wasm" "component.wasm"
        "application/vnd.cortex.manifest.v1+yaml" "cortex.yaml"
        "application/vnd.cortex.migration.v1+sql" "migrations/0001_cars.sql"
        "application/vnd.cortex.migration.v1+sql" "migrations/0002_drivers.sql"
        "application/vnd.cortex.schema.v1+json" "schemas/car.schema.json"
        "application/vnd.cortex.view.v1" "views/list.json"
        "application/vnd.cortex.doc.v1" "docs/README.md""#]]
    .assert_eq(&layers.join("\n"));
    expect![[r#"{"org.opencontainers.image.licenses":"MIT OR Apache-2.0","org.opencontainers.image.title":"fleet","org.opencontainers.image.version":"1.2.3+build.4"}"#]]
    .assert_eq(&manifest["annotations"].to_string());
    let config = json(&content, &blob(manifest["config"]["digest"].as_str().unwrap()));
    expect![[
        r#"{"exports":["acme:fleet/cars@1.0.0"],"imports":["cortex:types/types@1.0.0"],"target":"acme:fleet/w@1.0.0"}"#
    ]]
    .assert_eq(&config["component"].to_string());
    assert_eq!(config["layerDigests"].as_array().unwrap().len(), 7);
}

#[test]
fn statements_are_about_the_package_and_nothing_else() {
    let package = package();
    let origin = Origin {
        builder: String::from("https://example.org/builder"),
        source: Some(String::from("git+https://example.org/fleet")),
        commit: Some("0123456789abcdef0123456789abcdef01234567".to_owned()),
    };
    let [bom, provenance] = statements(&package, &origin).unwrap();
    assert_eq!([bom.predicate_type.as_str(), &provenance.predicate_type], [SBOM, PROVENANCE]);
    for statement in [&bom, &provenance] {
        assert!(statement.is_about(package.digest()));
        assert!(!statement.is_about(Digest::of(b"other")));
        assert_eq!(&Statement::parse(&statement.bytes()).unwrap(), statement);
        assert_eq!(statement.attachment().annotations[media::PREDICATE_TYPE], statement.predicate_type);
    }
    assert_eq!(bom.predicate["metadata"]["component"]["licenses"][0]["expression"], "MIT OR Apache-2.0");
    assert_eq!(bom.predicate["compositions"][0]["aggregate"], "unknown");
    let source = &provenance.predicate["buildDefinition"]["resolvedDependencies"][0];
    assert_eq!(source["digest"]["gitCommit"], origin.commit.unwrap());
    assert_eq!(provenance.predicate["runDetails"]["builder"]["id"], origin.builder);
    let mut twice = bom.clone();
    twice.subject.push(twice.subject[0].clone());
    assert!(!twice.is_about(package.digest()));
    let text = String::from_utf8(bom.bytes()).unwrap();
    assert!(Statement::parse(text.replacen('{', "{\"_type\":\"x\",", 1).as_bytes()).is_err());
}

#[track_caller]
fn check_refused(path: &str, content: Option<&[u8]>, expected: &str) {
    let mut files = files();
    match content {
        Some(content) => drop(files.insert(path.to_owned(), content.to_vec())),
        None => drop(files.remove(path)),
    }
    let error = Package::of_files(files).unwrap_err().to_string();
    assert!(error.contains(expected), "{path}: {error}");
}

#[test]
fn files_that_are_no_package_are_refused_by_name() {
    check_refused("component.wasm", None, "there is no `component.wasm`");
    check_refused("cortex.yaml", None, "there is no `cortex.yaml`");
    check_refused("component.wasm", Some(b"\0asm\x01\0\0\0"), "a core WebAssembly module, not a component");
    check_refused("cortex.yaml", Some(b"id: x"), "cortex.yaml:1:1");
    check_refused("cortex.yaml", Some(b"\xff"), "no UTF-8");
    check_refused("notes.txt", Some(b""), "`notes.txt` belongs to no part");
    check_refused("migrations/README.md", Some(b""), "belongs to no part");
    check_refused("migrations/a/0001.sql", Some(b""), "belongs to no part");
    check_refused("schemas/other.json", Some(b""), "belongs to no part");
    check_refused("docs/../../x", Some(b""), "may not stand in a package");
    check_refused(".hidden", Some(b""), "may not stand in a package");
    check_refused("docs", Some(b""), "`docs` is a file, and other files lie below it");
    check_refused(
        "docs/large.md",
        Some(&vec![0; (4 << 20) + 1]),
        "`docs/large.md` is too large: at most 4194304 bytes",
    );
}

#[test]
fn too_many_files_are_refused() {
    let mut files = files();
    files.extend((0..4_100).map(|number| (format!("docs/{number}.md"), Vec::new())));
    assert!(Package::of_files(files).unwrap_err().to_string().contains("at most 4096 files"));
}

#[test]
fn a_bundle_with_links_or_special_files_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let bundle = folder.path().join("bundle");
    write_bundle(&bundle);
    let link = bundle.join("docs/passwords.md");
    std::os::unix::fs::symlink("/etc/passwd", &link).unwrap();
    let error = Package::of_directory(&bundle).unwrap_err().to_string();
    assert!(error.contains("`docs/passwords.md` is no regular file"), "{error}");
    std::fs::remove_file(&link).unwrap();
    std::os::unix::fs::symlink("/etc", bundle.join("views/etc")).unwrap();
    let error = Package::of_directory(&bundle).unwrap_err().to_string();
    assert!(error.contains("`views/etc` is no regular file"), "{error}");
    std::fs::remove_file(bundle.join("views/etc")).unwrap();
    std::fs::create_dir_all(bundle.join("docs/1/2/3/4/5/6/7/8/9")).unwrap();
    assert!(Package::of_directory(&bundle).unwrap_err().to_string().contains("may not stand in a package"));
    std::fs::remove_dir_all(bundle.join("docs/1")).unwrap();
    assert!(Package::of_directory(&bundle).is_ok());
    assert!(Package::of_directory(&folder.path().join("absent")).is_err());
}

#[test]
fn only_a_layout_is_replaced_by_one() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("home");
    std::fs::create_dir(&place).unwrap();
    std::fs::write(place.join("letter"), "dear").unwrap();
    let error = layout().write(&place).unwrap_err();
    assert!(error.to_string().contains("holds no `oci-layout`"), "{error}");
    assert_eq!(std::fs::read(place.join("letter")).unwrap(), b"dear");
    assert!(package().unpack(&place).unwrap_err().to_string().contains("holds no `cortex.yaml`"));
    std::fs::remove_file(place.join("letter")).unwrap();
    layout().write(&place).unwrap();
}

/// A component whose only core module carries these sections.
fn with_sections(sections: &[&[u8]]) -> Vec<u8> {
    let leb = |mut value: usize| {
        let mut bytes = Vec::new();
        loop {
            let byte = u8::try_from(value & 0x7f).unwrap();
            value >>= 7;
            bytes.push(if value == 0 { byte } else { byte | 0x80 });
            if value == 0 {
                return bytes;
            }
        }
    };
    let mut module = b"\0asm\x01\0\0\0".to_vec();
    for data in sections {
        let name = dependencies::SECTION.as_bytes();
        module.push(0);
        module.extend(leb(1 + name.len() + data.len()));
        module.push(u8::try_from(name.len()).unwrap());
        module.extend(name);
        module.extend(*data);
    }
    let mut component = b"\0asm\x0d\0\x01\0\x01".to_vec();
    component.extend(leb(module.len()));
    component.extend(module);
    component
}

#[test]
fn a_list_of_dependencies_is_read_within_limits() {
    let pack = |text: &str| miniz_oxide::deflate::compress_to_vec_zlib(text.as_bytes(), 9);
    let list = r#"{"packages":[{"name":"a","version":"1.0.0","source":"local","root":true,"dependencies":[1]},
        {"name":"b","version":"2.0.0","source":"crates.io"}],"format":1}"#;
    let read = |sections: &[&[u8]]| dependencies::read(&with_sections(sections));
    assert_eq!(read(&[]), Ok(None));
    assert_eq!(read(&[&pack(list)]).unwrap().unwrap().packages[1].name, "b");
    assert_eq!(read(&[&pack(list), &pack(list)]), Err(DependenciesError::Two));
    assert_eq!(read(&[b"\x78\x9cnonsense"]), Err(DependenciesError::Packed));
    // A hundred megabytes of spaces in a hundred kilobytes.
    let bomb = pack(&" ".repeat(100 << 20));
    assert!(bomb.len() < 200_000);
    assert_eq!(read(&[&bomb]), Err(DependenciesError::TooLong));
    for wrong in ["{", &list.replace("[1]", "[7]"), &list.replace("\"b\"", "7")] {
        assert!(matches!(read(&[&pack(wrong)]), Err(DependenciesError::Text(_))), "{wrong}");
    }
    assert!(matches!(dependencies::read(b"\0asm"), Err(DependenciesError::Malformed(_))));
}
