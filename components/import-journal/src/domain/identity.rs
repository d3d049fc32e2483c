// SPDX-License-Identifier: MIT OR Apache-2.0
//! By what a transaction is known again: a digest of what it says, so that a file that was imported, or one that overlaps
//! with it, is not posted twice. Status marks, comments, places and the spelling of numbers do not count; of transactions
//! that are alike in one file, each has a number.

use super::balance::Entry;
use sha2::{Digest, Sha256};
use std::collections::HashMap;

/// Bytes of the digest that the identifier keeps: 128 bits, so that two of a billion transactions never meet by chance.
const DIGEST_BYTES: usize = 16;

/// Makes the identifiers of one text.
#[derive(Debug)]
pub struct Identities {
    source: String,
    seen: HashMap<[u8; DIGEST_BYTES], u32>,
}

impl Identities {
    /// For a text from a source.
    #[must_use]
    pub fn new(source: &str) -> Self {
        Self { source: source.to_owned(), seen: HashMap::new() }
    }

    /// The identifier of the next transaction: `journal:0123..ef`, with `:2` for the second that is alike.
    pub fn next(&mut self, entry: &Entry) -> String {
        let digest = digest(entry);
        let count = self.seen.entry(digest).or_insert(0);
        *count = count.saturating_add(1);
        let mut id = format!("{}:", self.source);
        for byte in digest {
            id.push_str(&format!("{byte:02x}"));
        }
        if *count > 1 {
            id.push_str(&format!(":{count}"));
        }
        id
    }
}

fn digest(entry: &Entry) -> [u8; DIGEST_BYTES] {
    let mut hasher = Sha256::new();
    // Each text is followed by its length: no two different lists of texts give the same bytes.
    let mut feed = |text: &str| {
        hasher.update(text.as_bytes());
        hasher.update(u64::try_from(text.len()).unwrap_or(u64::MAX).to_le_bytes());
    };
    feed(&entry.date.to_string());
    feed(&entry.code);
    feed(&entry.description);
    for line in &entry.lines {
        feed(line.account.as_str());
        for amount in [Some(&line.amount), line.cost.as_ref()] {
            feed(&amount.map(|amount| amount.quantity.normalised().to_string()).unwrap_or_default());
            feed(amount.map(|amount| amount.commodity.as_str()).unwrap_or_default());
        }
    }
    let mut kept = [0; DIGEST_BYTES];
    for (to, from) in kept.iter_mut().zip(hasher.finalize()) {
        *to = from;
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::books;

    fn ids(text: &str) -> Vec<String> {
        let (books, _) = books::read(text, None).unwrap();
        let mut identities = Identities::new("test");
        books.entries.iter().map(|entry| identities.next(entry)).collect()
    }

    #[test]
    fn what_is_said_counts_and_how_it_is_said_does_not() {
        let original = ids("2024-01-01 x\n  a  1.50 EUR\n  b\n");
        assert_eq!(original, ids("2024/1/1 * x ; note\n  a  1,5 EUR ; note\n  b  -1.5 EUR\n"));
        for other in [
            "2024-01-02 x\n  a  1.50 EUR\n  b\n",
            "2024-01-01 y\n  a  1.50 EUR\n  b\n",
            "2024-01-01 (1) x\n  a  1.50 EUR\n  b\n",
            "2024-01-01 x\n  a  1.51 EUR\n  b\n",
            "2024-01-01 x\n  a  1.50 USD\n  b\n",
            "2024-01-01 x\n  c  1.50 EUR\n  b\n",
            "2024-01-01 x\n  a  1.50 EUR @ 2 USD\n  b\n",
        ] {
            assert_ne!(original, ids(other), "{other}");
        }
    }

    #[test]
    fn alike_transactions_are_numbered() {
        let twice = ids("2024-01-01 x\n  a  1\n  b\n2024-01-01 x\n  a  1\n  b\n");
        assert_eq!(twice[1], format!("{}:2", twice[0]));
    }
}
