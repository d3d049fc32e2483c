// SPDX-License-Identifier: MIT OR Apache-2.0
//! The builder on a real crate: compiled for WebAssembly, wrapped, checked, bundled; and each way in which that fails.

mod common;

use common::Fixture;
use sdk_build::{Bundle, Event};

fn is_up_to_date(events: &[Event]) -> bool {
    matches!(events, [Event::UpToDate { .. }] | [Event::Toolchain(_), Event::UpToDate { .. }])
}

#[test]
fn a_crate_becomes_a_bundle_once_and_again_only_when_it_changes() {
    let fixture = Fixture::new("greeter-bundle");
    let (bundle, events) = fixture.build();
    let bundle = bundle.unwrap();
    assert!(matches!(events.last(), Some(Event::Built { size_bytes: 1_000..100_000, .. })), "{events:?}");
    assert!(bundle.directory.ends_with("greeter-bundle"));
    for file in ["component.wasm", "cortex.yaml", "migrations/0001_names.sql", "schemas/greeting.schema.json"] {
        assert!(bundle.directory.join(file).is_file(), "{file}");
    }
    assert_eq!(Bundle::open(&bundle.directory).unwrap(), bundle);
    let docs = format!("{:?}", kernel_contract::decode(&std::fs::read(bundle.component()).unwrap()).unwrap().resolve);
    for text in ["Greetings.", "Says good day.", "How many characters the name has.", "Notes a name."] {
        assert!(docs.contains(text), "`{text}` is not in {docs}");
    }

    let (again, events) = fixture.build();
    assert!(is_up_to_date(&events), "{events:?}");
    assert_eq!(again.unwrap(), bundle);

    // Written anew with the same content: nothing to do.
    fixture.edit("src/lib.rs", "good day", "good day");
    assert!(is_up_to_date(&fixture.build().1));

    fixture.edit("src/lib.rs", "good day", "good evening");
    let (changed, events) = fixture.build();
    assert!(matches!(events.last(), Some(Event::Built { .. })), "{events:?}");
    assert_ne!(changed.unwrap().digest, bundle.digest);

    fixture.edit("src/lib.rs", "good evening", "good day");
    assert_eq!(fixture.build().0.unwrap(), bundle);
}

#[test]
fn every_part_of_the_inputs_counts() {
    let fixture = Fixture::new("greeter-inputs");
    let mut digests = vec![fixture.build().0.unwrap().digest];
    let edits = [
        ("cortex.yaml", "version: 1.0.0", "version: 1.0.1"),
        ("migrations/0001_names.sql", "names", "greeted_names"),
        ("schemas/greeting.schema.json", "object", "array"),
        ("../../wit/greeting-1.0.0/greeting.wit", "/// The words.", "/// The words that are said."),
    ];
    for (file, from, to) in edits {
        fixture.edit(file, from, to);
        let (bundle, events) = fixture.build();
        assert!(!is_up_to_date(&events), "{file}");
        digests.push(bundle.unwrap().digest);
    }
    let all = digests.len();
    digests.sort();
    digests.dedup();
    assert_eq!(digests.len(), all);
}

#[test]
fn a_bundle_that_was_tampered_with_or_lost_is_made_again() {
    let fixture = Fixture::new("greeter-tampered");
    let bundle = fixture.build().0.unwrap();
    std::fs::write(bundle.component(), b"other").unwrap();
    assert_eq!(fixture.build().0.unwrap(), bundle);
    assert_eq!(Bundle::open(&bundle.directory).unwrap(), bundle);
    std::fs::write(bundle.directory.join("migrations/0002_extra.sql"), b"DROP TABLE names;").unwrap();
    assert_eq!(fixture.build().0.unwrap(), bundle);
    std::fs::remove_dir_all(&bundle.directory).unwrap();
    assert_eq!(fixture.build().0.unwrap(), bundle);
}

#[test]
fn the_same_sources_give_the_same_bundle_in_another_place() {
    let build = || Fixture::new("greeter-reproducible").build().0.unwrap().digest;
    assert_eq!(build(), build());
}

#[test]
fn builds_at_the_same_time_compile_once() {
    let fixture = Fixture::new("greeter-parallel");
    let events: Vec<Vec<Event>> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(|| fixture.build())).collect();
        threads
            .into_iter()
            .map(|thread| {
                let (bundle, events) = thread.join().unwrap();
                bundle.unwrap();
                events
            })
            .collect()
    });
    let count = |wanted: fn(&Event) -> bool| events.iter().flatten().filter(|event| wanted(event)).count();
    assert_eq!(count(|event| matches!(event, Event::Built { .. })), 1, "{events:?}");
    assert_eq!(count(|event| matches!(event, Event::UpToDate { .. })), 3, "{events:?}");
}

