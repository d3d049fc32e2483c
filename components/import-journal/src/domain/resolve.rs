// SPDX-License-Identifier: MIT OR Apache-2.0
//! Names of the text and what they are in the ledger: accounts with their kinds, commodities with their decimals.

use super::balance::{Books, Line, Origin};
use super::fault::{Code, Fault, Faults, Place, quote};
use super::journal::Kind;
use super::ledger::{Ledger, LedgerAccount, NewAccount, NewCommodity, Problem};
use super::limits::{COMMODITY_CHARACTERS_MAX, DECIMALS_MAX};
use super::names::{Account, Commodity};
use super::options::Options;
use super::valuation::Decimals;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// The commodities of the text in the ledger.
#[derive(Debug, Default)]
pub(super) struct Commodities {
    /// The code of each.
    pub(super) codes: BTreeMap<Commodity, Commodity>,
    /// The decimals of each code.
    pub(super) decimals: Decimals,
    /// Those to declare.
    pub(super) new: Vec<NewCommodity>,
}

/// All lines of books.
fn lines(books: &Books) -> impl Iterator<Item = &Line> {
    books.entries.iter().flat_map(|entry| &entry.lines)
}

/// Finds the commodities of books in the ledger; `fresh`: there is no ledger to ask yet.
pub(super) fn commodities(
    books: &Books,
    options: &Options,
    ledger: &mut impl Ledger,
    fresh: bool,
    faults: &mut Faults,
) -> Result<Commodities, Problem> {
    let mut used: BTreeMap<&Commodity, Place> = BTreeMap::new();
    for line in lines(books) {
        for commodity in [&line.amount.commodity, &line.value().commodity] {
            // A zero without a symbol is a zero of anything.
            if !(commodity.as_str().is_empty() && line.amount.quantity.is_zero() && line.cost.is_none()) {
                used.entry(commodity).or_insert(line.place);
            }
        }
    }
    let mut found = Commodities::default();
    let mut declared: BTreeMap<String, u8> = BTreeMap::new();
    for (commodity, place) in used {
        let code = options.commodities.get(commodity.as_str()).map_or(commodity.as_str(), String::as_str);
        if let Err(message) = check_code(commodity, code) {
            faults.add(Fault::new(place, Code::Commodity, message));
            continue;
        }
        let known = if fresh { None } else { ledger.decimals(code)? };
        match known {
            Some(decimals) => {
                found.decimals.insert(Commodity::new(code), decimals);
            }
            None if options.create.commodities => {
                let decimals = needed_decimals(books, commodity);
                let most = declared.entry(code.to_owned()).or_insert(decimals);
                *most = decimals.max(*most);
            }
            None => {
                let message = format!(
                    "the ledger has no commodity {}: declare it, map it with the option `commodities`, or let the import create it",
                    quote(code)
                );
                faults.add(Fault::new(place, Code::Commodity, message));
                continue;
            }
        }
        found.codes.insert(commodity.clone(), Commodity::new(code));
    }
    found.decimals.extend(declared.iter().map(|(code, decimals)| (Commodity::new(code), *decimals)));
    found.new = declared.into_iter().map(|(code, decimals)| NewCommodity { code, decimals }).collect();
    Ok(found)
}

fn check_code(commodity: &Commodity, code: &str) -> Result<(), String> {
    if code.is_empty() {
        return Err("amounts without a commodity cannot be posted: write one, declare a default above (`D 1000.00 EUR`), or map \
                    the empty symbol with the option `commodities`"
            .to_owned());
    }
    if code.chars().count() > COMMODITY_CHARACTERS_MAX || code.trim() != code {
        return Err(format!(
            "{} cannot be a commodity of the ledger, which has 1 to {COMMODITY_CHARACTERS_MAX} characters and no space at \
             either end: map {} with the option `commodities`",
            quote(code),
            quote(commodity.as_str())
        ));
    }
    Ok(())
}

/// The decimals that a new commodity needs: those with which it is displayed, and those of every written amount; of one that
/// occurs in costs only, those of the costs.
fn needed_decimals(books: &Books, commodity: &Commodity) -> u8 {
    let own = lines(books).filter(|line| line.amount.commodity == *commodity && line.origin == Origin::Written);
    let written = own.map(|line| line.amount.quantity.normalised().places()).max();
    let displayed = books.display_places.get(commodity).copied();
    let needed = written.max(displayed).unwrap_or_else(|| {
        let costs = lines(books).filter_map(|line| line.cost.as_ref()).filter(|cost| cost.commodity == *commodity);
        costs.map(|cost| cost.quantity.normalised().places()).max().unwrap_or(0)
    });
    needed.min(DECIMALS_MAX)
}

