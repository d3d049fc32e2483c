// SPDX-License-Identifier: MIT OR Apache-2.0
//! What is written is read back: every value bit for bit, and the same bytes for the same content.

use super::{all_rows, columns, example, header, names, open, row};
use crate::limits::{BYTES_MAX, RATIO_FREE_BYTES, RATIO_MAX, ROWS_BYTES};
use crate::{Writer, read_row, write_row};
use cap_storage::Value;
use kernel_types::ComponentId;
use proptest::prelude::*;

#[test]
fn an_archive_gives_back_what_was_put_in() {
    let archive = open(&example()).unwrap();
    assert_eq!(*archive.header(), header());
    assert_eq!(
        names(&archive),
        [
            "archive.json",
            "components/shop/component.wasm",
            "components/shop/migrations/0001_x.sql",
            "components/wiki/cortex.yaml",
            "rows/shop/items/000001.jsonl",
            "rows/wiki/pages/000001.jsonl",
        ]
    );
    assert_eq!(archive.index().rows(), 3);
    assert_eq!(all_rows(&archive), [(0, row(1)), (0, row(2)), (2, row(-7))]);
    let mut files = Vec::new();
    let take = |id: &ComponentId, path: &str, content: &[u8]| {
        files.push((id.to_string(), path.to_owned(), content.to_vec()));
        Ok(())
    };
    archive.files(take).unwrap();
    let expected = [
        ("shop", "component.wasm", b"wasm".as_slice()),
        ("shop", "migrations/0001_x.sql", b"sql"),
        ("wiki", "cortex.yaml", b""),
    ];
    let expected = expected.map(|(id, path, content)| (id.to_owned(), path.to_owned(), content.to_vec()));
    assert_eq!(files, expected);
    // Both may be asked for again.
    assert_eq!(all_rows(&archive).len(), 3);
    assert_eq!(example(), example(), "nothing depends on where or when it is written");
}

#[test]
fn common_tools_open_it() {
    let bytes = example();
    let raw = zstd::decode_all(bytes.as_slice()).unwrap();
    let mut archive = tar::Archive::new(raw.as_slice());
    let entries = archive.entries().unwrap().map(|entry| entry.unwrap().path().unwrap().display().to_string());
    let entries: Vec<_> = entries.collect();
    assert_eq!(entries.len(), 7);
    assert_eq!((entries[0].as_str(), entries[6].as_str()), ("archive.json", "index.json"));
}

#[test]
fn many_rows_are_divided_and_no_row_is() {
    let mut writer = Writer::new(Vec::new(), &header()).unwrap();
    let big = vec![Value::Integer(0), Value::Text("x".repeat(3 * ROWS_BYTES)), Value::Null, Value::Null];
    writer.rows(0, std::slice::from_ref(&big)).unwrap();
    let rows: Vec<_> = (1..40_000).map(row).collect();
    for rows in rows.chunks(777) {
        writer.rows(0, rows).unwrap();
    }
    let archive = open(&writer.finish().unwrap().2).unwrap();
    assert_eq!(archive.index().rows(), 40_000);
    assert!(names(&archive).len() > 3);
    let found: Vec<_> = all_rows(&archive).into_iter().map(|(_, row)| row).collect();
    assert_eq!(found[0], big);
    assert_eq!(found[1..], rows);
}

#[test]
fn what_compresses_without_end_is_filled_up_so_that_it_can_be_read() {
    let mut writer = Writer::new(Vec::new(), &header()).unwrap();
    let mut raw = 0;
    let mut id = 0;
    while raw < RATIO_FREE_BYTES + (16 << 20) {
        let row = vec![Value::Integer(id), Value::Text("0".repeat(8 << 20)), Value::Null, Value::Null];
        writer.rows(0, &[row]).unwrap();
        id += 1;
        raw += 8 << 20;
    }
    let bytes = writer.finish().unwrap().2;
    let length = bytes.len() as u64;
    assert!(length * RATIO_MAX + RATIO_FREE_BYTES >= raw && raw < BYTES_MAX, "{length}");
    assert_eq!(open(&bytes).unwrap().index().rows(), u64::try_from(id).unwrap());
}

