// SPDX-License-Identifier: MIT OR Apache-2.0
//! Accounts: what may be created, alone or many at once.

use super::problem::{At, Faults, quote};
use super::text::{ACCOUNT_NAME_CHARACTERS_MAX, check_name, is_account_code};
use std::collections::{BTreeMap, BTreeSet};

/// Accounts that one call creates: a very large chart.
pub(crate) const ACCOUNTS_AT_ONCE_MAX: usize = 10_000;
/// How deep accounts nest: a path of names in plain-text books, with room.
const DEPTH_MAX: usize = 20;

/// Where an account stands in the statements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum AccountKind {
    /// What is owned.
    Asset,
    /// What is owed.
    Liability,
    /// What remains for the owners.
    Equity,
    /// What is earned.
    Income,
    /// What is spent.
    Expense,
}

impl AccountKind {
    /// Every kind with its name.
    pub(crate) const ALL: [(Self, &'static str); 5] = [
        (Self::Asset, "asset"),
        (Self::Liability, "liability"),
        (Self::Equity, "equity"),
        (Self::Income, "income"),
        (Self::Expense, "expense"),
    ];

    /// Its name.
    pub(crate) fn name(self) -> &'static str {
        Self::ALL.iter().find(|(kind, _)| *kind == self).map_or("", |(_, name)| name)
    }

    /// The kind of that name.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, known)| *known == name).map(|(kind, _)| *kind)
    }

    /// Whether it grows on the debit side.
    pub(crate) fn grows_on_debit(self) -> bool {
        matches!(self, Self::Asset | Self::Expense)
    }
}

/// An account as the caller gives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AccountInput {
    /// Its code.
    pub(crate) code: String,
    /// Its name.
    pub(crate) name: String,
    /// Where it stands.
    pub(crate) kind: AccountKind,
    /// The account that it is a part of.
    pub(crate) parent: Option<String>,
    /// The only currency of its lines.
    pub(crate) currency: Option<String>,
}

/// An account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Account {
    /// Its key in the database.
    pub(crate) id: i64,
    /// Its code.
    pub(crate) code: String,
    /// Its name.
    pub(crate) name: String,
    /// Where it stands.
    pub(crate) kind: AccountKind,
    /// The account that it is a part of.
    pub(crate) parent: Option<String>,
    /// The only currency of its lines.
    pub(crate) currency: Option<String>,
    /// Whether it takes no further entry.
    pub(crate) closed: bool,
    /// Counts its changes.
    pub(crate) version: u32,
}

/// How the caller gave the accounts, and so where their faults are.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Given<'a> {
    /// One, in `account`.
    One,
    /// A list, in `accounts`.
    Many,
    /// Records of a CSV text, in `csv`, that stand on these lines.
    Csv(&'a [usize]),
    /// A shipped template, named in a parameter or in a part of one.
    Template(&'a At<'a>),
}

/// A fault before its place is known.
struct Found {
    field: &'static str,
    code: &'static str,
    message: String,
    conflict: bool,
}

impl Given<'_> {
    fn note(&self, index: usize, found: Found, faults: &mut Faults) {
        let top = At::Top;
        let message = match self {
            Given::Csv(lines) => {
                let line = lines.get(index).copied().unwrap_or_default();
                format!("line {line}, {}: {}", found.field, found.message)
            }
            _ => found.message,
        };
        let (list, one) = (top.key("accounts"), top.key("account"));
        let item = list.item(index);
        let at = match self {
            Given::One => one.key(found.field),
            Given::Many => item.key(found.field),
            Given::Csv(_) => top.key("csv"),
            Given::Template(at) => **at,
        };
        if found.conflict {
            faults.conflict(&at, found.code, message);
        } else {
            faults.invalid(&at, found.code, message);
        }
    }
}

/// What the ledger holds that new accounts depend on.
#[derive(Debug, Default)]
pub(crate) struct Surroundings {
    /// The kinds of the existing accounts that the new ones name as themselves or as parents, with their depth.
    pub(crate) existing: BTreeMap<String, (AccountKind, usize)>,
    /// The known ones of the currencies that the new accounts name.
    pub(crate) currencies: BTreeSet<String>,
}

/// Checks accounts that are to be created, all together: they may name each other as parents, in any order.
pub(crate) fn check(accounts: &[AccountInput], given: Given<'_>, around: &Surroundings, faults: &mut Faults) {
    let mut by_code: BTreeMap<&str, &AccountInput> = BTreeMap::new();
    for (index, account) in accounts.iter().enumerate() {
        let mut note =
            |field, code, message, conflict| given.note(index, Found { field, code, message, conflict }, faults);
        if !is_account_code(&account.code) {
            let rule = "1 to 200 characters, no `/`, no space around";
            note("code", "invalid-code", format!("{} is no account code: {rule}", quote(&account.code)), false);
        } else if around.existing.contains_key(&account.code) {
            note("code", "account-exists", format!("there is an account {} already", quote(&account.code)), true);
        } else if by_code.insert(&account.code, account).is_some() {
            note("code", "duplicate-code", format!("{} is given twice", quote(&account.code)), false);
        }
        if let Some(currency) = account.currency.as_ref().filter(|currency| !around.currencies.contains(*currency)) {
            note("currency", "unknown-currency", unknown_currency(currency), false);
        }
        let mut name = Faults::default();
        check_name(&account.name, ACCOUNT_NAME_CHARACTERS_MAX, &At::Top, &mut name);
        for fault in name.into_list() {
            note("name", fault.code, fault.message, false);
        }
    }
    for (index, account) in accounts.iter().enumerate() {
        if let Some((code, message)) = parent_fault(account, &by_code, around) {
            given.note(index, Found { field: "parent", code, message, conflict: false }, faults);
        }
    }
}

