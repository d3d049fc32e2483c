// SPDX-License-Identifier: MIT OR Apache-2.0
//! The statements of a package, held against what others published of their formats: in-toto's and SLSA's protocol
//! buffers (`in-toto-attestation`), and the JSON Schema of CycloneDX (in `cyclonedx-python-lib`), both from PyPI, in
//! exact versions.

use crate::desk::Desk;
use crate::packaged;
use edge_package::{Layout, media};
use jsonschema::{Retrieve, Uri, Validator};
use serde_json::{Value, json};
use services::packages;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The folder of both; their versions stand in `requirements.txt`.
const FOLDER: &str = "in-toto-attestation-0.9.3-cyclonedx-11.12.0";

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/publishing").join(name)
}

/// The schemas that CycloneDX's names, beside it.
struct Beside(PathBuf);

impl Retrieve for Beside {
    fn retrieve(&self, uri: &Uri<String>) -> Result<Value, Box<dyn Error + Send + Sync>> {
        let name = uri.as_str().rsplit('/').next().unwrap_or_default();
        Ok(serde_json::from_slice(&std::fs::read(self.0.join(name))?)?)
    }
}

fn cyclonedx(python: &Path) -> Validator {
    let libraries = std::fs::read_dir(python.join("lib")).unwrap().next().unwrap().unwrap().path();
    let schemas = libraries.join("site-packages/cyclonedx/schema/_res");
    let schema = serde_json::from_slice(&std::fs::read(schemas.join("bom-1.6.SNAPSHOT.schema.json")).unwrap()).unwrap();
    jsonschema::options().with_retriever(Beside(schemas)).should_validate_formats(true).build(&schema).unwrap()
}

/// What in-toto's own library says of a statement: nothing, or what is wrong.
fn in_toto(python: &Path, desk: &Desk, statement: &Value) -> Result<String, String> {
    desk.write("statement.json", &statement.to_string());
    packages::run(Command::new(python.join("bin/python")).arg(file("statement.py")).arg(desk.file("statement.json")))
}

/// A statement that was changed at a place.
fn with(statement: &Value, pointer: &str, value: Value) -> Value {
    let mut changed = statement.clone();
    let (parent, member) = pointer.rsplit_once('/').unwrap();
    changed.pointer_mut(parent).unwrap()[member] = value;
    changed
}

#[test]
fn statements_are_what_their_formats_say() {
    let test = "statements_are_what_their_formats_say";
    let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("formats").join(FOLDER);
    let python = packages::installed(cache, |folder| packages::python(folder, &file("requirements.txt")));
    let python = match python {
        Ok(python) => python,
        Err(reason) => return services::note_absent(test, "python3 with venv, and PyPI", &reason),
    };
    let desk = Desk::new();
    packaged(&desk, "echo.oci");
    let layout = Layout::read(&desk.file("echo.oci")).unwrap();
    let statements = layout.attachments.iter().filter(|one| one.artifact_type == media::IN_TOTO);
    let statements: Vec<Value> = statements.map(|one| serde_json::from_slice(&one.payload).unwrap()).collect();
    let [sbom, provenance] = statements.as_slice() else { panic!("{statements:?}") };

    let schema = cyclonedx(&python);
    let errors: Vec<_> = schema.iter_errors(&sbom["predicate"]).map(|error| error.to_string()).collect();
    assert_eq!(errors, Vec::<String>::new());
    for (pointer, value) in [
        ("/predicate/specVersion", json!(1.6)),
        ("/predicate/components/0/type", json!("crate")),
        ("/predicate/components/0/scope", json!("sometimes")),
        ("/predicate/metadata/component/licenses", json!([{ "expression": 1 }])),
        ("/predicate/metadata/component/hashes/0/content", json!("short")),
        ("/predicate/compositions/0/aggregate", json!("maybe")),
        ("/predicate/more", json!(1)),
    ] {
        assert!(!schema.is_valid(&with(sbom, pointer, value)["predicate"]), "{pointer}");
    }

    for statement in [sbom, provenance] {
        in_toto(&python, &desk, statement).unwrap();
    }
    for (pointer, value) in [
        ("/_type", json!("https://in-toto.io/Statement/v0")),
        ("/subject", json!([])),
        ("/subject/0/digests", json!({})),
        ("/predicate/buildDefinition/builder", json!("x")),
        ("/predicate/buildDefinition/resolvedDependencies/0/digest", json!("text")),
        ("/predicate/runDetails/builder", json!("text")),
    ] {
        assert!(in_toto(&python, &desk, &with(provenance, pointer, value)).is_err(), "{pointer}");
    }
}
