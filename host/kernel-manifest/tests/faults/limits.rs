// SPDX-License-Identifier: MIT OR Apache-2.0
//! Limits: each one of the kernel's, and the texts.

use super::Snapshot;
use expect_test::expect_file;
use kernel_manifest::Manifest;
use kernel_types::{Limit, Limits};

const GREETER: &str = include_str!("../examples/greeter.json");

fn with_limit(limit: Limit, value: &str) -> Result<Manifest, kernel_manifest::Faults> {
    let limits = format!("\"limits\": {{ \"{limit}\": {value} }}, \"operations\"");
    Manifest::parse(&GREETER.replace("\"operations\"", &limits))
}

#[test]
fn each_limit_goes_from_one_to_the_hosts_maximum() {
    for limit in Limits::ALL.iter().copied().filter(|limit| *limit != Limit::StackBytes) {
        let maximum = Limits::HOST_MAXIMUM.get(limit);
        for right in [1, maximum] {
            assert_eq!(with_limit(limit, &right.to_string()).unwrap().limits.get(limit), right, "{limit}");
        }
        let beyond = (maximum + 1).to_string();
        let wrong = [
            "0", "-1", "1.5", "1e3", "0x10", "0o17", "007", "+5", "\"5\"", "\"5 s\"", "[]", "{}", "null", "true",
            &beyond,
        ];
        for wrong in wrong {
            let faults = with_limit(limit, wrong).expect_err(wrong).to_string();
            assert!(faults.contains(&format!("`limits.{limit}`: expected a")), "{faults}");
            assert!(faults.contains(&format!("from 1 to {maximum}")), "{faults}");
        }
    }
}

#[test]
fn bytes_may_have_a_unit() {
    for (text, bytes) in [("\"1KiB\"", 1 << 10), ("\"64 MiB\"", 64 << 20), ("\"1 GiB\"", 1 << 30), ("1048576", 1 << 20)]
    {
        assert_eq!(with_limit(Limit::MemoryBytes, text).unwrap().limits.memory_bytes_max, bytes, "{text}");
    }
    for wrong in
        ["64 MB", "64 mib", "64", "0 KiB", "1.5 MiB", " 64 MiB", "2 GiB", "99999999999999 GiB", "MiB", "64 MiB "]
    {
        assert!(with_limit(Limit::MemoryBytes, &format!("\"{wrong}\"")).is_err(), "{wrong}");
    }
}

#[test]
fn texts() {
    let mut faults = Snapshot::default();
    faults.edit("  memory-bytes-max: 128 MiB\n", "  memory-bytes-max: 128 MB\n");
    faults.edit("  memory-bytes-max: 128 MiB\n", "  memory-bytes-max: 2 GiB\n");
    faults.edit("  memory-bytes-max: 128 MiB\n", "  memory-max: 128 MiB\n");
    faults.edit("  memory-bytes-max: 128 MiB\n", "  stack-bytes-max: 128 MiB\n");
    faults.edit("  cpu-ms-max: 2000\n", "  cpu-ms-max: 2 s\n");
    faults.edit("  cpu-ms-max: 2000\n", "  cpu-ms-max: 0\n");
    faults.edit("  cpu-ms-max: 2000\n", "  cpu-ms-max: 2000\n  cpu-ms-max: 3000\n");
    faults.edit("      cpu-ms-max: 60000\n", "      cpu-ms-max: 999999\n");
    faults.edit("limits:\n  memory", "limits: none\nlimit:\n  memory");
    faults.matches(&expect_file!["snapshots/limits-texts.txt"]);
}
