// SPDX-License-Identifier: MIT OR Apache-2.0
//! What every state must do, whatever keeps it: one suite, run against the file of one host and the database of many. Where
//! several hosts may share it, each opens it for itself.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a helper of a test is a test"
)]

#[path = "state/place.rs"]
mod place;

use cap_state::{Change, Document, Expect, Key, Revision, State, StateError, limits};
use kernel_types::Digest;
use place::Place;
use std::sync::Arc;

/// Runs a case on each back end that there is.
macro_rules! on_each {
    ($($case:ident),* $(,)?) => {
        mod sqlite {$(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                super::$case(&super::Place::sqlite()).await;
            }
        )*}
        mod postgres {$(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                if let Some(place) = super::Place::postgres(stringify!($case)).await {
                    super::$case(&place).await;
                }
            }
        )*}
    };
}

on_each!(
    documents_are_put_read_and_removed,
    a_commit_is_made_wholly_or_not_at_all,
    what_changed_is_told_of_once_and_completely,
    of_many_who_expect_the_same_one_wins,
    counting_by_compare_and_set_loses_nothing,
    a_lease_has_one_holder,
    blobs_come_back_as_they_were,
    everything_is_there_again_after_a_start,
    whoever_watches_hears_of_a_commit,
    what_no_host_may_write_is_refused,
    a_closed_state_says_so,
);

fn key(name: &str) -> Key {
    Key::new("test", name).unwrap()
}

async fn put(state: &dyn State, name: &str, text: &str, expect: Expect) -> Result<Revision, StateError> {
    state.commit(&[Change::put(key(name), text, expect)]).await
}

async fn text(state: &dyn State, name: &str) -> Option<String> {
    state.get(&key(name)).await.unwrap().map(|document| document.text.unwrap().to_string())
}

fn is_conflict(result: &Result<Revision, StateError>, name: &str) -> bool {
    matches!(result, Err(StateError::Conflict { key: found, .. }) if *found == key(name))
}

/// All changes after a revision, page by page.
async fn all(state: &dyn State, mut after: Revision) -> Vec<Document> {
    let mut documents = Vec::new();
    loop {
        let changes = state.changes(after).await.unwrap();
        assert!(
            changes.documents.iter().all(|document| document.revision > after && document.revision <= changes.upto)
        );
        assert!(changes.documents.len() <= limits::PAGE_DOCUMENTS_MAX);
        documents.extend(changes.documents);
        after = changes.upto;
        if !changes.more {
            return documents;
        }
    }
}

async fn documents_are_put_read_and_removed(place: &Place) {
    let state = place.open().await;
    assert_eq!(state.get(&key("a")).await.unwrap(), None);
    let odd = "{\"text\": \"ä — 😀 \\u0000 'quoted' \\\\ \u{feff}\"}\n";
    let first = put(&*state, "a", odd, Expect::Absent).await.unwrap();
    let document = state.get(&key("a")).await.unwrap().unwrap();
    assert_eq!((document.revision, document.text.as_deref()), (first, Some(odd)));
    assert!(is_conflict(&put(&*state, "a", "x", Expect::Absent).await, "a"));
    assert!(is_conflict(&put(&*state, "a", "x", Expect::At(first.next())).await, "a"));
    assert!(is_conflict(&put(&*state, "b", "x", Expect::Present).await, "b"));
    let second = put(&*state, "a", "", Expect::At(first)).await.unwrap();
    assert!(second > first);
    assert_eq!(text(&*state, "a").await.unwrap(), "");
    state.commit(&[Change::remove(key("a"), Expect::At(second))]).await.unwrap();
    assert_eq!(state.get(&key("a")).await.unwrap(), None);
    assert!(is_conflict(&put(&*state, "a", "x", Expect::At(second)).await, "a"), "it is gone, not as it was");
    state.commit(&[Change::remove(key("a"), Expect::Anything)]).await.unwrap();
    put(&*state, "a", "again", Expect::Absent).await.unwrap();
    assert_eq!(text(&*state, "a").await.unwrap(), "again");
}

