// SPDX-License-Identifier: MIT OR Apache-2.0
//! Clients that post without a pause and note what they are told, and when.

use conformance::TestHost;
use conformance::books::{self, path};
use conformance::wire::{Reply, Request};
use parking_lot::Mutex;
use serde_json::json;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Clients at a time.
const CLIENTS: u64 = 4;

/// What each of them waits at the most, in milliseconds, and says so.
const WAIT_MS: u64 = 8_000;

/// What an answer may be late on a machine that has other things to do: what is shown is that it is not lost.
const SLACK: Duration = Duration::from_secs(20);

/// The pause of a client that was refused: it would otherwise do nothing but ask.
const PAUSE: Duration = Duration::from_millis(50);

/// One call and its answer.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) id: String,
    pub(crate) reply: Reply,
    took: Duration,
}

impl Answer {
    /// A refusal must say what it is and when to come back, in time.
    pub(crate) fn assert_told(&self) {
        let (status, code) = (self.reply.answer.status, self.reply.answer.code());
        let problem = self.reply.header("content-type") == Some("application/problem+json");
        let again =
            self.reply.header("retry-after").is_some_and(|seconds| seconds.parse::<u64>().is_ok_and(|s| s >= 1));
        match (status, code) {
            (503, _) => assert!(problem && again, "{self:?}"),
            (504, "outcome-unknown") => assert!(problem, "{self:?}"),
            // What met the fault in its last half second, before anybody could know.
            (504, "deadline-exceeded") => {}
            _ => panic!("{self:?}"),
        }
        assert!(self.took < Duration::from_millis(WAIT_MS) + SLACK, "{self:?}");
    }
}

/// Clients at work.
pub(crate) struct Load {
    answers: Arc<Mutex<Vec<Answer>>>,
    stop: Arc<AtomicBool>,
    clients: Vec<JoinHandle<()>>,
}

impl Load {
    pub(crate) fn start(host: &TestHost, name: &str) -> Self {
        let (answers, stop) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicBool::new(false)));
        let client = |client: u64| {
            let (answers, stop) = (Arc::clone(&answers), Arc::clone(&stop));
            let (url, token, name) = (host.url.clone(), host.client.token.clone(), format!("{name}-{client}"));
            std::thread::spawn(move || {
                for number in 0_u64.. {
                    if stop.load(Ordering::Acquire) {
                        return;
                    }
                    let id = format!("{name}-{number}");
                    let request = Request::new("POST", &path("journal/post")).token(&token);
                    let request = request.header("X-Request-Timeout-Ms", &WAIT_MS.to_string());
                    let request = request.json(json!({ "entry": books::entry("2026-05-01", &id) }).to_string());
                    let begin = Instant::now();
                    let reply = request.send(&url);
                    let refused = reply.answer.status != 200;
                    answers.lock().push(Answer { id, reply, took: begin.elapsed() });
                    if refused {
                        std::thread::sleep(PAUSE);
                    }
                }
            })
        };
        let clients = (0..CLIENTS).map(client).collect();
        Self { answers, stop, clients }
    }

    /// How many answers came.
    pub(crate) fn count(&self) -> usize {
        self.answers.lock().len()
    }

    /// Waits until the answers are as wanted.
    pub(crate) async fn watch(&self, wanted: impl Fn(&[Answer]) -> bool) {
        let begin = Instant::now();
        while !wanted(&self.answers.lock()) {
            assert!(
                begin.elapsed() < crate::PATIENCE,
                "the clients are not answered: {:?}",
                self.answers.lock().last()
            );
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Likewise, then ends the load and returns every answer.
    pub(crate) async fn until(self, wanted: impl Fn(&[Answer]) -> bool) -> Vec<Answer> {
        self.watch(wanted).await;
        self.stop.store(true, Ordering::Release);
        let Self { answers, clients, .. } = self;
        let ended = tokio::task::spawn_blocking(move || clients.into_iter().for_each(|client| client.join().unwrap()));
        ended.await.unwrap();
        std::mem::take(&mut *answers.lock())
    }
}

/// What was acknowledged is there, what was refused is not, and numbers have no gap.
pub(crate) async fn assert_kept(host: &TestHost, answers: &[Answer]) {
    let client = host.client.clone();
    let entries = tokio::task::spawn_blocking(move || books::entries(&client).unwrap()).await.unwrap();
    books::assert_gapless(&entries);
    let ids: Vec<&str> = entries.iter().map(|entry| entry["external_id"].as_str().unwrap()).collect();
    let there: BTreeSet<&str> = ids.iter().copied().collect();
    assert_eq!(there.len(), ids.len(), "an entry is there twice");
    for answer in answers {
        let found = there.contains(answer.id.as_str());
        match (answer.reply.answer.status, answer.reply.answer.code()) {
            (200, _) => assert!(found, "acknowledged and lost: {answer:?}"),
            (504, _) => {}
            _ => assert!(!found, "said to have changed nothing, and there: {answer:?}"),
        }
    }
}
