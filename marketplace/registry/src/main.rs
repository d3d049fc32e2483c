// SPDX-License-Identifier: MIT OR Apache-2.0
//! `cortex-registry`: a registry on a folder.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program says what it does")]

use anyhow::{Context as _, Result, anyhow};
use clap::Parser;
use cortex_registry::{Access, Deletion, Settings, Store, serve};
use std::io::{IsTerminal as _, Read as _};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::SystemTime;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

/// Bytes of the file of tokens.
const TOKENS_BYTES_MAX: u64 = 4 << 20;

/// A registry of OCI artifacts.
#[derive(Debug, Parser)]
#[command(name = "cortex-registry", version, about)]
enum Command {
    /// Serves until it is interrupted.
    Serve(Serve),
    /// Removes what nothing names any more, while no registry runs on the folder.
    Collect {
        /// The folder of the registry.
        #[arg(long, value_name = "FOLDER")]
        root: PathBuf,
    },
    /// Reads a token from standard input and prints its line for the file of tokens.
    Token {
        /// What it gives: `pull`, `push` or `delete`.
        right: String,
        /// The name below which it does, or `*`.
        name: String,
    },
}

#[derive(Debug, clap::Args)]
struct Serve {
    /// The folder of the registry.
    #[arg(long, value_name = "FOLDER")]
    root: PathBuf,
    /// The address to listen on.
    #[arg(long, default_value = "127.0.0.1:5000")]
    listen: SocketAddr,
    /// A file of tokens, a line each: `RIGHT NAME sha256:DIGEST`.
    #[arg(long, value_name = "FILE")]
    tokens: Option<PathBuf>,
    /// Lets everybody read.
    #[arg(long)]
    anonymous_pull: bool,
    /// What may be deleted: `nothing`, `tags` or `everything`.
    #[arg(long, default_value = "nothing")]
    deletion: Deletion,
    /// Refuses to move a tag to another manifest.
    #[arg(long)]
    fixed_tags: bool,
    /// Bytes of all blobs together.
    #[arg(long, default_value_t = Settings::default().storage_bytes_max)]
    storage_bytes_max: u64,
    /// Bytes of one blob.
    #[arg(long, default_value_t = Settings::default().blob_bytes_max)]
    blob_bytes_max: u64,
}

fn main() -> ExitCode {
    let log = tracing_subscriber::fmt().with_writer(std::io::stderr).with_ansi(std::io::stderr().is_terminal());
    log.init();
    match run(Command::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<()> {
    match command {
        Command::Serve(options) => {
            let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
            runtime.block_on(serve_until_stopped(options))
        }
        Command::Collect { root } => {
            let collected = Store::open(&root, Settings::default())?.collect(SystemTime::now())?;
            println!(
                "removed {} uploads, {} references, {} contents of {} bytes",
                collected.uploads, collected.links, collected.blobs, collected.bytes
            );
            Ok(())
        }
        Command::Token { right, name } => {
            let mut token = String::new();
            std::io::stdin().take(4096).read_to_string(&mut token)?;
            let digest = kernel_types::Digest::of(token.trim_end_matches(['\r', '\n']).as_bytes());
            let line = format!("{right} {name} {digest}");
            Access::parse(&line).map_err(|error| anyhow!("{error}"))?;
            println!("{line}");
            Ok(())
        }
    }
}

async fn serve_until_stopped(options: Serve) -> Result<()> {
    let mut access = match &options.tokens {
        None => Access::default(),
        Some(path) => {
            let mut text = String::new();
            let file = std::fs::File::open(path).with_context(|| format!("cannot read `{}`", path.display()))?;
            file.take(TOKENS_BYTES_MAX).read_to_string(&mut text)?;
            Access::parse(&text).map_err(|error| anyhow!("`{}`: {error}", path.display()))?
        }
    };
    access.anonymous_pull = options.anonymous_pull;
    let settings = Settings {
        access,
        deletion: options.deletion,
        moving_tags: !options.fixed_tags,
        storage_bytes_max: options.storage_bytes_max,
        blob_bytes_max: options.blob_bytes_max,
        ..Settings::default()
    };
    let store = Store::open(&options.root, settings);
    let store = store.with_context(|| format!("cannot keep a registry in `{}`", options.root.display()))?;
    let listener = TcpListener::bind(options.listen).await;
    let listener = listener.with_context(|| format!("cannot listen on {}", options.listen))?;
    println!("listening on {}", listener.local_addr()?);
    let mut stops = [signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?];
    let [interrupt, terminate] = &mut stops;
    let stopped = async {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    };
    serve(listener, Arc::new(store), stopped).await;
    Ok(())
}
