// SPDX-License-Identifier: MIT OR Apache-2.0
//! What installing costs once, and starting every time: for information.

use crate::Context;
use crate::measure::{median, milliseconds};
use crate::server::{Plan, Running};
use crate::table::{Line, Table};
use anyhow::Result;
use std::path::Path;
use std::time::Instant;

/// Measures it.
pub(crate) async fn measure(context: &Context, table: &mut Table) -> Result<()> {
    let bundles = [&context.bundles.accounting, &context.bundles.import, &context.bundles.echo];
    let plan =
        Plan::new(context.scratch.join("start"), bundles.iter().map(|bundle| bundle.directory.clone()).collect());
    let (mut compile, mut open, mut ready) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..context.rounds {
        let mut first = Running::start(plan.clone()).await?;
        compile.push(first.ready.install_ms.clone());
        first.add_tenant().await?;
        first.child.stop().await?;
        let begin = Instant::now();
        let second = Running::start(plan.clone()).await?;
        ready.push(milliseconds(begin.elapsed()));
        open.push(second.ready.open_ms);
        second.child.stop().await?;
        if compile.len() < context.rounds {
            std::fs::remove_dir_all(&plan.directory)?;
        }
    }
    let code = length(&plan.directory.join("code"))?;
    for (index, bundle) in bundles.iter().enumerate() {
        let times = compile.iter().filter_map(|round| round.get(index)).copied();
        let name = bundle.directory.file_name().unwrap_or_default().to_string_lossy();
        let size = std::fs::metadata(bundle.component())?.len();
        let note = format!("component.wasm of {} kB", size / 1_000);
        let what = format!("first installation of {name}, compiled");
        table.add(Line { what, measured: median(times), unit: "ms", note, ..Line::default() });
    }
    let note = format!("opening its directory takes {:.0} ms; machine code of {} kB", median(open), code / 1_000);
    let what = "later start of a host with these, process to first request".to_owned();
    table.add(Line { what, measured: median(ready), unit: "ms", note, ..Line::default() });
    Ok(())
}

/// The length of all files below a directory, in bytes.
fn length(directory: &Path) -> Result<u64> {
    let mut total = 0_u64;
    for entry in std::fs::read_dir(directory)? {
        let entry = entry?;
        let metadata = entry.metadata()?;
        let bytes = if metadata.is_dir() { length(&entry.path())? } else { metadata.len() };
        total = total.saturating_add(bytes);
    }
    Ok(total)
}