#[test]
fn what_is_wrong_with_a_crate_is_said() {
    let cases: &[(&str, &str, &str, &str, &[&str])] = &[
        (
            "syntax",
            "src/lib.rs",
            "struct Component;",
            "struct Component",
            &["does not compile", "expected", "src/lib.rs"],
        ),
        (
            "world",
            "cortex.yaml",
            "greeter-world",
            "greeter-wold",
            &["has no world `greeter-wold`; it has: greeter-world"],
        ),
        ("manifest", "cortex.yaml", "effect: read", "effect: none", &["cortex.yaml", "effect"]),
        (
            "package",
            "wit/world.wit",
            "import fixture:greeting/journal@1.0.0",
            "import fixture:absent/journal@1.0.0",
            &["no package `fixture:absent@1.0.0`", "fixture:greeting@1.0.0"],
        ),
        ("wit", "wit/world.wit", "export fixture", "exprot fixture", &["cannot parse the WIT", "world.wit"]),
        ("schema", "cortex.yaml", "greeting.schema.json", "other.schema.json", &["cannot read", "other.schema.json"]),
        (
            "path",
            "src/lib.rs",
            "format!(\"good day, {name}\")",
            "format!(\"{} {name}\", env!(\"CARGO_MANIFEST_DIR\"))",
            &["contains the path", "of this machine"],
        ),
        // Not what is shipped: the bindings come from another copy of the package than the one in `wit/`.
        (
            "contract",
            "../../wit/greeting-1.0.0/greeting.wit",
            "length: u32",
            "length: u64",
            &["fixture:greeting/greetings@1.0.0.greeting", "field `length`", "`u32` in the binary", "`u64` in the WIT"],
        ),
    ];
    for (name, file, from, to, expected) in cases {
        let fixture = Fixture::new(&format!("greeter-wrong-{name}"));
        if *name == "contract" {
            let copy = fixture.component().join("bound");
            std::fs::create_dir(&copy).unwrap();
            let original = fixture.workspace().join("wit/greeting-1.0.0/greeting.wit");
            std::fs::copy(original, copy.join("greeting.wit")).unwrap();
            fixture.edit("src/lib.rs", "../../wit/greeting-1.0.0", "bound");
        }
        fixture.edit(file, from, to);
        let error = fixture.error();
        for part in *expected {
            assert!(error.contains(part), "{name}: `{part}` is not in: {error}");
        }
    }
}

#[test]
fn files_that_are_missing_or_do_not_belong_are_named() {
    let fixture = Fixture::new("greeter-files");
    std::fs::write(fixture.component().join("migrations/README.md"), "notes").unwrap();
    assert!(fixture.error().contains("`migrations/README.md` does not belong there"), "{}", fixture.error());
    std::fs::remove_file(fixture.component().join("migrations/README.md")).unwrap();
    std::fs::remove_file(fixture.component().join("cortex.yaml")).unwrap();
    assert!(fixture.error().contains("a component needs a manifest"), "{}", fixture.error());
    std::fs::remove_file(fixture.component().join("Cargo.toml")).unwrap();
    std::fs::write(fixture.component().join("cortex.yaml"), "id: x").unwrap();
    assert!(fixture.error().contains("cortex.yaml"), "{}", fixture.error());
    assert!(sdk_build::Builder::new(fixture.component(), common::environment()).is_err());
}

#[test]
fn an_id_belongs_to_one_crate_of_a_workspace() {
    let fixture = Fixture::new("greeter-taken");
    fixture.build().0.unwrap();
    fixture.add_component("second", "greeter-second");
    let build = || fixture.builder().build("components/second".as_ref(), &mut |_| {});
    let error = format!("{:#}", build().unwrap_err());
    assert!(error.contains("components/greeter/Cargo.toml` has the id `greeter-taken` as well"), "{error}");
    std::fs::remove_dir_all(fixture.component()).unwrap();
    build().unwrap();
}

#[test]
fn checkouts_that_share_a_target_directory_keep_their_own_bundles() {
    let (first, second) = (Fixture::new("greeter-shared"), Fixture::new("greeter-shared"));
    second.edit("src/lib.rs", "good day", "good evening");
    let (one, other) = (first.build().0.unwrap(), second.build().0.unwrap());
    assert_ne!(one.digest, other.digest);
    assert_ne!(one.directory, other.directory);
    for (fixture, bundle) in [(&first, &one), (&second, &other), (&first, &one)] {
        let (again, events) = fixture.build();
        assert!(is_up_to_date(&events), "{events:?}");
        assert_eq!(again.unwrap(), *bundle);
        assert_eq!(Bundle::open(&bundle.directory).unwrap(), *bundle);
    }
    // Both at once, each from changed sources: neither gets the other's module.
    for (fixture, from, to) in [(&first, "good day", "good noon"), (&second, "good evening", "good night")] {
        fixture.edit("src/lib.rs", from, to);
    }
    std::thread::scope(|scope| {
        for (fixture, words) in [(&first, "good noon"), (&second, "good night")] {
            scope.spawn(move || {
                let bytes = std::fs::read(fixture.build().0.unwrap().component()).unwrap();
                assert!(bytes.windows(words.len()).any(|part| part == words.as_bytes()), "{words}");
            });
        }
    });
}
