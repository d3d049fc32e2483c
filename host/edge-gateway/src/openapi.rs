// SPDX-License-Identifier: MIT OR Apache-2.0
//! Gives the OpenAPI document of a surface: `derive_openapi` writes it, the surface says which routes are really served.

use crate::surface::{EnabledComponent, Served, Surface, base};
use derive_openapi::openapi::{self, ComponentDescription, OperationDescription, RestDescription};

/// The document as JSON text.
pub(crate) fn document(surface: &Surface) -> Vec<u8> {
    let paths: Vec<Vec<Option<String>>> =
        surface.all().map(|(component, served)| rest_paths(component, served)).collect();
    let components = surface.all().zip(&paths).map(|((component, served), paths)| {
        let operations = served.iter().zip(paths).map(|(each, path)| {
            let operation = &each.operation;
            let rest = operation.rest.as_ref().zip(each.rest.as_ref()).zip(path.as_ref());
            let rest =
                rest.map(|((rest, binding), path)| RestDescription { method: rest.method.as_str(), path, binding });
            let description =
                OperationDescription { effect: operation.effect, permission: &operation.permission.0, rest };
            (operation.contract.name.clone(), description)
        });
        ComponentDescription {
            id: &component.id,
            title: &component.title,
            version: &component.version,
            contract: &component.contract,
            operations: operations.collect(),
        }
    });
    let components: Vec<_> = components.collect();
    serde_json::to_vec(&openapi::document(&components)).unwrap_or_default()
}

/// The whole path of each operation's REST route, where it has one.
fn rest_paths(component: &EnabledComponent, served: &[Served]) -> Vec<Option<String>> {
    let path = |each: &Served| {
        let rest = each.operation.rest.as_ref()?;
        Some(format!("{}{}", base(&component.id, &each.operation.contract), rest.path))
    };
    served.iter().map(path).collect()
}
