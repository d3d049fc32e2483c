// SPDX-License-Identifier: MIT OR Apache-2.0
//! The capabilities `cortex:log/log` and `cortex:log/progress`: lines for the operator, and how far a long operation has
//! come for the user that waits.
//!
//! Both are linked without a grant, and both count against `log-bytes-max`. A line carries tenant, component, operation
//! and request id, which the host adds and the component cannot forge: what the component writes stands in fields of its
//! own. The text of a line is data: what could end the line, or change how a terminal shows it, is written as an escape, so
//! that a component cannot write a line that looks like the host's.

mod progress;

use kernel_engine::{Capability, Extensions, Invocation};
use kernel_types::Limit;
use std::borrow::Cow;
use std::sync::Arc;
use wasmtime::component::{HasSelf, Linker};

pub use progress::{Progress, Tracker};

mod bindings {
    wasmtime::component::bindgen!({
        path: "../../wit/log-1.0.0",
        inline: "package cortex:cap-log; world host { import cortex:log/log@1.0.0; import cortex:log/progress@1.0.0; }",
        world: "cortex:cap-log/host",
        imports: { default: trappable },
    });
}

use bindings::cortex::log::{log as wit, progress as wit_progress};

/// What a line costs beside its text: the fields that the host adds.
const LINE_BYTES: u64 = 64;

/// `cortex:log/log@1.0.0` and `cortex:log/progress@1.0.0`.
#[derive(Clone, Debug, Default)]
pub struct Log {
    tracker: Arc<Tracker>,
}

impl Log {
    /// Where the newest progress report of each running request can be read.
    #[must_use]
    pub fn tracker(&self) -> Arc<Tracker> {
        Arc::clone(&self.tracker)
    }
}

impl Capability for Log {
    fn interfaces(&self) -> &'static [&'static str] {
        &["cortex:log/log@1.0.0", "cortex:log/progress@1.0.0"]
    }

    fn needs_grant(&self) -> bool {
        false
    }

    fn extend(&self, host: Extensions) -> Extensions {
        host.with(Arc::clone(&self.tracker))
    }

    fn link(&self, interface: &str, linker: &mut Linker<Invocation>) -> wasmtime::Result<()> {
        if interface.starts_with("cortex:log/progress@") {
            wit_progress::add_to_linker::<_, HasSelf<Invocation>>(linker, |invocation| invocation)
        } else {
            wit::add_to_linker::<_, HasSelf<Invocation>>(linker, |invocation| invocation)
        }
    }
}

/// The fields of a line as one text, `key=value key=value`.
fn joined(fields: &[wit::Field]) -> String {
    let mut text = String::new();
    for field in fields {
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(&one_line(&field.key));
        text.push('=');
        text.push_str(&one_line(&field.value));
    }
    text
}

/// The text with its control characters as escapes, `\\n`, and those that reverse the direction of what is shown likewise.
fn one_line(text: &str) -> Cow<'_, str> {
    let harmful = |c: char| c.is_control() || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    if !text.contains(harmful) {
        return Cow::Borrowed(text);
    }
    let mut line = String::with_capacity(text.len());
    for c in text.chars() {
        if harmful(c) { line.extend(c.escape_default()) } else { line.push(c) }
    }
    Cow::Owned(line)
}

impl wit::Host for Invocation {
    fn write(&mut self, level: wit::Level, message: String, fields: Vec<wit::Field>) -> wasmtime::Result<()> {
        let bytes = |text: &str| u64::try_from(text.len()).unwrap_or(u64::MAX);
        let total = fields.iter().fold(LINE_BYTES.saturating_add(bytes(&message)), |total, field| {
            total.saturating_add(bytes(&field.key)).saturating_add(bytes(&field.value))
        });
        self.charge(Limit::LogBytes, total)?;
        let message = one_line(&message);
        let (tenant, component) = (self.unit().tenant(), self.component());
        let (operation, request) = (self.operation(), &self.unit().request().id);
        macro_rules! line {
            ($level:ident) => {
                tracing::event!(
                    target: "cortex::component",
                    tracing::Level::$level,
                    %tenant,
                    %component,
                    %operation,
                    request_id = %request,
                    fields = %joined(&fields),
                    "{message}"
                )
            };
        }
        match level {
            wit::Level::Trace => line!(TRACE),
            wit::Level::Debug => line!(DEBUG),
            wit::Level::Info => line!(INFO),
            wit::Level::Warn => line!(WARN),
            wit::Level::Error => line!(ERROR),
        }
        Ok(())
    }
}

impl wit_progress::Host for Invocation {
    fn report(&mut self, done: u64, total: Option<u64>, unit: String) -> wasmtime::Result<()> {
        self.charge(Limit::LogBytes, 1)?;
        if let Some(tracker) = self.host().get::<Tracker>() {
            tracker.report(self.unit().tenant(), &self.unit().request().id, Progress::new(done, total, &unit));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_stays_one_line() {
        let cases = [
            ("", ""),
            ("posted 3 entries, \u{dc}bertrag \\n", "posted 3 entries, \u{dc}bertrag \\n"),
            ("a\n2026-01-01 ERROR cortex: b\r", "a\\n2026-01-01 ERROR cortex: b\\r"),
            ("\u{1b}[2J\u{9b}1m\0", "\\u{1b}[2J\\u{9b}1m\\u{0}"),
            ("a\u{202e}b\u{2028}\u{2066}", "a\\u{202e}b\\u{2028}\\u{2066}"),
        ];
        for (text, expected) in cases {
            assert_eq!(one_line(text), expected);
        }
        let field = |key: &str, value: &str| wit::Field { key: key.into(), value: value.into() };
        assert_eq!(joined(&[field("a", "1\n"), field("b\t", "2")]), "a=1\\n b\\t=2");
    }
}
