// SPDX-License-Identifier: MIT OR Apache-2.0
//! The OpenAPI document: what must hold of it, whatever the components.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "a helper of a test is a test")]

use contract_samples::contract;
use derive_openapi::openapi::{ComponentDescription, OperationDescription, RestDescription, document};
use expect_test::expect;
use kernel_contract::{Binding, Contract};
use kernel_types::{ComponentId, Effect, OperationName};
use serde_json::Value;
use std::collections::{BTreeMap, HashSet};

const LEDGER: &str = "
package cortex:ledger@1.2.0;
/// Entries of the journal.
interface journal {
    use cortex:types/types@1.0.0.{decimal, money, date, page-request, page, problem};
    /// An entry.
    record entry { number: u64, total: money, note: option<string> }
    /// Why it is not.
    variant reason { /// No such entry.
        unknown, /// Only so many.
        limit(u32) }
    record entries { items: list<entry>, page: page }
    /// Posts an entry. It stays for good.
    ///
    /// More of it.
    post: func(entry: entry, dry-run: option<bool>) -> result<entry, problem>;
    /// Finds entries.
    list-entries: func(since: option<date>, tags: list<string>, page: option<page-request>) -> result<entries, problem>;
    get: func(entry-number: u64) -> result<entry, reason>;
    forget: func(entry-number: u64);
    hidden: func();
}
interface tools { use cortex:types/types@1.0.0.{decimal}; add: func(a: decimal, b: decimal) -> decimal; }
world w { export journal; export tools; }";

struct Rest {
    operation: &'static str,
    method: &'static str,
    path: &'static str,
    effect: Effect,
    binding: Option<Binding>,
}

fn routes(contract: &Contract) -> Vec<Rest> {
    type Row =
        (&'static str, &'static str, &'static str, &'static [&'static str], &'static [&'static str], bool, Effect);
    let table: [Row; 5] = [
        ("journal.post", "POST", "/api/ledger/v1/entries", &[], &["dry-run"], true, Effect::Write),
        ("journal.list-entries", "GET", "/api/ledger/v1/entries", &[], &[], false, Effect::Read),
        ("journal.get", "GET", "/api/ledger/v1/entries/{entry-number}", &["entry-number"], &[], false, Effect::Read),
        (
            "journal.forget",
            "DELETE",
            "/api/ledger/v1/entries/{entry-number}",
            &["entry-number"],
            &[],
            false,
            Effect::Write,
        ),
        ("tools.add", "", "", &[], &[], true, Effect::Read),
    ];
    let rest = table.map(|(operation, method, path, places, query, has_body, effect)| {
        let typed = contract.operation(&operation.parse().unwrap()).unwrap();
        let binding = (!method.is_empty()).then(|| typed.binding(places, query, has_body).unwrap());
        Rest { operation, method, path, effect, binding }
    });
    rest.into()
}

fn describe<'a>(id: &'a ComponentId, contract: &'a Contract, routes: &'a [Rest]) -> ComponentDescription<'a> {
    let operations = routes.iter().map(|rest| {
        let route =
            rest.binding.as_ref().map(|binding| RestDescription { method: rest.method, path: rest.path, binding });
        let description = OperationDescription { effect: rest.effect, permission: "ledger.journal.any", rest: route };
        (rest.operation.parse::<OperationName>().unwrap(), description)
    });
    ComponentDescription { id, title: "Ledger", version: "1.2.0", contract, operations: operations.collect() }
}

fn ledger_document() -> Value {
    let contract = contract(LEDGER);
    let (id, routes) = (ComponentId::parse("ledger").unwrap(), routes(&contract));
    document(&[describe(&id, &contract, &routes)])
}

/// Calls `f` with each object within the value.
fn each_object(value: &Value, f: &mut impl FnMut(&serde_json::Map<String, Value>)) {
    match value {
        Value::Object(object) => {
            f(object);
            object.values().for_each(|inner| each_object(inner, f));
        }
        Value::Array(list) => list.iter().for_each(|inner| each_object(inner, f)),
        _ => {}
    }
}

fn check_structure(document: &Value) {
    each_object(document, &mut |object| {
        if let Some(Value::String(reference)) = object.get("$ref") {
            let pointer = reference.strip_prefix('#').expect("a reference within the document");
            assert!(document.pointer(pointer).is_some(), "{reference} leads nowhere");
        }
    });
    let tags: HashSet<_> =
        document["tags"].as_array().unwrap().iter().map(|tag| tag["name"].as_str().unwrap()).collect();
    let mut ids = HashSet::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, item) in methods.as_object().unwrap() {
            assert!(["get", "post", "put", "patch", "delete"].contains(&method.as_str()), "{method}");
            let id = item["operationId"].as_str().unwrap();
            assert!(ids.insert(id.to_owned()), "{id} twice");
            assert!(item["tags"].as_array().unwrap().iter().all(|tag| tags.contains(tag.as_str().unwrap())), "{id}");
            assert!(item["responses"].as_object().unwrap().keys().any(|status| status.starts_with('2')), "{id}");
            check_parameters(document, path, item);
        }
    }
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        assert!(jsonschema::meta::is_valid(schema), "{name}");
        assert!(name.chars().all(|c| c.is_ascii_alphanumeric() || ".-_".contains(c)), "{name}");
    }
}

