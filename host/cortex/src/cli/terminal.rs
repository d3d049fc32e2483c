// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a person sees. Results go to standard output, everything else to standard error; bars and spinners appear on a
//! terminal only, plain lines elsewhere.

#![expect(clippy::print_stderr, reason = "the one place that prints")]

use anyhow::{Context as _, Result, anyhow, bail};
use indicatif::{ProgressBar, ProgressStyle};
use std::io::{IsTerminal as _, Read as _, Write as _};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use zeroize::Zeroizing;

/// Prints a line of the result.
pub(crate) fn line(text: &str) {
    // Whoever reads may have read enough, as `head` does: that is no failure.
    let _ = writeln!(std::io::stdout().lock(), "{text}");
}

/// Set once, at the start: standard error carries log lines as JSON, and nothing else may stand between them.
static LOG_ONLY: AtomicBool = AtomicBool::new(false);

/// Leaves standard error to the log: what would be said there goes into the log.
pub(crate) fn leave_to_log() {
    LOG_ONLY.store(true, Ordering::Relaxed);
}

fn say(text: &str) {
    if LOG_ONLY.load(Ordering::Relaxed) {
        tracing::info!(target: "cortex::step", "{text}");
    } else {
        eprintln!("{text}");
    }
}

/// Says what must not be overlooked: in red on a terminal, as a warning in a log.
pub(crate) fn danger(text: &str) {
    if LOG_ONLY.load(Ordering::Relaxed) {
        tracing::warn!(target: "cortex::step", "{text}");
    } else if std::io::stderr().is_terminal() {
        eprintln!("\u{1b}[1;31m{text}\u{1b}[0m");
    } else {
        eprintln!("{text}");
    }
}

/// Prints why a command failed, cause by cause.
pub(crate) fn error(error: &anyhow::Error) {
    let text = cortex::text::chain(error);
    if LOG_ONLY.load(Ordering::Relaxed) {
        tracing::error!(target: "cortex::step", "{text}");
    } else {
        eprintln!("error: {text}");
    }
}

/// Reads a file of at most `bytes_max` bytes.
pub(crate) fn read(path: &Path, bytes_max: u64) -> Result<Vec<u8>> {
    let context = || format!("cannot read `{}`", path.display());
    let mut content = Vec::new();
    let file = std::fs::File::open(path).with_context(context)?;
    file.take(bytes_max.saturating_add(1)).read_to_end(&mut content).with_context(context)?;
    if u64::try_from(content.len()).unwrap_or(u64::MAX) > bytes_max {
        bail!("`{}` is too large: at most {bytes_max} bytes", path.display());
    }
    Ok(content)
}

/// Likewise, for a text.
pub(crate) fn read_text(path: &Path, bytes_max: u64) -> Result<String> {
    let text = String::from_utf8(read(path, bytes_max)?);
    text.map_err(|error| anyhow!("`{}` is no UTF-8 text: {}", path.display(), error.utf8_error()))
}

/// Shows a text beside the result, which alone goes to standard output.
pub(crate) fn beside(text: &str) {
    use std::io::Write as _;
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

/// Asks a question that is answered with `yes`; where nobody can answer, the answer is an error that says so.
pub(crate) fn confirm(question: &str) -> Result<bool> {
    use std::io::{BufRead as _, IsTerminal as _, Write as _};
    let stdin = std::io::stdin();
    if !stdin.is_terminal() {
        bail!("nobody can be asked here: look at the plan with `--plan`, and agree with `--agree <digest>`");
    }
    let mut out = std::io::stderr().lock();
    write!(out, "{question} Type `yes`: ")?;
    out.flush()?;
    let mut answer = String::new();
    stdin.lock().read_line(&mut answer)?;
    Ok(answer.trim() == "yes")
}

/// Asks for a secret without showing what is typed; `None` where nobody sits at a terminal.
pub(crate) fn ask_secret(question: &str) -> Result<Option<Zeroizing<String>>> {
    if LOG_ONLY.load(Ordering::Relaxed) || !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() {
        return Ok(None);
    }
    let terminal = console::Term::stderr();
    terminal.write_str(question).context("nothing can be asked")?;
    let answer = terminal.read_secure_line().context("nothing was answered")?;
    Ok(Some(Zeroizing::new(answer)))
}

/// A step that takes its time.
pub(crate) struct Step {
    bar: Option<ProgressBar>,
}

impl Step {
    /// Begins a step whose length is not known.
    pub(crate) fn begin(text: &str) -> Self {
        if LOG_ONLY.load(Ordering::Relaxed) || !std::io::stderr().is_terminal() {
            say(text);
            return Self { bar: None };
        }
        let bar = ProgressBar::new_spinner();
        bar.set_message(text.to_owned());
        bar.enable_steady_tick(Duration::from_millis(100));
        Self { bar: Some(bar) }
    }

    /// Shows what is being done now.
    pub(crate) fn say(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.set_message(text.to_owned()),
            None => say(text),
        }
    }

    /// Shows how far it has come, on a terminal.
    pub(crate) fn advance(&self, done: u64, total: Option<u64>, unit: &str) {
        let Some(bar) = &self.bar else { return };
        if let Some(total) = total {
            if bar.length() != Some(total) {
                bar.set_length(total);
                if let Ok(style) = ProgressStyle::with_template("{msg} [{bar:32}] {pos}/{len}") {
                    bar.set_style(style.progress_chars("=> "));
                }
            }
            bar.set_position(done);
        } else {
            bar.set_message(format!("{done} {unit}"));
        }
    }

    /// Leaves a line that the step is done.
    pub(crate) fn done(self, text: &str) {
        match self.bar {
            Some(bar) => {
                bar.finish_and_clear();
                say(text);
            }
            None => say(text),
        }
    }
}
