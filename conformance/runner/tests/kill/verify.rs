// SPDX-License-Identifier: MIT OR Apache-2.0
//! What must hold after a kill and a restart, compared with what was sent and acknowledged.

use crate::load::{Round, Sent};
use conformance::books::{self, assert_gapless, cents, pages, path};
use conformance::client::Client;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Everything that earlier rounds left.
#[derive(Default)]
pub(crate) struct Known {
    entries: Vec<Value>,
    balances: BTreeMap<String, i64>,
    drafts: BTreeSet<String>,
    /// How many entries were not acknowledged, and how many of them were there.
    in_doubt: (u64, u64),
}

/// The entries of a round by their external ids.
type Stored = BTreeMap<String, Value>;

impl Known {
    /// Compares what is there with what one round sent; then sends everything again under its key, as a client would that
    /// heard nothing, and compares once more.
    pub(crate) fn check_round(&mut self, client: &Client, round: &Round, sent: &[Sent]) {
        let stored = stored(client, round);
        for call in sent {
            self.check_call(call, &stored);
        }
        let known: BTreeSet<_> = sent.iter().flat_map(|call| &call.entries).map(external_id).collect();
        assert!(stored.keys().all(|id| known.contains(id.as_str())), "an entry that nobody sent");
        check_lines(client, round, sent, &stored);
        for call in sent.iter().filter(|call| call.acknowledged.is_some() || !call.entries.is_empty()) {
            let (status, replayed, text) =
                client.keyed(&path(call.operation), &call.input.to_string(), &call.key).unwrap();
            let taken = call.entries.iter().all(|entry| stored.contains_key(external_id(entry)));
            let done = call.acknowledged.is_some() || taken;
            assert_eq!((status, replayed), (200, done), "{} {} is answered {text}", call.operation, call.input);
            assert!(call.text.as_ref().is_none_or(|first| *first == text), "{text} is not {:?}", call.text);
        }
        let stored = self::stored(client, round);
        assert!(known.iter().all(|id| stored.contains_key(*id)), "sent again and still not there");
        check_lines(client, round, sent, &stored);
        self.entries.extend(stored.into_values());
        assert_gapless(&self.entries);
        for entry in sent.iter().flat_map(|call| &call.entries) {
            for line in entry["lines"].as_array().unwrap() {
                *self.balances.entry(line["account"].as_str().unwrap().to_owned()).or_default() += signed(line);
            }
        }
        let made = sent.iter().filter(|call| call.entries.is_empty()).filter_map(|call| call.draft.clone());
        self.drafts.extend(made);
    }

    /// An acknowledged call is there as it was acknowledged; any other is there wholly or not at all.
    fn check_call(&mut self, call: &Sent, stored: &Stored) {
        let there: Vec<_> = call.entries.iter().filter_map(|entry| stored.get(external_id(entry))).collect();
        let whole = there.len() == call.entries.len();
        match &call.acknowledged {
            Some(answer) => {
                assert!(whole, "{} {} was acknowledged and is not there", call.operation, call.input);
                let receipts = answer.as_array().map_or_else(|| vec![answer], |receipts| receipts.iter().collect());
                for (entry, receipt) in there.iter().zip(receipts) {
                    for key in ["id", "journal", "fiscal_year", "number"] {
                        assert_eq!(entry[key], receipt[key], "{entry} was acknowledged as {receipt}");
                    }
                }
            }
            None => {
                assert!(whole || there.is_empty(), "{} of {} is there in part", call.operation, call.input);
                self.in_doubt.0 += u64::try_from(call.entries.len()).unwrap();
                self.in_doubt.1 += u64::try_from(there.len()).unwrap();
            }
        }
    }

    /// The whole ledger at the end: entries, numbers, balances, drafts.
    pub(crate) fn check_all(&self, client: &Client) {
        let all = books::entries(client).unwrap();
        let ids = |entries: &[Value]| entries.iter().map(|entry| external_id(entry).to_owned()).collect::<Vec<_>>();
        let (mut found, mut expected) = (ids(&all), ids(&self.entries));
        found.sort();
        expected.sort();
        assert_eq!(found, expected);
        assert_gapless(&all);
        let balances = books::balances(client).unwrap();
        let expected: BTreeMap<_, _> = self.balances.clone().into_iter().filter(|(_, sum)| *sum != 0).collect();
        assert_eq!(balances.into_iter().filter(|(_, sum)| *sum != 0).collect::<BTreeMap<_, _>>(), expected);
        assert_eq!(expected.values().sum::<i64>(), 0);
        // Every draft was posted in the end, so that none is left but those whose answer was lost.
        let left = pages(client, "journal/list-drafts", &json!({ "limit": 100 }), "drafts").unwrap();
        for draft in &left {
            assert!(!self.drafts.contains(draft["id"].as_str().unwrap()), "{draft} was posted and is there");
        }
    }

    /// Says how much was tried, and that kills met calls on both sides of their commit.
    pub(crate) fn report(&self) {
        let (entries, (doubtful, kept)) = (self.entries.len(), self.in_doubt);
        eprintln!("{entries} entries; {doubtful} were not acknowledged, {kept} of them were there");
        assert!(entries > 500, "the load was too small to show anything: {entries}");
        assert!(doubtful > 50 && kept < doubtful, "no kill met a running call: {doubtful}, {kept}");
    }
}

fn external_id(entry: &Value) -> &str {
    entry["external_id"].as_str().unwrap()
}

fn signed(line: &Value) -> i64 {
    if line["side"] == "debit" { cents(&line["amount"]) } else { -cents(&line["amount"]) }
}

fn stored(client: &Client, round: &Round) -> Stored {
    let filter = json!({ "from_date": round.date, "to_date": round.date, "account": round.accounts[0], "limit": 1000 });
    let entries = pages(client, "journal/list-entries", &filter, "entries").unwrap();
    let count = entries.len();
    let stored: Stored = entries.into_iter().map(|entry| (external_id(&entry).to_owned(), entry)).collect();
    assert_eq!(stored.len(), count, "an external id is there twice");
    stored
}

/// Every stored entry has exactly the lines that were sent, by the general ledger of the round's accounts.
fn check_lines(client: &Client, round: &Round, sent: &[Sent], stored: &Stored) {
    let mut lines: BTreeMap<String, BTreeMap<u64, (String, i64)>> = BTreeMap::new();
    for account in &round.accounts {
        let filter = json!({ "account": account, "as_of": "2099-12-31", "limit": 1000 });
        for line in pages(client, "reports/general-ledger", &filter, "lines").unwrap() {
            let entry = lines.entry(line["entry"].as_str().unwrap().to_owned()).or_default();
            let twice = entry.insert(line["line"].as_u64().unwrap(), (account.clone(), signed(&line)));
            assert_eq!(twice, None, "{line}");
        }
    }
    for entry in sent.iter().flat_map(|call| &call.entries) {
        let Some(found) = stored.get(external_id(entry)) else { continue };
        let found = lines.remove(found["id"].as_str().unwrap()).unwrap_or_default();
        let expected = entry["lines"].as_array().unwrap().iter();
        let expected = expected.map(|line| (line["account"].as_str().unwrap().to_owned(), signed(line)));
        assert!(found.keys().copied().eq(1..=u64::try_from(found.len()).unwrap()), "{entry}: {found:?}");
        assert_eq!(found.into_values().collect::<Vec<_>>(), expected.collect::<Vec<_>>(), "{entry}");
    }
    assert!(lines.is_empty(), "lines without an entry: {lines:?}");
}