/// A parameter, where it stands or where it refers to.
fn resolved<'d>(document: &'d Value, parameter: &'d Value) -> &'d Value {
    let reference = parameter["$ref"].as_str().and_then(|reference| reference.strip_prefix('#'));
    reference.map_or(parameter, |pointer| document.pointer(pointer).expect("what is referred to is there"))
}

fn check_parameters(document: &Value, path: &str, item: &Value) {
    let placeholders: HashSet<_> = path.split('/').filter_map(|s| s.strip_prefix('{')?.strip_suffix('}')).collect();
    let mut declared = HashSet::new();
    for parameter in item["parameters"].as_array().into_iter().flatten() {
        let parameter = resolved(document, parameter);
        let (name, place) = (parameter["name"].as_str().unwrap(), parameter["in"].as_str().unwrap());
        assert!(declared.insert((name, place)), "{path}: {name} twice");
        if place == "path" {
            assert_eq!(parameter["required"], true, "{path}: {name}");
            assert!(placeholders.contains(name), "{path}: {name} is no placeholder");
        }
    }
    for placeholder in placeholders {
        assert!(declared.contains(&(placeholder, "path")), "{path}: {placeholder} is not declared");
    }
}

#[test]
fn the_structure_holds() {
    let document = &ledger_document();
    check_structure(document);
    assert_eq!(document["openapi"], "3.1.0");
    let lines = document["paths"].as_object().unwrap().iter().flat_map(|(path, methods)| {
        let line = move |(method, item): (&String, &Value)| {
            let body = if item.get("requestBody").is_some() { " body" } else { "" };
            let parameters = item["parameters"].as_array().into_iter().flatten().map(|p| {
                let p = resolved(document, p);
                format!(
                    " {}{}:{}",
                    p["name"].as_str().unwrap(),
                    if p["required"] == true { "!" } else { "" },
                    p["in"].as_str().unwrap()
                )
            });
            let statuses: Vec<_> = item["responses"].as_object().unwrap().keys().map(String::as_str).collect();
            let parameters: String = parameters.collect();
            format!(
                "{method} {path} {}{parameters}{body} {}\n",
                item["operationId"].as_str().unwrap(),
                statuses.join(",")
            )
        };
        methods.as_object().unwrap().iter().map(line).collect::<Vec<_>>()
    });
    expect![[r#"
        post /api/ledger/v1/journal/post ledger.journal.post Idempotency-Key:header body 200,400,401,403,404,409,413,422,429,500,503,504
        post /api/ledger/v1/entries ledger.journal.post.rest dry_run:query Idempotency-Key:header body 200,400,401,403,404,409,413,422,429,500,503,504
        get /api/ledger/v1/entries ledger.journal.list_entries.rest since:query tags:query page.limit:query page.cursor:query 200,400,401,403,404,409,413,422,429,500,503,504
        post /api/ledger/v1/journal/list-entries ledger.journal.list_entries body 200,400,401,403,404,409,413,422,429,500,503,504
        post /api/ledger/v1/journal/get ledger.journal.get body 200,400,401,403,413,422,429,500,503,504
        get /api/ledger/v1/entries/{entry_number} ledger.journal.get.rest entry_number!:path 200,400,401,403,413,422,429,500,503,504
        delete /api/ledger/v1/entries/{entry_number} ledger.journal.forget.rest entry_number!:path Idempotency-Key:header 204,400,401,403,409,413,429,500,503,504
        post /api/ledger/v1/journal/forget ledger.journal.forget Idempotency-Key:header body 204,400,401,403,409,413,429,500,503,504
        post /api/ledger/v1/tools/add ledger.tools.add body 200,400,401,403,413,429,500,503,504
    "#]].assert_eq(&lines.collect::<String>());
}

#[test]
fn what_the_contract_says_is_in_it() {
    let document = ledger_document();
    let post = &document["paths"]["/api/ledger/v1/journal/post"]["post"];
    assert_eq!(post["summary"], "Posts an entry");
    assert_eq!(post["description"], "Posts an entry. It stays for good.\n\nMore of it.");
    assert_eq!(post["security"][0]["bearer"][0], "ledger.journal.any");
    assert_eq!(post["x-cortex-effect"], "write");
    let body = &post["requestBody"]["content"]["application/json"]["schema"];
    assert_eq!(body["properties"]["entry"]["$ref"], "#/components/schemas/ledger.journal.EntryInput");
    let answer = &post["responses"]["200"]["content"]["application/json"]["schema"];
    assert_eq!(answer["$ref"], "#/components/schemas/ledger.journal.Entry");
    let get = &document["paths"]["/api/ledger/v1/journal/get"]["post"];
    let refusal = &get["responses"]["422"]["content"]["application/problem+json"]["schema"];
    assert_eq!(refusal["properties"]["value"]["$ref"], "#/components/schemas/ledger.journal.Reason");
    let names: Vec<_> = document["components"]["schemas"].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "CurrencyCode",
            "Date",
            "Decimal",
            "Money",
            "Page",
            "PageRequestInput",
            "ledger.journal.Entries",
            "ledger.journal.Entry",
            "ledger.journal.EntryInput",
            "ledger.journal.Reason",
            "Fault",
            "Refusal"
        ]
    );
}

