// SPDX-License-Identifier: MIT OR Apache-2.0
//! Where in an operation's input a fault is: a JSON Pointer (RFC 6901). Names are given as in JSON, in snake_case.

use std::fmt;

/// A place in the input.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Pointer(String);

impl Pointer {
    /// The input as a whole.
    #[must_use]
    pub const fn root() -> Self {
        Self(String::new())
    }

    /// The member of that name.
    #[must_use]
    pub fn field(mut self, name: &str) -> Self {
        self.0.push('/');
        for character in name.chars() {
            match character {
                '~' => self.0.push_str("~0"),
                '/' => self.0.push_str("~1"),
                other => self.0.push(other),
            }
        }
        self
    }

    /// The item at that index, counted from 0.
    #[must_use]
    pub fn item(mut self, index: usize) -> Self {
        self.0.push('/');
        self.0.push_str(&index.to_string());
        self
    }

    /// The pointer as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Pointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<Pointer> for String {
    fn from(pointer: Pointer) -> Self {
        pointer.0
    }
}

#[cfg(test)]
mod tests {
    use super::Pointer;
    use proptest::prelude::*;

    #[test]
    fn a_pointer_is_written_as_rfc_6901_says() {
        assert_eq!(Pointer::root().as_str(), "");
        assert_eq!(Pointer::root().field("lines").item(3).field("amount").to_string(), "/lines/3/amount");
        assert_eq!(Pointer::root().field("a/b").field("m~n").as_str(), "/a~1b/m~0n");
    }

    proptest! {
        #[test]
        fn each_part_is_found_again(parts in proptest::collection::vec(".*", 0..5)) {
            let pointer = parts.iter().fold(Pointer::root(), |pointer, part| pointer.field(part));
            let back = pointer.as_str().split('/').skip(1).map(|part| part.replace("~1", "/").replace("~0", "~"));
            prop_assert_eq!(back.collect::<Vec<_>>(), parts);
        }
    }
}
