// SPDX-License-Identifier: MIT OR Apache-2.0
//! A place for log lines that holds them back until the first line of the log is known: the boot line, which names the
//! digest of what the host was started with, and that is known only when the host is open.

use super::rotating::Rotating;
use parking_lot::Mutex;
use std::io::Write;
use std::sync::Arc;
use std::thread::ThreadId;
use std::time::{Duration, Instant};
use tracing_subscriber::fmt::MakeWriter;

/// Bytes that are held back. A host that logs more than that while it opens is in trouble, and its lines are worth more
/// than their order.
const HELD_BYTES_MAX: usize = 1 << 20;

/// How long lines are held back, likewise.
const HELD_TIME_MAX: Duration = Duration::from_secs(60);

/// Where lines end.
pub(crate) enum Out {
    /// Standard error.
    Stderr,
    /// A file.
    File(Box<Rotating>),
    /// A text, for tests.
    #[cfg(test)]
    Text(Arc<Mutex<Vec<u8>>>),
}

impl Out {
    /// Writes a line. There is nowhere to say that it cannot be written.
    fn write(&mut self, line: &[u8]) {
        let _ = match self {
            Self::Stderr => std::io::stderr().lock().write_all(line),
            Self::File(file) => file.write(line),
            #[cfg(test)]
            Self::Text(text) => text.lock().write_all(line),
        };
    }
}

enum State {
    /// Since the first of these lines.
    Held {
        since: Instant,
        lines: Vec<u8>,
    },
    Open,
}

struct Inner {
    out: Out,
    state: State,
    /// The thread whose lines are written while others are held.
    first: Option<ThreadId>,
}

/// The place. Clones are the same.
#[derive(Clone)]
pub(crate) struct Held(Arc<Mutex<Inner>>);

impl Held {
    /// Holds lines back.
    pub(crate) fn new(out: Out) -> Self {
        Self::with(out, State::Held { since: Instant::now(), lines: Vec::new() })
    }

    /// Holds nothing back.
    pub(crate) fn opened(out: Out) -> Self {
        Self::with(out, State::Open)
    }

    fn with(out: Out, state: State) -> Self {
        Self(Arc::new(Mutex::new(Inner { out, state, first: None })))
    }

    /// From now on writes the lines of this thread, and goes on holding those of others.
    pub(crate) fn pass_this_thread(&self) {
        self.0.lock().first = Some(std::thread::current().id());
    }

    /// Writes what was held back, and holds nothing back any more.
    pub(crate) fn open(&self) {
        self.0.lock().open();
    }
}

impl Inner {
    fn open(&mut self) {
        if let State::Held { lines, .. } = std::mem::replace(&mut self.state, State::Open) {
            self.out.write(&lines);
        }
    }

    fn take(&mut self, line: &[u8]) {
        if let State::Held { since, lines } = &mut self.state
            && self.first != Some(std::thread::current().id())
        {
            if lines.is_empty() {
                *since = Instant::now();
            }
            lines.extend_from_slice(line);
            if lines.len() > HELD_BYTES_MAX || since.elapsed() > HELD_TIME_MAX {
                self.open();
            }
            return;
        }
        self.out.write(line);
    }
}

/// One line, which the subscriber writes at once.
pub(crate) struct Line(Held);

impl Write for Line {
    fn write(&mut self, line: &[u8]) -> std::io::Result<usize> {
        self.0.0.lock().take(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'w> MakeWriter<'w> for Held {
    type Writer = Line;

    fn make_writer(&'w self) -> Line {
        Line(self.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text() -> (Held, Arc<Mutex<Vec<u8>>>) {
        let text = Arc::new(Mutex::new(Vec::new()));
        (Held::new(Out::Text(Arc::clone(&text))), text)
    }

    fn write(held: &Held, line: &str) {
        held.make_writer().write_all(line.as_bytes()).unwrap();
    }

    #[test]
    fn the_first_line_comes_before_those_that_were_held() {
        let (held, text) = text();
        write(&held, "early\n");
        assert!(text.lock().is_empty());
        held.pass_this_thread();
        let other = held.clone();
        std::thread::spawn(move || write(&other, "meanwhile\n")).join().unwrap();
        write(&held, "boot\n");
        held.open();
        write(&held, "late\n");
        assert_eq!(String::from_utf8_lossy(&text.lock()), "boot\nearly\nmeanwhile\nlate\n");
    }

    #[test]
    fn lines_are_not_held_without_end() {
        let (held, text) = text();
        let line = format!("{}\n", "x".repeat(1 << 10));
        for _ in 0..=HELD_BYTES_MAX / line.len() {
            write(&held, &line);
        }
        assert!(text.lock().len() > HELD_BYTES_MAX);
    }
}
