// SPDX-License-Identifier: MIT OR Apache-2.0
//! `cortex import`: a plain-text journal into a tenant's ledger, through the component `import-journal` of a running host.

use super::client::Client;
use super::terminal::{self, Step};
use anyhow::Result;
use cortex::layout::Layout;
use kernel_types::{Limits, TenantId};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

/// How often the progress is asked for.
const PROGRESS_EVERY: Duration = Duration::from_millis(200);

/// Bytes of a journal: what the host takes in one request at most.
const JOURNAL_BYTES_MAX: u64 = Limits::HOST_MAXIMUM.argument_bytes_max;

/// What to import, and where to.
#[derive(Debug, clap::Args)]
pub(crate) struct Import {
    /// The journal, a text file in hledger's format.
    file: PathBuf,

    /// The tenant whose ledger it goes to.
    #[arg(long, value_name = "TENANT")]
    tenant: TenantId,

    /// Reads and checks the file, and says what would be posted; changes nothing.
    #[arg(long)]
    check: bool,

    /// Sets up a ledger that has none of the settings yet, with this functional currency.
    #[arg(long, value_name = "CURRENCY")]
    initialise: Option<String>,

    /// The ledger's journal to post to; it is created where it is missing.
    #[arg(long, value_name = "CODE")]
    journal: Option<String>,

    /// The year of dates that have none.
    #[arg(long, value_name = "YEAR")]
    default_year: Option<u16>,

    /// A symbol of the file and the currency that it stands for, `$=USD`. Can be repeated.
    #[arg(long = "commodity", value_name = "SYMBOL=CODE", value_parser = mapping)]
    commodities: Vec<(String, String)>,

    /// Prints the report as JSON.
    #[arg(long)]
    json: bool,
}

fn mapping(text: &str) -> Result<(String, String), String> {
    let (symbol, code) = text.rsplit_once('=').ok_or("write it as `SYMBOL=CODE`, such as `$=USD`")?;
    Ok((symbol.to_owned(), code.to_owned()))
}

impl Import {
    pub(crate) fn run(self, layout: &Layout) -> Result<()> {
        let name = self.file.display().to_string();
        let text = terminal::read_text(&self.file, JOURNAL_BYTES_MAX)?;
        let client = Client::of_running(layout, &self.tenant)?;
        let function = if self.check { "check" } else { "import" };
        let path = format!("/api/import-journal/v1/importer/{function}");
        let body = json!({ "text": text, "options": self.options() });
        let started = Instant::now();
        let report = follow(&client, &path, &body, &format!("importing {name}"))?;
        if self.json {
            terminal::line(&serde_json::to_string_pretty(&report)?);
        } else {
            self.print(&report, started.elapsed());
        }
        Ok(())
    }

    fn options(&self) -> Value {
        let commodities: Vec<_> = self
            .commodities
            .iter()
            .map(|(symbol, commodity)| json!({ "symbol": symbol, "commodity": commodity }))
            .collect();
        json!({
            "journal": self.journal,
            "initialise": self.initialise,
            "default_year": self.default_year,
            "commodities": commodities,
        })
    }

    fn print(&self, report: &Value, duration: Duration) {
        let number = |key: &str| report.get(key).and_then(Value::as_u64).unwrap_or(0);
        let text = |value: &Value, key: &str| value.get(key).and_then(Value::as_str).unwrap_or("none").to_owned();
        let done = if self.check { "would post" } else { "posted" };
        terminal::line(&format!(
            "{done} {} transactions with {} lines, {} to {}, in {duration:.1?}",
            number("transactions"),
            number("lines"),
            text(report, "first_date"),
            text(report, "last_date"),
        ));
        terminal::line(&format!(
            "{} assertions hold; {} balances are the same in the ledger and in the file",
            number("assertions"),
            number("verified_balances"),
        ));
        for warning in report.get("warnings").and_then(Value::as_array).into_iter().flatten() {
            terminal::line(&format!("warning: {}", warning.as_str().unwrap_or_default()));
        }
    }
}

/// Calls an operation and shows how far it has come until it answers.
fn follow(client: &Client, path: &str, body: &Value, message: &str) -> Result<Value> {
    let step = Step::begin(message);
    let request_id = uuid::Uuid::now_v7().to_string();
    let (sender, answered) = channel();
    std::thread::scope(|scope| {
        let request = request_id.clone();
        scope.spawn(move || sender.send(client.post_once(path, &request, body)));
        loop {
            match answered.recv_timeout(PROGRESS_EVERY) {
                Ok(answer) => {
                    step.done(&format!("{message}: answered"));
                    return answer?.map_err(super::client::Refusal::into_error);
                }
                Err(RecvTimeoutError::Timeout) => {
                    if let Some((done, total, unit)) = client.progress(&request_id) {
                        step.advance(done, total, &unit);
                    }
                }
                Err(RecvTimeoutError::Disconnected) => anyhow::bail!("the request was not sent"),
            }
        }
    })
}
