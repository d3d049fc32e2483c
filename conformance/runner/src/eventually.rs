// SPDX-License-Identifier: MIT OR Apache-2.0
//! Waiting for what becomes true by itself: what one host changed is in force on another one soon, and nobody tells a client.

use std::time::{Duration, Instant};

/// How long it may take on a machine that has much else to do.
const TIME_MAX: Duration = Duration::from_secs(120);

/// How often it is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Looks until there is a value.
///
/// # Panics
/// Where there is none for too long.
pub fn eventually<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let begin = Instant::now();
    loop {
        if let Some(value) = look() {
            return value;
        }
        assert!(begin.elapsed() < TIME_MAX, "it does not come: {what}");
        std::thread::sleep(LOOK_EVERY);
    }
}

/// Likewise in an asynchronous test.
///
/// # Panics
/// Where there is none for too long.
pub async fn eventually_async<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let begin = Instant::now();
    loop {
        if let Some(value) = look().await {
            return value;
        }
        assert!(begin.elapsed() < TIME_MAX, "it does not come: {what}");
        tokio::time::sleep(LOOK_EVERY).await;
    }
}
