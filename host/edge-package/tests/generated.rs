// SPDX-License-Identifier: MIT OR Apache-2.0
//! The fuzzers' function on generated input, and what must hold of any change whatever.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a helper of a test is a test")]

mod support;

use edge_package::fuzz::{fuzz_json, fuzz_layout, fuzz_one};
use edge_package::layout::Memory;
use edge_package::{Layout, json};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::Value;
use std::sync::LazyLock;

static FILES: LazyLock<Memory> = LazyLock::new(|| support::layout().content());

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        ".{0,8}".prop_map(Value::from)
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..6).prop_map(Value::from),
            proptest::collection::btree_map(".{0,6}", inner, 0..6)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_read_without_harm(data in vec(any::<u8>(), 0..600)) {
        fuzz_one(&data);
    }

    #[test]
    fn json_has_one_form(value in any_json()) {
        let bytes = json::canonical(&value);
        prop_assert_eq!(json::parse(&bytes).unwrap(), value.clone());
        fuzz_json(&serde_json::to_vec_pretty(&value).unwrap());
        let twice = format!("{{\"k\":{value},\"k\":{value}}}");
        prop_assert!(json::parse(twice.as_bytes()).is_err());
    }

    #[test]
    fn a_changed_byte_is_refused_or_changes_nothing(file in any::<Index>(), at in any::<Index>(), byte in any::<u8>()) {
        let mut files = FILES.clone();
        let name = files.0.keys().nth(file.index(files.0.len())).unwrap().clone();
        let content = files.0.get_mut(&name).unwrap();
        let at = at.index(content.len());
        let changed = content[at] != byte;
        content[at] = byte;
        let read = Layout::read_from(&files);
        if name.starts_with("blobs/") {
            prop_assert_eq!(read.is_err(), changed, "{}", name);
        } else if let Ok(read) = read {
            prop_assert_eq!(read.package.digest(), support::package().digest());
        }
    }

    #[test]
    fn a_forged_manifest_is_never_accepted(path in vec(any::<Index>(), 1..5), to in any_json(), number in 0usize..3) {
        let mut files = FILES.clone();
        let mut changed = false;
        support::forge(&mut files, number, |manifest| {
            let mut pointer = String::new();
            for step in &path {
                let Some(at) = manifest.pointer(&pointer) else { break };
                let next = match at {
                    Value::Object(map) if !map.is_empty() => map.keys().nth(step.index(map.len())).unwrap().replace('~', "~0").replace('/', "~1"),
                    Value::Array(list) if !list.is_empty() => step.index(list.len()).to_string(),
                    _ => break,
                };
                pointer = format!("{pointer}/{next}");
            }
            let at = manifest.pointer_mut(&pointer).unwrap();
            let old = std::mem::replace(at, to);
            changed = old != *at;
        });
        fuzz_layout(&files);
        if number == 0 && changed {
            prop_assert!(Layout::read_from(&files).is_err());
        }
    }
}
