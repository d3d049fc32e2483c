// SPDX-License-Identifier: MIT OR Apache-2.0
//! hledger as the judge: what it says of a journal. Where it is not installed, a comparison is not made, and said so aloud.

use import_journal::domain::books::{self, Balances};
use import_journal::domain::decimal::Decimal;
use import_journal::domain::names::{Account, Commodity};
use std::io::Write;
use std::process::Command;

/// The version whose behaviour the component follows.
pub const VERSION: &str = "hledger 1.25";

/// Whether hledger can be asked; `comparisons` is how many a test would make. Fails instead, where
/// `CORTEX_REQUIRE_SERVICES=1` asks for it.
pub fn available(comparisons: usize) -> bool {
    let found = Command::new("hledger").arg("--version").output();
    let version = found.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    let suitable = version.starts_with(VERSION);
    if !suitable {
        let found = if version.is_empty() { "none".to_owned() } else { version.trim().to_owned() };
        println!("NOT COMPARED: {comparisons} comparisons with {VERSION} were not made (found: {found})");
        let required = std::env::var("CORTEX_REQUIRE_SERVICES").is_ok_and(|value| value == "1");
        assert!(!required, "CORTEX_REQUIRE_SERVICES=1, and {VERSION} is not installed (found: {found})");
    }
    suitable
}

/// The balances of all accounts by commodity, exact, zero ones left out; at cost, where wanted. Or hledger's message.
pub fn balances(text: &str, at_cost: bool) -> Result<Balances, String> {
    let mut file = tempfile::Builder::new().suffix(".journal").tempfile().expect("a temporary file");
    file.write_all(text.as_bytes()).expect("the journal is written");
    let output = Command::new("hledger")
        .env("LANG", "C.UTF-8")
        .args(["-f", &file.path().to_string_lossy(), "bal", "--flat", "-N", "-E", "-O", "json"])
        .args(at_cost.then_some("--cost"))
        .output()
        .expect("hledger runs");
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("hledger prints JSON");
    let mut balances = Balances::new();
    for row in report[0].as_array().expect("rows") {
        let name = row[0].as_str().expect("a name");
        let account = Account::new(name).map_err(|_| format!("takes the account name {name:?}"))?;
        for amount in row[3].as_array().expect("amounts") {
            let commodity = Commodity::new(amount["acommodity"].as_str().expect("a symbol"));
            let mantissa = amount["aquantity"]["decimalMantissa"].as_i64().expect("a mantissa of 64 bits");
            let places = amount["aquantity"]["decimalPlaces"].as_u64().expect("places");
            let quantity = Decimal::new(mantissa.into(), u8::try_from(places).expect("few places")).expect("fits");
            books::add(&mut balances, (account.clone(), commodity), quantity).expect("fits");
        }
    }
    balances.retain(|_, balance| !balance.is_zero());
    Ok(balances)
}

/// Asserts that hledger and this component say the same of a text.
pub fn assert_agree(name: &str, text: &str) {
    if let Some(difference) = difference(text) {
        panic!("{name}: {difference}");
    }
}

/// What hledger and this component say differently: the balances, those at cost, or that the text is refused.
pub fn difference(text: &str) -> Option<String> {
    let ours = match (books::read(text, None), balances(text, false)) {
        (Ok((ours, _)), Ok(theirs)) => {
            let difference = compare(&ours.closing_balances().expect("sums fit"), &theirs);
            if difference.is_some() {
                return difference;
            }
            ours
        }
        (Err(_), Err(_)) => return None,
        (Ok(_), Err(message)) => return Some(format!("only hledger refuses it: {message}")),
        (Err(faults), Ok(_)) => return Some(format!("only we refuse it: {faults:#?}")),
    };
    let mut costs = Balances::new();
    for line in ours.entries.iter().flat_map(|entry| &entry.lines) {
        let key = (line.account.clone(), line.value().commodity.clone());
        books::add(&mut costs, key, line.value().quantity).expect("fits");
    }
    costs.retain(|_, balance| !balance.is_zero());
    compare(&costs, &balances(text, true).expect("it was read before"))
        .map(|difference| format!("at cost, {difference}"))
}

fn compare(ours: &Balances, theirs: &Balances) -> Option<String> {
    let only = |these: &Balances, those: &Balances| -> Vec<String> {
        let differ = these.iter().filter(|(key, value)| those.get(*key) != Some(value));
        differ.map(|((account, commodity), value)| format!("{account} {value} {}", commodity.as_str())).collect()
    };
    let (only_ours, only_theirs) = (only(ours, theirs), only(theirs, ours));
    let same = only_ours.is_empty() && only_theirs.is_empty();
    (!same).then(|| format!("balances differ\nours: {only_ours:#?}\nhledger: {only_theirs:#?}"))
}
