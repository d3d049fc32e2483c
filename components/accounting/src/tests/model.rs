// SPDX-License-Identifier: MIT OR Apache-2.0
//! Random histories of a ledger against a small model that knows which step must succeed. After each history the invariants hold, what
//! was posted is as it was, and the reports agree with the model.

use super::calls::{invoke, ok};
use super::database::with_current;
use super::invariants::broken;
use super::setup::{entry, ledger};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

const ACCOUNTS: [&str; 4] = ["cash", "bank", "sales", "rent"];
const MONTHS: usize = 4;

#[derive(Clone, Debug)]
struct Draw {
    month: usize,
    day: u8,
    sales: bool,
    lines: Vec<(usize, bool, u32)>,
    tampered: bool,
    /// Lines in dollars at this rate, in millionths.
    rate: Option<u32>,
}

#[derive(Clone, Debug)]
enum Step {
    Post(Draw),
    PostDraft(Draw),
    PostMany(Vec<Draw>),
    Reverse(usize, usize),
    Close(usize),
    Open(usize),
    Lock(usize),
    CloseAccount(usize),
    ReopenAccount(usize),
}

fn draw() -> impl Strategy<Value = Draw> {
    let lines = proptest::collection::vec((0..ACCOUNTS.len(), any::<bool>(), 1_u32..100_000), 1..5);
    let tampered = prop::bool::weighted(0.15);
    let rate = prop::option::weighted(0.3, 1_u32..3_000_000);
    (0..MONTHS, 1_u8..=28, any::<bool>(), lines, tampered, rate)
        .prop_map(|(month, day, sales, lines, tampered, rate)| Draw { month, day, sales, lines, tampered, rate })
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => draw().prop_map(Step::Post),
        2 => draw().prop_map(Step::PostDraft),
        2 => proptest::collection::vec(draw(), 1..6).prop_map(Step::PostMany),
        3 => (0..20_usize, 0..MONTHS).prop_map(|(entry, month)| Step::Reverse(entry, month)),
        1 => (0..MONTHS).prop_map(Step::Close),
        2 => (0..MONTHS).prop_map(Step::Open),
        1 => (0..MONTHS).prop_map(Step::Lock),
        1 => (0..ACCOUNTS.len()).prop_map(Step::CloseAccount),
        2 => (0..ACCOUNTS.len()).prop_map(Step::ReopenAccount),
    ]
}

/// What the model knows of a posted entry.
struct Known {
    id: String,
    month: usize,
    accounts: BTreeSet<usize>,
    reversed: bool,
    is_reversal: bool,
    as_posted: Value,
}

#[derive(Default)]
struct Model {
    closed: BTreeMap<usize, &'static str>,
    closed_accounts: BTreeSet<usize>,
    entries: Vec<Known>,
}

fn cents(amount: u64) -> String {
    format!("{}.{:02}", amount / 100, amount % 100)
}

impl Draw {
    /// The entry: random lines and one that balances them, unless tampered with.
    fn entry(&self) -> Value {
        let mut sum: i64 = 0;
        let side = |debit: bool| if debit { "debit" } else { "credit" };
        let line = |account: usize, debit: bool, amount: u64| {
            let mut line = json!({ "account": ACCOUNTS[account], "side": side(debit), "amount": cents(amount) });
            if let Some(rate) = self.rate {
                line["currency"] = json!("USD");
                line["rate"] = json!(format!("{}.{:06}", rate / 1_000_000, rate % 1_000_000));
            }
            line
        };
        let mut lines = Vec::new();
        for (account, debit, amount) in &self.lines {
            sum += if *debit { i64::from(*amount) } else { -i64::from(*amount) };
            lines.push(line(*account, *debit, u64::from(*amount)));
        }
        let wrong = if self.tampered { 100_000_000 } else { 0 };
        lines.push(line(0, sum < 0, sum.unsigned_abs() + wrong));
        let mut entry = entry(&format!("2026-{:02}-{:02}", self.month + 1, self.day), &lines);
        entry["journal"] = json!(if self.sales { "SJ" } else { "GJ" });
        entry
    }

    /// Whether the lines balance by themselves: the balancing line would be zero, which is refused.
    fn has_zero_line(&self) -> bool {
        let sum: i64 = self
            .lines
            .iter()
            .map(|(_, debit, amount)| if *debit { i64::from(*amount) } else { -i64::from(*amount) })
            .sum();
        sum == 0 && !self.tampered
    }

    fn accounts(&self) -> BTreeSet<usize> {
        self.lines.iter().map(|(account, _, _)| *account).chain([0]).collect()
    }
}

impl Model {
    fn takes(&self, draw: &Draw) -> bool {
        // The tampering is a million dollars: at the smallest rate still a euro.
        !draw.tampered
            && !draw.has_zero_line()
            && !self.closed.contains_key(&draw.month)
            && self.closed_accounts.is_disjoint(&draw.accounts())
    }

    fn posted(&mut self, draw: &Draw, id: &Value) {
        let as_posted = ok("journal.get-entry", json!({ "id": id }));
        let id = id.as_str().expect("an identifier").to_owned();
        self.entries.push(Known {
            id,
            month: draw.month,
            accounts: draw.accounts(),
            reversed: false,
            is_reversal: false,
            as_posted,
        });
    }

