// SPDX-License-Identifier: MIT OR Apache-2.0
//! What an author reads when a manifest is wrong: for each field the exact text where it is missing, of the wrong type, out
//! of range, or beside an unknown key. The texts are in `snapshots`; `UPDATE_EXPECT=1 cargo test -p kernel-manifest` writes
//! them anew, and a person reads the difference.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "these are tests, helpers included")]

mod contract;
mod interfaces;
mod limits;
mod operations;
mod root;
mod schedules;
mod yaml;

use expect_test::ExpectFile;
use kernel_manifest::Manifest;
use std::fmt::Write as _;

const LEDGER: &str = include_str!("../examples/ledger.yaml");

/// Wrong manifests and what is said of them.
#[derive(Default)]
struct Snapshot(String);

impl Snapshot {
    /// The complete example with `from`, which stands in it once, replaced by `to`.
    #[track_caller]
    fn edit(&mut self, from: &str, to: &str) {
        assert_eq!(LEDGER.matches(from).count(), 1, "`{from}` has to stand in the example once");
        self.case(&format!("{} => {}", shown(from), shown(to)), &LEDGER.replace(from, to));
    }

    /// A text of its own.
    #[track_caller]
    fn text(&mut self, text: &str) {
        self.case(&shown(text), text);
    }

    #[track_caller]
    fn case(&mut self, title: &str, text: &str) {
        let faults = Manifest::parse(text).expect_err("this manifest is wrong");
        self.add(title, &faults.to_string());
    }

    fn add(&mut self, title: &str, faults: &str) {
        writeln!(self.0, "{title}\n{faults}\n").unwrap();
    }

    #[track_caller]
    fn matches(&self, snapshot: &ExpectFile) {
        snapshot.assert_eq(&self.0);
    }
}

/// A text on one line of bounded length.
fn shown(text: &str) -> String {
    let mut shown: String = text.chars().take(100).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    format!("{shown:?}")
}
