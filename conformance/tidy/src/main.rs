// SPDX-License-Identifier: MIT OR Apache-2.0
//! The tool beside the tests: `cargo run -p tidy -- freeze [PACKAGE...]` releases packages of WIT, `... -- kernel` counts the
//! lines of the part that decides.
#![expect(clippy::print_stdout, reason = "a program for the terminal")]

use anyhow::{Context as _, Result, bail};
use tidy::tree::Tree;
use tidy::{frozen, kernel};

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let tree = Tree::read()?;
    match arguments.split_first() {
        Some((command, packages)) if command == "freeze" => {
            let text = frozen::freeze(&tree, packages)?;
            std::fs::write(tree.root.join(frozen::LOCK), text).context("cannot write the lock")?;
            println!("{} packages are released", frozen::read(&Tree::read()?)?.len());
        }
        Some((command, [])) if command == "kernel" => {
            for (name, lines) in kernel::count(&tree) {
                println!("{lines:6} {name}");
            }
        }
        _ => bail!("write `freeze`, `freeze PACKAGE...` or `kernel`"),
    }
    Ok(())
}
