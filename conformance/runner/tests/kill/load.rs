// SPDX-License-Identifier: MIT OR Apache-2.0
//! The posting load of one round: what was sent, and what was acknowledged before the host was killed.

use conformance::books::path;
use conformance::client::Client;
use conformance::process::Process;
use conformance::random::Random;
use serde_json::{Value, json};
use std::sync::mpsc::{Sender, channel};
use std::time::Duration;

/// One call, with all that it was to post.
pub(crate) struct Sent {
    pub(crate) operation: &'static str,
    pub(crate) input: Value,
    /// The idempotency key of the call.
    pub(crate) key: String,
    /// The entries as they were sent.
    pub(crate) entries: Vec<Value>,
    /// The answer, where one came.
    pub(crate) acknowledged: Option<Value>,
    /// Likewise, as it stood.
    pub(crate) text: Option<String>,
    /// The draft that the call posts or made, where it is acknowledged.
    pub(crate) draft: Option<String>,
}

/// One life of the host.
pub(crate) struct Round {
    pub(crate) number: u64,
    pub(crate) accounts: [String; 3],
    /// The posting date of all entries of the round: two fiscal years take turns.
    pub(crate) date: String,
}

impl Round {
    pub(crate) fn new(number: u64, accounts: [String; 3]) -> Self {
        let date = format!("{}-{:02}-{:02}", 2026 + number % 2, 1 + number % 12, 1 + number % 28);
        Self { number, accounts, date }
    }

    /// Posts from many clients at once, kills the host after some calls and some microseconds, and returns what was sent.
    pub(crate) fn run(&self, process: &mut Process, clients: u64, seed: u64, (calls, delay): (u64, u64)) -> Vec<Sent> {
        let (acknowledge, acknowledged) = channel();
        std::thread::scope(|scope| {
            let running: Vec<_> = (0..clients)
                .map(|client| {
                    let mut load = Load {
                        round: self,
                        client: process.client.clone(),
                        name: format!("{}-{client}", self.number),
                        random: Random::new(seed ^ client),
                        sent: Vec::new(),
                        acknowledge: acknowledge.clone(),
                    };
                    scope.spawn(move || {
                        while load.step() {}
                        load.sent
                    })
                })
                .collect();
            for _ in 0..calls {
                acknowledged.recv().expect("the clients go on until the host is killed");
            }
            // The moment within a batch is what is random here; there is no event to wait for.
            std::thread::sleep(Duration::from_micros(delay));
            process.kill();
            running.into_iter().flat_map(|client| client.join().expect("a client ends")).collect()
        })
    }
}

/// One client.
struct Load<'a> {
    round: &'a Round,
    client: Client,
    name: String,
    random: Random,
    sent: Vec<Sent>,
    acknowledge: Sender<()>,
}

impl Load<'_> {
    /// Makes one call; false where the host is gone.
    fn step(&mut self) -> bool {
        match self.random.below(5) {
            0 => {
                let count = 2 + self.random.below(12);
                let entries: Vec<_> = (0..count).map(|index| self.entry(index)).collect();
                self.call("journal/post-many", json!({ "entries": entries }), entries).is_some()
            }
            1 => {
                let entry = self.entry(0);
                let Some(draft) = self.call("journal/create-draft", json!({ "entry": entry }), vec![]) else {
                    return false;
                };
                let input = json!({ "id": draft["id"], "version": draft["version"] });
                self.call("journal/post-draft", input, vec![entry]).is_some()
            }
            _ => {
                let entry = self.entry(0);
                self.call("journal/post", json!({ "entry": entry }), vec![entry]).is_some()
            }
        }
    }

    fn call(&mut self, operation: &'static str, input: Value, entries: Vec<Value>) -> Option<Value> {
        let key = format!("{}-{}", self.name, self.sent.len());
        let text =
            self.client.keyed(&path(operation), &input.to_string(), &key).ok().map(|(status, replayed, text)| {
                assert!(status == 200 && !replayed, "{status} {replayed} {text}");
                text
            });
        let acknowledged: Option<Value> = text.as_ref().map(|text| serde_json::from_str(text).expect("JSON"));
        let made = acknowledged.as_ref().filter(|_| entries.is_empty()).map(|draft| &draft["id"]);
        let draft = made.or_else(|| input.get("id")).and_then(Value::as_str).map(str::to_owned);
        self.sent.push(Sent { operation, input, key, entries, acknowledged: acknowledged.clone(), text, draft });
        if acknowledged.is_some() {
            // The receiver may have heard enough.
            let _ = self.acknowledge.send(());
        }
        acknowledged
    }

    /// An entry of two to four lines that balances.
    fn entry(&mut self, index: u64) -> Value {
        let [debit, credit, other] = &self.round.accounts;
        let (net, tax) = (1 + self.random.below(1_000_000), self.random.below(3));
        let line = |account: &str, side: &str, cents: u64| json!({ "account": account, "side": side, "amount": format!("{}.{:02}", cents / 100, cents % 100) });
        let mut lines = vec![line(debit, "debit", net + tax), line(credit, "credit", net)];
        lines.extend((0..tax).map(|_| line(other, "credit", 1)));
        json!({
            "journal": if self.random.below(2) == 0 { "GJ" } else { "SJ" },
            "date": self.round.date,
            "description": "load",
            "external_id": format!("{}-{}-{index}", self.name, self.sent.len()),
            "lines": lines,
        })
    }
}