/// What to say of a currency that is not known.
pub(crate) fn unknown_currency(code: &str) -> String {
    format!(
        "{} is no ISO 4217 currency and no commodity of the ledger; declare it with `create-commodity`",
        quote(code)
    )
}

fn parent_fault(
    account: &AccountInput,
    by_code: &BTreeMap<&str, &AccountInput>,
    around: &Surroundings,
) -> Option<(&'static str, String)> {
    let mut ancestor = account.parent.as_deref()?;
    for depth in 1..=DEPTH_MAX {
        let kind =
            by_code.get(ancestor).map(|account| account.kind).or(around.existing.get(ancestor).map(|(kind, _)| *kind));
        match kind {
            None if depth == 1 => return Some(("unknown-parent", format!("there is no account {}", quote(ancestor)))),
            // The fault of a missing ancestor is reported where it is named.
            None => return None,
            Some(kind) if depth == 1 && kind != account.kind => {
                return Some(("parent-kind", parent_kind(account.kind, ancestor, kind)));
            }
            Some(_) if ancestor == account.code => {
                return Some(("parent-cycle", format!("{} would be a part of itself", quote(&account.code))));
            }
            Some(_) => {}
        }
        if let Some((_, above)) = around.existing.get(ancestor) {
            return (depth.saturating_add(*above) > DEPTH_MAX).then(|| too_deep(&account.code));
        }
        ancestor = by_code.get(ancestor)?.parent.as_deref()?;
    }
    Some(too_deep(&account.code))
}

fn too_deep(code: &str) -> (&'static str, String) {
    ("too-deep", format!("{} lies more than {DEPTH_MAX} levels deep, or its parents go in a circle", quote(code)))
}

fn parent_kind(kind: AccountKind, parent: &str, parent_kind: AccountKind) -> String {
    format!(
        "an account of kind `{}` cannot be a part of {}, which is of kind `{}`",
        kind.name(),
        quote(parent),
        parent_kind.name()
    )
}

/// Checks a new parent of an existing account. `parents` holds the kind and the parent of every account of the ledger.
pub(crate) fn check_parent(
    account: &Account,
    parent: &str,
    parents: &BTreeMap<String, (AccountKind, Option<String>)>,
    at: &At<'_>,
    faults: &mut Faults,
) {
    let Some((kind, _)) = parents.get(parent) else {
        return faults.invalid(at, "unknown-parent", format!("there is no account {}", quote(parent)));
    };
    if *kind != account.kind {
        return faults.invalid(at, "parent-kind", parent_kind(account.kind, parent, *kind));
    }
    let mut ancestor = Some(parent);
    for _ in 0..DEPTH_MAX {
        match ancestor {
            None => return,
            Some(code) if code == account.code => {
                let message = format!("{} would be a part of itself", quote(&account.code));
                return faults.invalid(at, "parent-cycle", message);
            }
            Some(code) => ancestor = parents.get(code).and_then(|(_, parent)| parent.as_deref()),
        }
    }
    let (code, message) = too_deep(&account.code);
    faults.invalid(at, code, message);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(code: &str, kind: AccountKind, parent: Option<&str>) -> AccountInput {
        AccountInput { code: code.into(), name: code.into(), kind, parent: parent.map(Into::into), currency: None }
    }

    fn check_case(accounts: &[AccountInput], expected: &[(&str, &str)]) {
        let around = Surroundings {
            existing: BTreeMap::from([
                ("1000".into(), (AccountKind::Asset, 0)),
                ("1999".into(), (AccountKind::Asset, 19)),
            ]),
            currencies: BTreeSet::from(["EUR".into()]),
        };
        let mut faults = Faults::default();
        check(accounts, Given::Many, &around, &mut faults);
        let found = faults.into_list();
        let found: Vec<(&str, &str)> = found.iter().map(|fault| (fault.path.as_str(), fault.code)).collect();
        assert_eq!(found, expected, "{accounts:?}");
    }

    #[test]
    fn accounts_are_checked_together() {
        use AccountKind::{Asset, Expense};
        check_case(&[account("1", Asset, Some("2")), account("2", Asset, Some("1000"))], &[]);
        check_case(&[account("1000", Asset, None)], &[("/accounts/0/code", "account-exists")]);
        check_case(&[account("1", Asset, None), account("1", Asset, None)], &[("/accounts/1/code", "duplicate-code")]);
        check_case(&[account("1", Asset, Some("9"))], &[("/accounts/0/parent", "unknown-parent")]);
        check_case(&[account("1", Expense, Some("1000"))], &[("/accounts/0/parent", "parent-kind")]);
        check_case(&[account("1", Asset, Some("1"))], &[("/accounts/0/parent", "parent-cycle")]);
        check_case(
            &[account("1", Asset, Some("2")), account("2", Asset, Some("1"))],
            &[("/accounts/0/parent", "parent-cycle"), ("/accounts/1/parent", "parent-cycle")],
        );
        check_case(&[account("1", Asset, Some("1999"))], &[]);
        check_case(
            &[account("1", Asset, Some("1999")), account("2", Asset, Some("1"))],
            &[("/accounts/1/parent", "too-deep")],
        );
        let odd = AccountInput { currency: Some("XYZ".into()), name: " ".into(), ..account(" x", Asset, None) };
        check_case(
            &[odd],
            &[
                ("/accounts/0/code", "invalid-code"),
                ("/accounts/0/currency", "unknown-currency"),
                ("/accounts/0/name", "empty"),
            ],
        );
    }
}