async fn a_commit_is_made_wholly_or_not_at_all(place: &Place) {
    let state = place.open().await;
    put(&*state, "a", "1", Expect::Absent).await.unwrap();
    let before = all(&*state, Revision(0)).await;
    let changes = [
        Change::put(key("b"), "2", Expect::Absent),
        Change::put(key("a"), "2", Expect::Present),
        Change::only_if(key("c"), Expect::Present),
    ];
    assert!(is_conflict(&state.commit(&changes).await, "c"));
    assert_eq!(all(&*state, Revision(0)).await, before);
    put(&*state, "c", "", Expect::Absent).await.unwrap();
    let revision = state.commit(&changes).await.unwrap();
    let after = all(&*state, Revision(0)).await;
    let written: Vec<_> = after.iter().filter(|document| document.revision == revision).collect();
    assert_eq!(written.len(), 2, "a condition writes nothing: {after:?}");
}

async fn what_changed_is_told_of_once_and_completely(place: &Place) {
    let state = place.open().await;
    assert_eq!(all(&*state, Revision(0)).await, []);
    let count = limits::PAGE_DOCUMENTS_MAX * 2;
    let some = 7;
    for first in (0..count).step_by(some) {
        let changes: Vec<_> = (first..count.min(first + some))
            .map(|number| Change::put(key(&number.to_string()), number.to_string(), Expect::Absent))
            .collect();
        state.commit(&changes).await.unwrap();
    }
    let found = all(&*state, Revision(0)).await;
    let mut numbers: Vec<usize> =
        found.iter().map(|document| document.text.as_ref().unwrap().parse().unwrap()).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (0..count).collect::<Vec<_>>());
    assert!(found.is_sorted_by_key(|document| document.revision));
    let upto = found.last().unwrap().revision;
    assert_eq!(all(&*state, upto).await, []);
    state.commit(&[Change::remove(key("3"), Expect::Present)]).await.unwrap();
    put(&*state, "4", "changed", Expect::Present).await.unwrap();
    let news: Vec<_> = all(&*state, upto).await.into_iter().map(|document| (document.key, document.text)).collect();
    assert_eq!(news, [(key("3"), None), (key("4"), Some("changed".into()))]);
    assert_eq!(all(&*state, Revision(0)).await.len(), count, "a removed one is told of as well");
}

async fn of_many_who_expect_the_same_one_wins(place: &Place) {
    let states = place.open_some().await;
    let tries = states.iter().cycle().take(12).enumerate().map(|(number, state)| {
        let state = Arc::clone(state);
        tokio::spawn(async move { (number, put(&*state, "one", &number.to_string(), Expect::Absent).await) })
    });
    let mut winners = Vec::new();
    for done in tries.collect::<Vec<_>>() {
        match done.await.unwrap() {
            (number, Ok(_)) => winners.push(number.to_string()),
            (_, result) => assert!(is_conflict(&result, "one"), "{result:?}"),
        }
    }
    for state in &states {
        assert_eq!(Some(&text(&**state, "one").await.unwrap()), winners.first());
    }
    assert_eq!(winners.len(), 1);
}

async fn counting_by_compare_and_set_loses_nothing(place: &Place) {
    const EACH: usize = 10;
    let states = place.open_some().await;
    put(&*states[0], "count", "0", Expect::Absent).await.unwrap();
    let counters: Vec<_> = states
        .iter()
        .cycle()
        .take(4)
        .map(|state| {
            let state = Arc::clone(state);
            tokio::spawn(async move {
                for _ in 0..EACH {
                    loop {
                        let document = state.get(&key("count")).await.unwrap().unwrap();
                        let next = document.text.unwrap().parse::<usize>().unwrap() + 1;
                        match put(&*state, "count", &next.to_string(), Expect::At(document.revision)).await {
                            Ok(_) => break,
                            Err(StateError::Conflict { .. }) => {}
                            Err(error) => panic!("{error}"),
                        }
                    }
                }
            })
        })
        .collect();
    for counter in counters {
        counter.await.unwrap();
    }
    assert_eq!(text(&*states[0], "count").await.unwrap(), (4 * EACH).to_string());
}

/// A lease as the page of `cap-state` describes it: whoever has seen it stand still takes it over, from that very revision.
async fn a_lease_has_one_holder(place: &Place) {
    let states = place.open_some().await;
    let held = put(&*states[0], "lease", "one", Expect::Absent).await.unwrap();
    let seen = [held, held];
    // The holder says that it lives: nobody who saw it before can take it.
    let renewed = put(&*states[0], "lease", "one", Expect::At(held)).await.unwrap();
    for revision in seen {
        assert!(is_conflict(&put(&*states[states.len() - 1], "lease", "two", Expect::At(revision)).await, "lease"));
    }
    // It dies. Two saw it stand still; one gets it, and the dead one's late word counts for nothing.
    let (two, three) = tokio::join!(
        put(&*states[0], "lease", "two", Expect::At(renewed)),
        put(&*states[states.len() - 1], "lease", "three", Expect::At(renewed)),
    );
    assert!(two.is_ok() != three.is_ok(), "{two:?} {three:?}");
    assert!(is_conflict(&put(&*states[0], "lease", "one", Expect::At(renewed)).await, "lease"));
}

