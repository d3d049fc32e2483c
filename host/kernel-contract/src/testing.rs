// SPDX-License-Identifier: MIT OR Apache-2.0
//! Contracts and operations for tests inside this crate. The samples come from a crate that depends on this one, so that
//! only their bytes can be used here.

use crate::{Contract, Operation};
pub(crate) use contract_samples::{component, documented, resolve};
use std::sync::Arc;

/// The contract of a component with documentation.
pub(crate) fn contract(wit: &str) -> Contract {
    Contract::of_component(&documented(wit)).unwrap()
}

/// The operation `test.call` of an interface with these items.
pub(crate) fn operation(items: &str) -> Arc<Operation> {
    let contract = contract(&contract_samples::wit_of_items(items));
    Arc::clone(contract.operation(&"test.call".parse().unwrap()).unwrap())
}
