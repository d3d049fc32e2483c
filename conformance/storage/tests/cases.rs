// SPDX-License-Identifier: MIT OR Apache-2.0
//! The case files, on every back end. After a change on purpose: `UPDATE_EXPECT=1 cargo test -p storage-conformance`, and read
//! the difference.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a helper of a test is a test")]

use expect_test::expect_file;
use std::fmt::Write as _;
use storage_conformance::{Backend, Step, parse, render};

/// Writes a file anew, with what came of its statements. Without PostgreSQL its differences are taken as they were written.
async fn check(name: &str) {
    let path = format!("{}/cases/{name}.txt", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap();
    let steps = parse(&text);
    let sqlite = render(&Backend::sqlite().await, &steps).await;
    let postgres = match Backend::postgres(&format!("cases/{name}")).await {
        Some(backend) => render(&backend, &steps).await,
        None => return,
    };
    let mut out = String::new();
    for ((step, sqlite), postgres) in steps.iter().zip(&sqlite).zip(&postgres) {
        if !out.is_empty() {
            out.push('\n');
        }
        write_step(&mut out, step);
        for line in sqlite {
            let _ = writeln!(out, "  => {line}");
        }
        if postgres != sqlite {
            for line in postgres {
                let _ = writeln!(out, "  pg {line}");
            }
        }
    }
    assert_eq!((sqlite.len(), postgres.len()), (steps.len(), steps.len()));
    expect_file![path].assert_eq(&out);
}

fn write_step(out: &mut String, step: &Step) {
    use cap_storage::SavepointStep;
    let _ = match step {
        Step::Comment(text) => writeln!(out, "{text}"),
        Step::Migration(text) => writeln!(out, "migration\n{text}"),
        Step::Statement { sql, given, .. } => {
            let _ = writeln!(out, "{sql}");
            given.iter().try_for_each(|line| writeln!(out, "{line}"))
        }
        Step::End { commit } => writeln!(out, "{}", if *commit { "commit" } else { "rollback" }),
        Step::Savepoint(SavepointStep::Open { depth }) => writeln!(out, "open {depth}"),
        Step::Savepoint(SavepointStep::Release { depth }) => writeln!(out, "keep {depth}"),
        Step::Savepoint(SavepointStep::Rollback { depth }) => writeln!(out, "undo {depth}"),
    };
}

macro_rules! cases {
    ($($name:ident)*) => {
        $(
            #[tokio::test]
            async fn $name() {
                check(stringify!($name)).await;
            }
        )*

        #[test]
        fn every_file_is_run() {
            let mut names: Vec<&str> = vec![$(stringify!($name)),*];
            names.sort_unstable();
            let folder = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/cases")).unwrap();
            let mut files: Vec<String> =
                folder.map(|entry| entry.unwrap().file_name().to_string_lossy().replace(".txt", "")).collect();
            files.sort_unstable();
            assert_eq!(names, files);
        }
    };
}

cases!(arithmetic change constraint limits like migration nulls order query savepoint text types values window);
