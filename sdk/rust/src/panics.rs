// SPDX-License-Identifier: MIT OR Apache-2.0
//! Panics in the log. A panic of a component is a trap: the unit of work is rolled back and the caller gets a plain
//! internal error. Without this, its message is lost, because a component has no standard error.

use crate::log::{Field, Level, write};
use std::sync::Once;

/// From now on a panic writes its message and place to the log. Call it first in an operation; it costs nothing after
/// the first time in an instance.
pub fn log_panics() {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        std::panic::set_hook(Box::new(|panic| {
            let message = panic.payload_as_str().unwrap_or("panic");
            let place = panic.location().map(|at| Field { key: "place".into(), value: at.to_string() });
            write(Level::Error, message, &place.into_iter().collect::<Vec<_>>());
        }));
    });
}
