// SPDX-License-Identifier: MIT OR Apache-2.0
//! The page and the schema say what the list of keys says. After a change of the list: `UPDATE_EXPECT=1`.

use edge_config::{File, Sources, json_schema, resolve, table};
use expect_test::expect_file;
use std::path::Path;

#[test]
fn the_page_has_the_table() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/configuration.md");
    let page = std::fs::read_to_string(path).unwrap();
    let start = page.find("| key | takes |").expect("the page has a table of keys");
    let length = page[start..].find("\n\n").map_or(page.len() - start, |end| end + 1);
    let (before, after) = (&page[..start], &page[start + length..]);
    expect_file!["../../../docs/configuration.md"].assert_eq(&format!("{before}{}{after}", table()));
}

#[test]
fn the_schema_beside_the_code_is_the_one_of_the_code() {
    let schema = serde_json::to_string_pretty(&json_schema()).unwrap();
    expect_file!["../schema/configuration.schema.json"].assert_eq(&format!("{schema}\n"));
}

#[test]
fn the_example_of_the_page_is_a_configuration() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/configuration.md");
    let page = std::fs::read_to_string(path).unwrap();
    let mut examples = 0;
    for text in page.split("```yaml\n").skip(1).filter_map(|rest| rest.split("```").next()) {
        let file = File { name: "example.yaml".into(), text: text.into() };
        let resolved = resolve(&Sources { file: Some(&file), ..Sources::default() });
        assert!(resolved.is_ok(), "{text}{resolved:?}");
        examples += 1;
    }
    assert!(examples > 0);
}