/// Finds the accounts of books in the ledger, and gives those to create, parents first.
pub(super) fn accounts(
    books: &Books,
    options: &Options,
    existing: &[LedgerAccount],
    faults: &mut Faults,
) -> Vec<NewAccount> {
    let existing: HashMap<&str, &LedgerAccount> =
        existing.iter().map(|account| (account.code.as_str(), account)).collect();
    let mut used: BTreeMap<&Account, Place> = BTreeMap::new();
    for line in lines(books) {
        used.entry(&line.account).or_insert(line.place);
    }
    let mut missing: BTreeSet<Account> = BTreeSet::new();
    let mut unknown: BTreeMap<&str, (Place, Vec<&Account>)> = BTreeMap::new();
    for (account, place) in used {
        match (existing.get(account.as_str()), kind(books, options, account)) {
            (Some(found), kind) => check_existing(found, kind, place, faults),
            (None, None) => unknown.entry(account.first_part()).or_insert((place, Vec::new())).1.push(account),
            (None, Some(_)) if !options.create.accounts => {
                let message =
                    format!("the ledger has no account {}: create it, or let the import", quote(account.as_str()));
                faults.add(Fault::new(place, Code::AccountName, message));
            }
            (None, Some(_)) if account.as_str().contains('/') => {
                let message = format!(
                    "the account name {} holds a `/`, which the ledger's codes cannot: rename it, or write an `alias` above",
                    quote(account.as_str())
                );
                faults.add(Fault::new(place, Code::AccountName, message));
            }
            (None, Some(_)) => {
                missing.insert(account.clone());
                missing.extend(above(account).filter(|above| !existing.contains_key(above.as_str())));
            }
        }
    }
    for (name, (place, accounts)) in unknown {
        faults.add(Fault::new(place, Code::AccountType, unknown_kind(name, &accounts)));
    }
    let kind_of = |account: &Account| {
        existing.get(account.as_str()).map(|found| found.kind).or_else(|| kind(books, options, account))
    };
    missing
        .iter()
        .filter_map(|account| {
            let kind = kind_of(account)?;
            let parent = account
                .parent()
                .filter(|parent| kind_of(parent) == Some(kind))
                .map(|parent| parent.as_str().to_owned());
            Some(NewAccount { code: account.as_str().to_owned(), name: account.last_part().to_owned(), kind, parent })
        })
        .collect()
}

fn above(account: &Account) -> impl Iterator<Item = Account> {
    std::iter::successors(account.parent(), Account::parent)
}

/// The kind of an account: by option, by declaration, by name; in each the nearest.
fn kind(books: &Books, options: &Options, account: &Account) -> Option<Kind> {
    let by_option = std::iter::once(account.clone())
        .chain(above(account))
        .find_map(|name| options.account_types.get(&name).copied());
    by_option.or_else(|| books.kind(account))
}

fn check_existing(found: &LedgerAccount, kind: Option<Kind>, place: Place, faults: &mut Faults) {
    if found.closed {
        let message = format!("the ledger's account {} is closed: open it again", quote(&found.code));
        faults.add(Fault::new(place, Code::AccountName, message));
    } else if let Some(kind) = kind.filter(|kind| *kind != found.kind) {
        let message = format!(
            "the account {} is {} in the ledger and {} in the text: set its kind with the option `account_types`, or rename it",
            quote(&found.code),
            name(found.kind),
            name(kind)
        );
        faults.add(Fault::new(place, Code::AccountType, message));
    }
}

fn name(kind: Kind) -> &'static str {
    match kind {
        Kind::Asset => "an asset",
        Kind::Liability => "a liability",
        Kind::Equity => "equity",
        Kind::Income => "income",
        Kind::Expense => "an expense",
    }
}

fn unknown_kind(top: &str, accounts: &[&Account]) -> String {
    let mut listed: Vec<String> = accounts.iter().take(5).map(|account| quote(account.as_str())).collect();
    if accounts.len() > listed.len() {
        listed.push(format!("{} more", accounts.len().saturating_sub(listed.len())));
    }
    format!(
        "the type of {} is not known: write `account {top}  ; type:A` above (A asset, L liability, E equity, R revenue, X \
         expense), or use the option `account_types`",
        listed.join(", ")
    )
}
