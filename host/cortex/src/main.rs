// SPDX-License-Identifier: MIT OR Apache-2.0
//! `cortex`: the command line, and the daemon behind `cortex up`.
//!
//! This is the only place that reads the process's environment, arguments and terminal.

mod cli;

use clap::Parser as _;
use std::process::ExitCode;

fn main() -> ExitCode {
    match cli::Command::parse().run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            cli::terminal::error(&error);
            ExitCode::FAILURE
        }
    }
}
