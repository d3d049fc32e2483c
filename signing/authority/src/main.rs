// SPDX-License-Identifier: MIT OR Apache-2.0
//! `cortex-authority`: makes, serves and audits a signing authority. The page about running it is `docs/signing-service.md`.

use clap::Parser as _;
use std::process::ExitCode;

fn main() -> ExitCode {
    tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    match signing_authority::command::Authority::parse().run() {
        Ok(is_well) => ExitCode::from(u8::from(!is_well)),
        Err(error) => {
            tracing::error!("{error}");
            ExitCode::from(2)
        }
    }
}
