// SPDX-License-Identifier: MIT OR Apache-2.0
//! Log lines on standard error, as text or as one JSON object a line; and, for a host, as JSON in a file, and those of
//! the level `ERROR` in another.

use super::held::{Held, Out};
use super::rotating::Rotating;
use super::terminal;
use anyhow::{Context as _, Result, anyhow};
use edge_config::{LogFormat, Values};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer, Registry};

/// The target of the boot line, which is logged whatever the filter says.
pub(crate) const BOOT: &str = "cortex::boot";

type Boxed = Box<dyn Layer<Registry> + Send + Sync>;

/// Where log lines go, for a host that has a first line to write.
pub(crate) struct Lines(Vec<Held>);

impl Lines {
    /// Writes what is logged by `first` before everything that was logged until now, and lets the rest follow.
    pub(crate) fn begin_with(&self, first: impl FnOnce()) {
        for out in &self.0 {
            out.pass_this_thread();
        }
        first();
        self.open();
    }

    /// Lets everything through that was held back.
    pub(crate) fn open(&self) {
        for out in &self.0 {
            out.open();
        }
    }
}

/// Starts logging for a command: to standard error, at once.
pub(crate) fn start(values: &Values) -> Result<()> {
    begin(values, vec![errors_out(values.log_format, Held::opened(Out::Stderr))])
}

/// Starts logging for a host: its lines are held back until its first one is written.
pub(crate) fn start_held(values: &Values) -> Result<Lines> {
    let stderr = Held::new(Out::Stderr);
    let mut layers = vec![errors_out(values.log_format, stderr.clone())];
    let mut outs = vec![stderr];
    let files = [(&values.log_file, LevelFilter::TRACE), (&values.log_error_file, LevelFilter::ERROR)];
    for ((path, level), key) in files.into_iter().zip(["log.file", "log.error-file"]) {
        let Some(path) = path else { continue };
        let file = Rotating::open(path, values.log_file_bytes_max, values.log_files_max);
        let file = file.with_context(|| format!("the log file `{}` (`{key}`) cannot be written", path.display()))?;
        let out = Held::new(Out::File(Box::new(file)));
        layers.push(json(out.clone()).with_filter(level).boxed());
        outs.push(out);
    }
    begin(values, layers)?;
    Ok(Lines(outs))
}

fn begin(values: &Values, layers: Vec<Boxed>) -> Result<()> {
    let shown: String = values.log_level.chars().take(80).collect();
    let filter = values.log_level.parse::<EnvFilter>();
    let filter =
        filter.map_err(|_| anyhow!("`log.level`: `{shown}` is no log filter: write `level` or `target=level,...`"))?;
    let filter = filter.add_directive(format!("{BOOT}=info").parse()?);
    if values.log_format == LogFormat::Json {
        terminal::leave_to_log();
    }
    let started = tracing_subscriber::registry().with(layers.with_filter(filter)).try_init();
    started.map_err(|error| anyhow!("logging cannot be started: {error}"))
}

fn errors_out(format: LogFormat, out: Held) -> Boxed {
    match format {
        LogFormat::Text => tracing_subscriber::fmt::layer().with_writer(out).boxed(),
        LogFormat::Json => json(out),
    }
}

fn json(out: Held) -> Boxed {
    tracing_subscriber::fmt::layer().with_writer(out).json().flatten_event(true).boxed()
}
