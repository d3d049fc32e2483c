// SPDX-License-Identifier: MIT OR Apache-2.0
//! The OpenAPI 3.1 document of all components that a tenant has enabled.
//!
//! Each operation has its canonical route, `POST /api/{component}/v{major}/{interface}/{function}`, and the REST route of its
//! manifest. What the platform's own routes are (health, the document itself) is not described here, and nothing is checked:
//! routes that collide were refused when the component was installed; here the first one stays.

mod naming;
mod operation;
mod problem;

use crate::schema::{Builder, describe};
use kernel_contract::{Binding, Contract, Interface};
use kernel_types::{ComponentId, Effect, OperationName};
use naming::Shared;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// An enabled component, as the document shows it.
#[derive(Clone, Debug)]
pub struct ComponentDescription<'a> {
    /// Its identifier, as it stands in the path.
    pub id: &'a ComponentId,
    /// Its name for people.
    pub title: &'a str,
    /// Its version.
    pub version: &'a str,
    /// Its contract.
    pub contract: &'a Contract,
    /// What the manifest says of its operations. Those that are missing here are left out of the document.
    pub operations: BTreeMap<OperationName, OperationDescription<'a>>,
}

/// What the manifest says of an operation.
#[derive(Clone, Debug)]
pub struct OperationDescription<'a> {
    /// Whether it may change anything.
    pub effect: Effect,
    /// What its caller must hold.
    pub permission: &'a str,
    /// Its REST route, where it has one.
    pub rest: Option<RestDescription<'a>>,
}

/// A REST route.
#[derive(Clone, Debug)]
pub struct RestDescription<'a> {
    /// The method: `GET`.
    pub method: &'a str,
    /// The whole path as it is served: `/api/accounting/v1/entries/{id}`. Placeholders as WIT or as JSON writes them.
    pub path: &'a str,
    /// Where the parameters are.
    pub binding: &'a Binding,
}

/// The document. Its order is that of the components and of their binaries, so that the same input gives the same text.
#[must_use]
pub fn document(components: &[ComponentDescription<'_>]) -> Value {
    let refusal = problem::schemas();
    let naming = Shared::new(refusal.keys().cloned());
    let mut document = Document { builder: Builder::new(naming), paths: Map::new(), tags: Vec::new() };
    for component in components {
        for interface in component.contract.interfaces() {
            document.interface(component, interface);
        }
    }
    let mut schemas = document.builder.finish();
    schemas.extend(refusal);
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Cortex",
            "version": "1",
            "description": information(components),
        },
        "jsonSchemaDialect": crate::schema::DIALECT,
        "servers": [{ "url": "/" }],
        "security": [{ "bearer": [] }],
        "tags": document.tags,
        "paths": document.paths,
        "components": {
            "securitySchemes": {
                "bearer": { "type": "http", "scheme": "bearer", "description": "A token of the tenant; it says who calls." }
            },
            "schemas": schemas,
            "parameters": problem::parameters(),
            "responses": problem::responses(),
        },
    })
}

fn information(components: &[ComponentDescription<'_>]) -> String {
    let list =
        components.iter().map(|component| format!("- {} `{}` {}", component.title, component.id, component.version));
    let list: Vec<String> = list.collect();
    format!(
        "The operations of all enabled components.\n\n{}\n\nNumbers of 64 bits and decimals are strings. A refusal is an \
         `application/problem+json` (RFC 9457); all faults of a request come together.",
        list.join("\n")
    )
}

/// The document while it is made.
struct Document {
    builder: Builder<Shared>,
    paths: Map<String, Value>,
    tags: Vec<Value>,
}

impl Document {
    fn interface(&mut self, component: &ComponentDescription<'_>, interface: &Interface) {
        let tag = format!("{}/{}", component.id, interface.id.interface());
        let mut used = false;
        for operation in &interface.operations {
            let Some(description) = component.operations.get(&operation.name) else { continue };
            used = true;
            for (method, path, item) in operation::items(&mut self.builder, component, description, operation, &tag) {
                let routes = self.paths.entry(path).or_insert_with(|| Value::Object(Map::new()));
                if let Some(routes) = routes.as_object_mut() {
                    routes.entry(method).or_insert(Value::Object(item));
                }
            }
        }
        if used {
            let mut entry = Map::new();
            entry.insert("name".to_owned(), json!(tag));
            describe(&mut entry, interface.docs.as_deref());
            self.tags.push(Value::Object(entry));
        }
    }
}
