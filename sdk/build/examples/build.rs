// SPDX-License-Identifier: MIT OR Apache-2.0
//! Builds the component crates in the folders that are given: `cargo run -p sdk-build --example build -- FOLDER...`.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program for the terminal")]

use sdk_build::{Builder, Environment};

fn main() -> anyhow::Result<()> {
    for folder in std::env::args_os().skip(1) {
        let folder = std::path::PathBuf::from(folder);
        let builder = Builder::around(&folder, Environment::of_process())?;
        let bundle = builder.build(&folder.canonicalize()?, &mut |event| eprintln!("{event}"))?;
        println!("{} {}", bundle.digest, bundle.directory.display());
    }
    Ok(())
}