#[test]
fn what_the_manifest_does_not_name_is_left_out() {
    let whole = ledger_document();
    assert!(whole["paths"].get("/api/ledger/v1/journal/hidden").is_none());
    let contract = contract(LEDGER);
    let id = ComponentId::parse("ledger").unwrap();
    let none =
        ComponentDescription { id: &id, title: "", version: "1.2.0", contract: &contract, operations: BTreeMap::new() };
    let empty = document(&[none]);
    assert_eq!((empty["paths"].clone(), empty["tags"].clone()), (serde_json::json!({}), serde_json::json!([])));
    check_structure(&document(&[]));
}

#[test]
fn components_of_the_same_interfaces_do_not_meet() {
    let (first, second) = (contract(LEDGER), contract(&LEDGER.replace("1.2.0", "1.3.0").replace("note:", "remark:")));
    let (one, two) = (ComponentId::parse("ledger").unwrap(), ComponentId::parse("ledger-two").unwrap());
    let routes_one = routes(&first);
    let mut routes_two = routes(&second);
    routes_two.iter_mut().for_each(|rest| {
        rest.path = if rest.path.contains('{') { "/api/ledger-two/v1/e/{entry-number}" } else { "/api/ledger-two/v1/e" }
    });
    let document = document(&[describe(&one, &first, &routes_one), describe(&two, &second, &routes_two)]);
    check_structure(&document);
    assert_eq!(document["paths"].as_object().unwrap().len(), 14);
    let schemas = &document["components"]["schemas"];
    assert!(schemas["ledger.journal.Entry"]["properties"].get("note").is_some());
    assert!(schemas["ledger.journal.Entry.1.3.0"]["properties"].get("remark").is_some());
}
