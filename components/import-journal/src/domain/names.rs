// SPDX-License-Identifier: MIT OR Apache-2.0
//! Names of accounts and commodities: shared texts that are cheap to copy, and the rules of account names.

use super::fault::quote;
use super::limits::ACCOUNT_CHARACTERS_MAX;
use std::collections::HashSet;
use std::fmt;
use std::rc::Rc;

/// An account's full name, `Assets:Bank:Checking`: parts that are not empty, between colons.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Account(Rc<str>);

/// A commodity's symbol without quotes; empty where amounts are written without one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Commodity(Rc<str>);

impl Account {
    /// The name, if it is one.
    ///
    /// # Errors
    /// A part is empty or begins or ends with a space, or the name is longer than [`ACCOUNT_CHARACTERS_MAX`].
    pub fn new(name: &str) -> Result<Self, String> {
        if name.chars().count() > ACCOUNT_CHARACTERS_MAX {
            return Err(format!(
                "the account name {} is longer than {ACCOUNT_CHARACTERS_MAX} characters: shorten it",
                quote(name)
            ));
        }
        if name.chars().any(char::is_control) {
            return Err(format!("the account name {} holds a control character: remove it", quote(name)));
        }
        match name.split(':').find(|part| part.is_empty() || part.trim() != *part) {
            None => Ok(Self(name.into())),
            Some("") => Err(format!(
                "the account name {} has an empty part: write a name before, between and after the colons",
                quote(name)
            )),
            Some(part) => Err(format!(
                "the part {} of the account name {} begins or ends with a space: remove it",
                quote(part),
                quote(name)
            )),
        }
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The account and those above it, the nearest first.
    pub fn lineage(&self) -> impl Iterator<Item = &str> {
        let mut next = Some(self.as_str());
        std::iter::from_fn(move || {
            let this = next?;
            next = this.rsplit_once(':').map(|(above, _)| above);
            Some(this)
        })
    }

    /// The account directly above it.
    #[must_use]
    pub fn parent(&self) -> Option<Self> {
        self.0.rsplit_once(':').map(|(above, _)| Self(above.into()))
    }

    /// The last part of the name.
    #[must_use]
    pub fn last_part(&self) -> &str {
        self.0.rsplit_once(':').map_or(&*self.0, |(_, last)| last)
    }

    /// The first part of the name.
    #[must_use]
    pub fn first_part(&self) -> &str {
        self.0.split_once(':').map_or(&*self.0, |(first, _)| first)
    }
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Commodity {
    /// The commodity with that symbol.
    #[must_use]
    pub fn new(symbol: &str) -> Self {
        Self(symbol.into())
    }

    /// The symbol without quotes.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Keeps each name once in memory.
#[derive(Debug, Default)]
pub(super) struct Pool {
    accounts: HashSet<Account>,
    commodities: HashSet<Commodity>,
}

impl Pool {
    /// The shared copy of an account's name.
    pub(super) fn account(&mut self, account: Account) -> Account {
        if let Some(known) = self.accounts.get(&account) {
            return known.clone();
        }
        self.accounts.insert(account.clone());
        account
    }

    /// The shared copy of a commodity's symbol.
    pub(super) fn commodity(&mut self, symbol: &str) -> Commodity {
        let commodity = Commodity::new(symbol);
        if let Some(known) = self.commodities.get(&commodity) {
            return known.clone();
        }
        self.commodities.insert(commodity.clone());
        commodity
    }

    /// How many accounts and commodities were named.
    pub(super) fn counts(&self) -> (usize, usize) {
        (self.accounts.len(), self.commodities.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn account_names() {
        for (name, good) in
            [("a", true), ("a:b c", true), ("", false), ("a:", false), (":a", false), ("a::b", false), ("a: b", false)]
        {
            assert_eq!(Account::new(name).is_ok(), good, "{name:?}");
        }
        assert!(Account::new(&"x".repeat(ACCOUNT_CHARACTERS_MAX + 1)).is_err());
    }

    #[test]
    fn lineage_goes_up() {
        let account = Account::new("a:b:c").unwrap();
        assert_eq!(account.lineage().collect::<Vec<_>>(), ["a:b:c", "a:b", "a"]);
        assert_eq!((account.first_part(), account.last_part()), ("a", "c"));
        assert_eq!(account.parent().unwrap().as_str(), "a:b");
    }
}
