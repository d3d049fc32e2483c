// SPDX-License-Identifier: MIT OR Apache-2.0
//! Calls of the component with JSON, in the mapping of the host: fields in snake case, 64-bit integers as texts, enums in snake case.

use super::database::call;
use crate::Component;
use crate::bindings::cortex::types::types::Problem;
use crate::bindings::exports::cortex::accounting::{
    calendar, chart, commodities, journal, journals, rates, reports, settings,
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

/// Fields that hold an enum of the contract.
const ENUMS: [&str; 6] = ["side", "kind", "state", "balancing", "periods", "period_length"];
/// Fields that hold an integer of 64 bits.
const LONG: [&str; 4] = ["id", "entry", "reversal_of", "reversed_by"];

fn pascal(snake: &str) -> String {
    snake.split('_').map(|word| word[..1].to_uppercase() + &word[1..]).collect()
}

fn snake(pascal: &str) -> String {
    let mut snake = String::new();
    for (index, letter) in pascal.char_indices() {
        if letter.is_uppercase() && index > 0 {
            snake.push('_');
        }
        snake.extend(letter.to_lowercase());
    }
    snake
}

/// From the host's JSON to what serde reads.
fn inward(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(inward),
        Value::Object(fields) => {
            for (name, value) in fields {
                match value {
                    Value::String(text) if ENUMS.contains(&name.as_str()) => *text = pascal(text),
                    Value::String(text) if LONG.contains(&name.as_str()) => {
                        *value = json!(text.parse::<u64>().expect("an integer"))
                    }
                    _ => inward(value),
                }
            }
        }
        _ => {}
    }
}

/// From what serde writes to the host's JSON.
fn outward(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(outward),
        Value::Object(fields) => {
            for (name, value) in fields {
                match value {
                    Value::String(text) if ENUMS.contains(&name.as_str()) => *text = snake(text),
                    Value::Number(number) if LONG.contains(&name.as_str()) => *value = json!(number.to_string()),
                    _ => outward(value),
                }
            }
        }
        _ => {}
    }
}

fn argument<T: DeserializeOwned>(arguments: &Value, name: &str) -> T {
    let value = arguments.get(name).cloned().unwrap_or(Value::Null);
    serde_json::from_value(value).unwrap_or_else(|error| panic!("{name}: {error}: {arguments}"))
}

fn answer<T: Serialize>(outcome: Result<T, Problem>) -> Result<Value, Value> {
    let json = |value: Result<Value, serde_json::Error>| {
        let mut value = value.expect("JSON");
        outward(&mut value);
        value
    };
    outcome.map(|value| json(serde_json::to_value(value))).map_err(|problem| json(serde_json::to_value(problem)))
}

macro_rules! operations {
    ($operation:ident, $arguments:ident; $($interface:ident . $name:literal => $function:ident($($parameter:ident),*);)*) => {
        match $operation {
            $(concat!(stringify!($interface), ".", $name) => answer(call(|| {
                <Component as $interface::Guest>::$function($(argument(&$arguments, stringify!($parameter))),*)
            })),)*
            other => panic!("there is no operation `{other}`"),
        }
    };
}

/// Calls an operation, `journal.post`, with the JSON object of its parameters: the result, or the problem.
pub(super) fn invoke(operation: &str, mut arguments: Value) -> Result<Value, Value> {
    inward(&mut arguments);
    operations! { operation, arguments;
        settings."initialise" => initialise(setup);
        settings."get-settings" => get_settings();
        chart."list-templates" => list_templates();
        chart."load-template" => load_template(template);
        chart."load-csv" => load_csv(csv);
        chart."create-account" => create_account(account);
        chart."create-accounts" => create_accounts(accounts);
        chart."get-account" => get_account(code);
        chart."update-account" => update_account(code, version, name, parent);
        chart."close-account" => close_account(code);
        chart."reopen-account" => reopen_account(code);
        chart."list-accounts" => list_accounts(kind, closed, limit, cursor);
        commodities."create-commodity" => create_commodity(commodity);
        commodities."create-commodities" => create_commodities(commodities);
        commodities."get-commodity" => get_commodity(code);
        commodities."list-commodities" => list_commodities(limit, cursor);
        calendar."create-fiscal-year" => create_fiscal_year(fiscal_year);
        calendar."get-fiscal-year" => get_fiscal_year(code);
        calendar."list-fiscal-years" => list_fiscal_years();
        calendar."close-period" => close_period(code);
        calendar."open-period" => open_period(code);
        calendar."lock-period" => lock_period(code);
        calendar."close-fiscal-year" => close_fiscal_year(code);
        calendar."lock-fiscal-year" => lock_fiscal_year(code);
        journals."create-journal" => create_journal(journal);
        journals."get-journal" => get_journal(code);
        journals."list-journals" => list_journals();
        journal."create-draft" => create_draft(entry);
        journal."get-draft" => get_draft(id);
        journal."update-draft" => update_draft(id, version, entry);
        journal."discard-draft" => discard_draft(id, version);
        journal."list-drafts" => list_drafts(limit, cursor);
        journal."post-draft" => post_draft(id, version);
        journal."post" => post(entry);
        journal."post-many" => post_many(entries);
        journal."reverse" => reverse(id, date, description);
        journal."get-entry" => get_entry(id);
        journal."find-entry" => find_entry(journal, fiscal_year, number);
        journal."list-entries" => list_entries(journal, account, from_date, to_date, reference, external_id, limit, cursor);
        rates."set-rates" => set_rates(rates);
        rates."get-rate" => get_rate(currency, date);
        rates."list-rates" => list_rates(currency, from_date, to_date, limit, cursor);
        reports."trial-balance" => trial_balance(from_date, as_of, period);
        reports."account-balance" => account_balance(account, as_of);
        reports."general-ledger" => general_ledger(account, from_date, as_of, period, limit, cursor);
        reports."profit-and-loss" => profit_and_loss(from_date, as_of, period);
        reports."balance-sheet" => balance_sheet(as_of, period);
    }
}

/// The result of a call that must succeed.
pub(super) fn ok(operation: &str, arguments: Value) -> Value {
    invoke(operation, arguments).unwrap_or_else(|problem| panic!("{operation}: {problem:#}"))
}

/// What a call that must be refused says: code of the problem, its kind, and the faults as `path code`.
pub(super) fn refused(operation: &str, arguments: Value) -> (String, String, Vec<String>) {
    let problem = match invoke(operation, arguments) {
        Ok(value) => panic!("{operation} was not refused: {value:#}"),
        Err(problem) => problem,
    };
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let fault = |fault: &Value| format!("{} {}", text(&fault["path"]), text(&fault["code"]));
    let faults = problem["fields"].as_array().expect("fields").iter().map(fault).collect();
    (text(&problem["code"]), text(&problem["kind"]), faults)
}