async fn blobs_come_back_as_they_were(place: &Place) {
    let states = place.open_some().await;
    let mut large: Vec<u8> = (0..=250).cycle().take((2 << 20) + 17).collect();
    for bytes in [Vec::new(), b"x".to_vec(), vec![0; 1 << 20], large.clone()] {
        let digest = Digest::of(&bytes);
        assert!(states[0].blob(&digest).await.unwrap().is_none());
        assert_eq!(states[0].put_blob(&bytes).await.unwrap(), digest);
        for state in &states {
            assert!(state.blob(&digest).await.unwrap().as_ref() == Some(&bytes), "{} bytes", bytes.len());
        }
    }
    large[0] = 1;
    let digest = Digest::of(&large);
    let puts = states.iter().cycle().take(4).map(|state| {
        let (state, large) = (Arc::clone(state), large.clone());
        tokio::spawn(async move { state.put_blob(&large).await })
    });
    for put in puts.collect::<Vec<_>>() {
        assert_eq!(put.await.unwrap().unwrap(), digest);
    }
    assert!(states[0].blob(&digest).await.unwrap().unwrap() == large);
}

async fn everything_is_there_again_after_a_start(place: &Place) {
    let state = place.open().await;
    let revision = put(&*state, "a", "1", Expect::Absent).await.unwrap();
    let digest = state.put_blob(b"bytes").await.unwrap();
    state.close().await;
    drop(state);
    let state = place.open().await;
    assert_eq!(*state.watch().borrow(), revision);
    assert_eq!(text(&*state, "a").await.unwrap(), "1");
    assert_eq!(state.blob(&digest).await.unwrap().unwrap(), b"bytes");
    assert!(put(&*state, "a", "2", Expect::At(revision)).await.unwrap() > revision);
}

async fn whoever_watches_hears_of_a_commit(place: &Place) {
    let states = place.open_some().await;
    let mut watching: Vec<_> = states.iter().map(|state| state.watch()).collect();
    for number in 0..3 {
        let revision = put(&*states[0], "a", &number.to_string(), Expect::Anything).await.unwrap();
        for newest in &mut watching {
            newest.wait_for(|newest| *newest >= revision).await.unwrap();
        }
    }
    place.lose_connections().await;
    let state = &states[0];
    let revision = loop {
        // The pool may find its own connection lost first.
        if let Ok(revision) = put(&**state, "b", "", Expect::Anything).await {
            break revision;
        }
    };
    for newest in &mut watching {
        newest.wait_for(|newest| *newest >= revision).await.unwrap();
    }
}

async fn what_no_host_may_write_is_refused(place: &Place) {
    let state = place.open().await;
    let many: Vec<_> =
        (0..=limits::CHANGES_MAX).map(|number| Change::put(key(&number.to_string()), "", Expect::Anything)).collect();
    let long = "x".repeat(limits::DOCUMENT_BYTES_MAX + 1);
    for changes in [
        many,
        Vec::new(),
        vec![Change::put(key("a"), long.as_str(), Expect::Anything)],
        vec![Change::put(key("a"), "\0", Expect::Anything)],
        vec![Change::put(key("a"), "", Expect::Anything), Change::remove(key("a"), Expect::Anything)],
    ] {
        let refused = state.commit(&changes).await.unwrap_err();
        assert!(!matches!(refused, StateError::Unavailable(_) | StateError::Conflict { .. }), "{refused}");
    }
    assert_eq!(all(&*state, Revision(0)).await, []);
    put(&*state, "a", &long[1..], Expect::Anything).await.unwrap();
    assert_eq!(text(&*state, "a").await.unwrap().len(), limits::DOCUMENT_BYTES_MAX);
}

async fn a_closed_state_says_so(place: &Place) {
    let state = place.open().await;
    state.close().await;
    let refused = put(&*state, "a", "", Expect::Anything).await;
    assert!(matches!(refused, Err(StateError::Unavailable(_))), "{refused:?}");
    assert!(matches!(state.changes(Revision(0)).await, Err(StateError::Unavailable(_))));
}