fn value() -> impl Strategy<Value = Vec<Value>> {
    let integer = prop_oneof![any::<i64>(), Just(i64::MIN), Just(i64::MAX), Just(0)].prop_map(Value::Integer);
    let text = prop_oneof![".{0,40}", "[\u{1}-\u{1f}\"\\\\\u{7f}\u{2028}\u{fffd}\u{10ffff}]{0,20}"];
    let text = text.prop_map(|text: String| Value::Text(text.replace('\0', "")));
    let finite = |bits: u64| f64::from_bits(bits);
    let real = any::<u64>().prop_map(finite).prop_filter("finite", |real| real.is_finite());
    let real =
        prop_oneof![real, Just(-0.0), Just(f64::MIN_POSITIVE), Just(f64::MAX), Just(5e-324)].prop_map(Value::Real);
    let blob = proptest::collection::vec(any::<u8>(), 0..40).prop_map(Value::Blob);
    let or_null = |value: BoxedStrategy<Value>| prop_oneof![9 => value, 1 => Just(Value::Null)];
    (or_null(integer.boxed()), or_null(text.boxed()), or_null(real.boxed()), or_null(blob.boxed()))
        .prop_map(|(a, b, c, d)| vec![a, b, c, d])
}

/// The bits of a value: `-0.0` is not `0.0`.
fn bits(row: &[Value]) -> Vec<String> {
    let bits = |value: &Value| match value {
        Value::Real(real) => format!("{:x}", real.to_bits()),
        other => format!("{other:?}"),
    };
    row.iter().map(bits).collect()
}

proptest! {
    #[test]
    fn a_row_comes_back_bit_for_bit_on_one_line(row in value()) {
        let mut line = Vec::new();
        write_row(&mut line, &row).unwrap();
        let text = line.strip_suffix(b"\n").unwrap();
        prop_assert!(!text.contains(&b'\n'));
        let found = read_row(text, &columns()).unwrap();
        prop_assert_eq!(bits(&found), bits(&row));
    }

    #[test]
    fn no_text_makes_the_reader_of_rows_panic(text in ".{0,200}", bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = read_row(text.as_bytes(), &columns());
        let _ = read_row(&bytes, &columns());
    }
}

#[test]
fn a_line_that_is_no_row_of_the_table_is_refused() {
    for line in [
        "",
        "[]",
        "[1,\"a\",null]",
        "[1,\"a\",null,null,null]",
        "[\"1\",\"a\",null,null]",
        "[1,2,null,null]",
        "[1.0,\"a\",null,null]",
        "[1e3,\"a\",null,null]",
        "[9223372036854775808,\"a\",null,null]",
        "[true,\"a\",null,null]",
        "[1,\"a\\u0000\",null,null]",
        "[1,\"\\ud800\",null,null]",
        "[1,\"a\",1.5,null]",
        "[1,\"a\",{\"real\":\"NaN\"},null]",
        "[1,\"a\",{\"real\":\"inf\"},null]",
        "[1,\"a\",{\"real\":\"1e999\"},null]",
        "[1,\"a\",{\"real\":1.5},null]",
        "[1,\"a\",{\"blob\":\"\"},null]",
        "[1,\"a\",null,{\"blob\":\"!\"}]",
        "[1,\"a\",null,{\"blob\":\"AA\"}]",
        "[1,\"a\",null,{\"blob\":\"\",\"blob\":\"\"}]",
        "[1,\"a\",null,{}]",
        "[1,\"a\",null,[]]",
        "[1,\"a\",null,null] ]",
        "{\"id\":1}",
    ] {
        assert!(read_row(line.as_bytes(), &columns()).is_err(), "{line}");
    }
    for value in [Value::Real(f64::NAN), Value::Real(f64::INFINITY), Value::Text("a\0".to_owned())] {
        assert!(write_row(&mut Vec::new(), std::slice::from_ref(&value)).is_err(), "{value:?}");
    }
}
