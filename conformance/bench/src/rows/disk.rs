// SPDX-License-Identifier: MIT OR Apache-2.0
//! What durability costs at the least on this disk: 4 kB written over and synced, as a commit does with its log.

use crate::Context;
use crate::measure::{microseconds, percentile};
use crate::table::{Line, Table};
use anyhow::Result;
use std::fs::OpenOptions;
use std::os::unix::fs::FileExt as _;
use std::time::Instant;

/// How often.
const SYNCS: u64 = 400;
/// The length of the file, so that a sync changes no metadata.
const FILE_PAGES: u64 = 256;
/// A page.
const PAGE: [u8; 4_096] = [0x5a; 4_096];

/// Measures it.
pub(crate) fn measure(context: &Context, table: &mut Table) -> Result<()> {
    let path = context.scratch.join("sync");
    let file = OpenOptions::new().create(true).truncate(true).read(true).write(true).open(&path)?;
    let offset = |page: u64| page % FILE_PAGES * u64::try_from(PAGE.len()).unwrap_or(0);
    (0..FILE_PAGES).try_for_each(|page| file.write_all_at(&PAGE, offset(page)))?;
    file.sync_all()?;
    let mut times = Vec::new();
    for page in 0..SYNCS {
        let begin = Instant::now();
        file.write_all_at(&PAGE, offset(page))?;
        file.sync_data()?;
        times.push(microseconds(begin.elapsed()));
    }
    std::fs::remove_file(&path)?;
    let measured = percentile(&mut times, 50);
    let note = format!("p99 {:.0} us", percentile(&mut times, 99));
    let what = "4 kB written and synced (fdatasync)".to_owned();
    table.add(Line { what, measured, unit: "us", note, ..Line::default() });
    Ok(())
}
