// SPDX-License-Identifier: MIT OR Apache-2.0
//! The OpenAPI document of a running host, held against what the host does.

use crate::client::{Answer, Client};
use jsonschema::Validator;
use serde_json::{Value, json};
use std::collections::HashMap;

/// A document, and a validator for each schema that was asked for.
pub struct Document {
    document: Value,
    validators: HashMap<String, Validator>,
}

impl Document {
    /// The document that the host serves to a client's tenant.
    #[must_use]
    pub fn of(client: &Client) -> Self {
        let document = client.get_now("/openapi.json").expect("an answer").ok();
        assert_eq!(document["openapi"].as_str().map(|version| version.starts_with("3.1.")), Some(true));
        Self { document, validators: HashMap::new() }
    }

    /// Every method and path, placeholders as they are written.
    #[must_use]
    pub fn routes(&self) -> Vec<(String, String)> {
        let paths = self.document["paths"].as_object().expect("paths");
        let methods = ["get", "put", "post", "delete", "patch"];
        let of = |(path, item): (&String, &Value)| {
            let offered = methods.iter().filter(|method| item.get(**method).is_some());
            offered.map(|method| (method.to_uppercase(), path.clone())).collect::<Vec<_>>()
        };
        paths.iter().flat_map(of).collect()
    }

    /// Every reference in the document that leads nowhere.
    #[must_use]
    pub fn broken_references(&self) -> Vec<String> {
        let mut broken = Vec::new();
        let mut waiting = vec![&self.document];
        while let Some(value) = waiting.pop() {
            match value {
                Value::Array(items) => waiting.extend(items),
                Value::Object(members) => {
                    waiting.extend(members.values());
                    let Some(target) = members.get("$ref").and_then(Value::as_str) else { continue };
                    let found = target.strip_prefix('#').and_then(|pointer| self.document.pointer(pointer));
                    if found.is_none() {
                        broken.push(target.to_owned());
                    }
                }
                _ => {}
            }
        }
        broken
    }

    /// What of an exchange does not fit the document: the input of a request that was accepted, and every answer.
    pub fn mismatch(&mut self, method: &str, path: &str, input: Option<&Value>, answer: &Answer) -> Option<String> {
        let escaped = path.replace('~', "~0").replace('/', "~1");
        let operation = format!("/paths/{escaped}/{}", method.to_lowercase());
        if self.document.pointer(&operation).is_none() {
            return Some(format!("{method} {path} is not in the document"));
        }
        if answer.status < 300
            && let Some(input) = input
            && let Some(fault) = self.fault(&format!("{operation}/requestBody/content/application~1json/schema"), input)
        {
            return Some(format!("the input of {method} {path} does not fit: {fault}"));
        }
        let mut response = format!("{operation}/responses/{}", answer.status);
        let Some(declared) = self.document.pointer(&response) else {
            return Some(format!("{method} {path} answers {}, which is not in the document", answer.status));
        };
        if let Some(target) = declared.get("$ref").and_then(Value::as_str) {
            response = target.trim_start_matches('#').to_owned();
        }
        let content = self.document.pointer(&format!("{response}/content")).and_then(Value::as_object);
        let Some(media) = content.and_then(|content| content.keys().next()) else {
            let nothing = answer.body.is_null();
            return (!nothing).then(|| format!("{method} {path} answers with a body, which is not in the document"));
        };
        let schema = format!("{response}/content/{}/schema", media.replace('/', "~1"));
        let fault = self.fault(&schema, &answer.body)?;
        Some(format!("the answer {} of {method} {path} does not fit: {fault}", answer.status))
    }

    /// Why a value does not fit the schema at a place of the document.
    fn fault(&mut self, pointer: &str, value: &Value) -> Option<String> {
        if !self.validators.contains_key(pointer) {
            let Some(schema) = self.document.pointer(pointer) else { return Some(format!("no schema at {pointer}")) };
            let whole = json!({
                "$schema": "https://json-schema.org/draft/2020-12/schema",
                "components": self.document["components"],
                "allOf": [schema],
            });
            let options = jsonschema::options().should_validate_formats(true);
            let validator = options.build(&whole).unwrap_or_else(|error| panic!("{pointer}: {error}"));
            self.validators.insert(pointer.to_owned(), validator);
        }
        let fault = self.validators.get(pointer)?.iter_errors(value).next();
        fault.map(|fault| format!("{fault} at `{}`", fault.instance_path()))
    }
}
