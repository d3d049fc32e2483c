// SPDX-License-Identifier: MIT OR Apache-2.0
//! The contract of a component as WIT text with its documentation, printed back from the binary: for a person who wants to
//! know what it imports and offers.
//!
//! Nothing is decided by it: what the host links and calls comes from `kernel_contract::Contract`. So a component that has no
//! contract may still be printed here, and seen for what it is.

use kernel_contract::{Decoded, decode};
use wit_component::WitPrinter;

/// Why there is no text.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The bytes are no component, or one that cannot be read.
    #[error(transparent)]
    Component(#[from] kernel_contract::Error),
    /// The types can be read and not be written.
    #[error("the component's types cannot be written as WIT: {detail}")]
    Unprintable {
        /// What the printer says.
        detail: String,
    },
}

/// The world of a component and every package that it names, as WIT.
///
/// # Errors
/// Where the bytes are no component, or no WIT describes it.
pub fn text(component: &[u8]) -> Result<String, Error> {
    let unprintable = |detail: String| Error::Unprintable { detail };
    let Decoded { resolve, world } = decode(component)?;
    let main = resolve.worlds.get(world).and_then(|world| world.package);
    let main = main.ok_or_else(|| unprintable("its world has no package".to_owned()))?;
    let others: Vec<_> = resolve.packages.iter().map(|(id, _)| id).filter(|id| *id != main).collect();
    let mut printer = WitPrinter::default();
    printer.print(&resolve, main, &others).map_err(|error| unprintable(format!("{error:#}")))?;
    Ok(printer.output.to_string())
}
