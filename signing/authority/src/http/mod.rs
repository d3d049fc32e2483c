// SPDX-License-Identifier: MIT OR Apache-2.0
//! The service over HTTP/1.1: which path leads where ([`routes`]), and how connections are accepted, bounded and drained
//! ([`serve`]). TLS belongs to a proxy in front.

mod answer;
mod routes;
mod serve;

pub use routes::router;
pub use serve::serve;