    fn run(&mut self, step: &Step) {
        match step {
            Step::Post(draw) => self.post(draw, &invoke("journal.post", json!({ "entry": draw.entry() }))),
            Step::PostDraft(draw) => {
                let draft = ok("journal.create-draft", json!({ "entry": draw.entry() }));
                assert_eq!(draft["faults"].as_array().expect("faults").is_empty(), self.takes(draw), "{draft}");
                self.post(draw, &invoke("journal.post-draft", json!({ "id": draft["id"], "version": 1 })));
            }
            Step::PostMany(draws) => {
                let entries: Vec<Value> = draws.iter().map(Draw::entry).collect();
                let outcome = invoke("journal.post-many", json!({ "entries": entries }));
                assert_eq!(outcome.is_ok(), draws.iter().all(|draw| self.takes(draw)), "{outcome:?}");
                for (draw, receipt) in
                    draws.iter().zip(outcome.ok().iter().flat_map(|list| list.as_array().expect("receipts")))
                {
                    self.posted(draw, &receipt["id"]);
                }
            }
            Step::Reverse(index, month) => self.reverse(*index, *month),
            Step::Close(month) => {
                self.calendar("close", *month, |state| (state != Some("locked")).then_some(Some("closed")))
            }
            Step::Open(month) => self.calendar("open", *month, |state| (state != Some("locked")).then_some(None)),
            Step::Lock(month) => self.calendar("lock", *month, |state| state.map(|_| Some("locked"))),
            Step::CloseAccount(account) => {
                ok("chart.close-account", json!({ "code": ACCOUNTS[*account] }));
                self.closed_accounts.insert(*account);
            }
            Step::ReopenAccount(account) => {
                ok("chart.reopen-account", json!({ "code": ACCOUNTS[*account] }));
                self.closed_accounts.remove(account);
            }
        }
    }

    fn post(&mut self, draw: &Draw, outcome: &Result<Value, Value>) {
        assert_eq!(outcome.is_ok(), self.takes(draw), "{draw:?}: {outcome:?}");
        if let Ok(entry) = outcome {
            self.posted(draw, &entry["id"]);
        }
    }

    fn reverse(&mut self, index: usize, month: usize) {
        let Some(known) = self.entries.get(index) else { return };
        let date = format!("2026-{:02}-28", month + 1);
        let outcome = invoke("journal.reverse", json!({ "id": known.id, "date": date }));
        let allowed = !known.reversed
            && !known.is_reversal
            && month >= known.month
            && !self.closed.contains_key(&month)
            && self.closed_accounts.is_disjoint(&known.accounts);
        assert_eq!(outcome.is_ok(), allowed, "{outcome:?}");
        let Ok(mut reversal) = outcome else { return };
        let (id, accounts) = (reversal["id"].as_str().expect("an identifier").to_owned(), known.accounts.clone());
        let original = &mut self.entries[index];
        original.reversed = true;
        original.as_posted["reversed_by"] = json!(id);
        assert_eq!(reversal["reversal_of"], json!(original.id));
        reversal["reversed_by"] = Value::Null;
        self.entries.push(Known { id, month, accounts, reversed: false, is_reversal: true, as_posted: reversal });
    }

    fn calendar(
        &mut self,
        word: &str,
        month: usize,
        next: impl Fn(Option<&'static str>) -> Option<Option<&'static str>>,
    ) {
        let outcome = invoke(&format!("calendar.{word}-period"), json!({ "code": format!("2026-{:02}", month + 1) }));
        let expected = next(self.closed.get(&month).copied());
        assert_eq!(outcome.is_ok(), expected.is_some(), "{word} {month}: {outcome:?}");
        match expected {
            Some(Some(state)) => drop(self.closed.insert(month, state)),
            Some(None) => drop(self.closed.remove(&month)),
            None => {}
        }
    }

    fn check(&self) {
        assert_eq!(broken(), [""; 0]);
        for known in &self.entries {
            assert_eq!(ok("journal.get-entry", json!({ "id": known.id })), known.as_posted, "a posted entry changed");
        }
        let count: i64 = with_current(|database| {
            database.connection.query_row("SELECT count(*) FROM entries", [], |row| row.get(0)).expect("a count")
        });
        assert_eq!(usize::try_from(count).expect("a count"), self.entries.len(), "a refused post left something");
        for day in ["2026-01-01", "2026-01-31", "2026-02-14", "2026-02-28", "2026-03-17", "2026-12-31"] {
            self.check_report(day);
        }
    }

    /// The trial balance at the end of a day is the sum of what was posted until then.
    fn check_report(&self, day: &str) {
        let mut expected: BTreeMap<(String, String), i64> = BTreeMap::new();
        for known in self.entries.iter().filter(|known| known.as_posted["date"].as_str().expect("a date") <= day) {
            for line in known.as_posted["lines"].as_array().expect("lines") {
                let text = |name: &str| line[name].as_str().expect(name).to_owned();
                let amount: i64 = text("amount").replace('.', "").parse().expect("an amount");
                let signed = if text("side") == "debit" { amount } else { -amount };
                *expected.entry((text("account"), text("currency"))).or_default() += signed;
            }
        }
        let report = ok("reports.trial-balance", json!({ "as_of": day }));
        let mut found: BTreeMap<(String, String), i64> = BTreeMap::new();
        for row in report["rows"].as_array().expect("rows") {
            let text = |value: &Value| value.as_str().expect("a text").to_owned();
            let closing = text(&row["amounts"]["closing"]).replace('.', "").parse().expect("an amount");
            found.insert((text(&row["account"]), text(&row["currency"])), closing);
        }
        assert_eq!(found, expected, "{day}");
        ok("reports.balance-sheet", json!({ "as_of": day }));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_history_keeps_the_books_in_order(steps in proptest::collection::vec(step(), 1..40)) {
        ledger("functional");
        let mut model = Model::default();
        for step in &steps {
            model.run(step);
        }
        model.check();
    }
}
