// SPDX-License-Identifier: MIT OR Apache-2.0
//! The whole way of a text into the ledger, or up to its door: read, map, create what is missing, post, compare.
//!
//! It undoes nothing: a refusal rolls back the unit of work that surrounds it.

use super::balance::Books;
use super::books::{read, told};
use super::conversion::Functional;
use super::date::Date;
use super::fault::{Code, Fault, Faults, Place, Warnings};
use super::fiscal_years;
use super::ledger::{FieldProblem, FiscalYear, Ledger, LedgerEntry, NewAccount, Problem, ProblemKind, Rate, Settings};
use super::limits::{BATCH_ENTRIES_MAX, BATCH_LINES_MAX, FISCAL_YEARS_MAX};
use super::names::Commodity;
use super::options::Options;
use super::plan::Planner;
use super::report::{CommodityTotal, Created, Report, count};
use super::resolve::{self, Commodities};
use super::verify;
use super::{decimal::Decimal, fault::quote};
use std::collections::{BTreeMap, HashMap, HashSet};

/// Says what [`import`] would do.
///
/// # Errors
/// All faults of the text together, or what the ledger refuses.
pub fn check(text: &str, options: &Options, ledger: &mut impl Ledger) -> Result<Report, Problem> {
    Ok(prepare(text, options, ledger, false)?.report)
}

/// Reads a text and posts it.
///
/// # Errors
/// All faults of the text together, or what the ledger refuses. Something may have been created and posted by then: the
/// caller's unit of work has to be rolled back.
pub fn import(text: &str, options: &Options, ledger: &mut impl Ledger) -> Result<Report, Problem> {
    let Prepared { mut report, steps } = prepare(text, options, ledger, true)?;
    if report.created.journal && !report.created.ledger {
        ledger.create_journal(&options.journal)?;
    }
    ledger.create_commodities(&steps.commodities.new)?;
    ledger.create_accounts(&steps.accounts)?;
    for year in &steps.years {
        ledger.create_fiscal_year(year)?;
    }
    ledger.set_rates(&steps.rates)?;
    let before = ledger.balances()?;
    post(&steps.entries, options, ledger)?;
    let changes = verify::changes(&steps.entries)
        .map_err(|error| Problem::new(ProblemKind::Internal, "verification-failed", error.to_string()))?;
    report.verified_balances = count(verify::verify(before, changes, ledger.balances()?)?);
    Ok(report)
}

/// What an import does, in order.
struct Steps {
    commodities: Commodities,
    accounts: Vec<NewAccount>,
    years: Vec<FiscalYear>,
    rates: Vec<Rate>,
    entries: Vec<LedgerEntry>,
}

struct Prepared {
    report: Report,
    steps: Steps,
}

/// Everything but the changes; with one exception: `set_up` lets it initialise the ledger, which answers no question before.
fn prepare(text: &str, options: &Options, ledger: &mut impl Ledger, set_up: bool) -> Result<Prepared, Problem> {
    let (books, mut warnings) = read(text, options.default_year).map_err(faulty)?;
    let Opened { settings, new, fresh } = open(options, ledger, set_up, &mut warnings)?;
    let mut faults = Faults::default();
    let commodities = resolve::commodities(&books, options, ledger, fresh, &mut faults)?;
    let existing = if fresh { Vec::new() } else { ledger.accounts()? };
    let accounts = resolve::accounts(&books, options, &existing, &mut faults);
    let years = years(&books, options, ledger, fresh, &mut faults)?;
    let journal_is_new = new || !ledger.has_journal(&options.journal)?;
    if journal_is_new && !new && !options.create.journal {
        let message = format!("the ledger has no journal {}: create it, or let the import", quote(&options.journal));
        let fields = vec![field("/options/journal", "unknown-journal", &message)];
        return Err(Problem { kind: ProblemKind::Invalid, code: "unknown-journal".to_owned(), message, fields });
    }
    if !faults.is_empty() {
        return Err(faulty(told(faults)));
    }
    let rates = rates(&books, options, &commodities, &settings, &mut warnings);
    let (entries, totals) = entries(&books, options, &settings, &commodities, &rates, ledger, &mut warnings)?;
    if let (false, Some((first, last))) = (fresh || new, books.date_range()) {
        refuse_known(&entries, &ledger.external_ids(first, last)?)?;
    }
    let report = Report {
        transactions: count(entries.len()),
        lines: count(entries.iter().map(|entry| entry.lines.len()).sum()),
        assertions: count(books.assertions),
        first_date: entries.iter().map(|entry| entry.date).min(),
        last_date: entries.iter().map(|entry| entry.date).max(),
        totals,
        created: Created {
            ledger: new,
            journal: journal_is_new,
            accounts: count(accounts.len()),
            commodities: commodities.new.iter().map(|commodity| commodity.code.clone()).collect(),
            fiscal_years: years.iter().map(|year| year.code.clone()).collect(),
            rates: count(rates.len()),
        },
        verified_balances: 0,
        warnings: warnings.lines(),
    };
    Ok(Prepared { report, steps: Steps { commodities, accounts, years, rates, entries } })
}

/// The ledger as it was found.
struct Opened {
    settings: Settings,
    /// It is set up by this import.
    new: bool,
    /// It is not set up yet: it answers no question.
    fresh: bool,
}

/// Finds the ledger's settings, or sets the ledger up.
fn open(options: &Options, ledger: &mut impl Ledger, set_up: bool, warnings: &mut Warnings) -> Result<Opened, Problem> {
    if let Some(settings) = ledger.settings()? {
        return Ok(Opened { settings, new: false, fresh: false });
    }
    let Some(currency) = &options.initialise else {
        let message =
            "the ledger is not initialised: initialise it, or name its functional currency in the option `initialise`";
        return Err(Problem::new(ProblemKind::Conflict, "ledger-not-initialised", message));
    };
    let settings = Settings { functional_currency: currency.clone(), per_currency: true };
    if set_up {
        ledger.initialise(currency, &options.journal)?;
    } else {
        let message =
            "the ledger is not set up yet: which commodities are currencies of ISO 4217 is found at the import";
        warnings.add("not-initialised", 1, message);
    }
    Ok(Opened { settings, new: true, fresh: !set_up })
}

/// The fiscal years that are missing.
fn years(
    books: &Books,
    options: &Options,
    ledger: &mut impl Ledger,
    fresh: bool,
    faults: &mut Faults,
) -> Result<Vec<FiscalYear>, Problem> {
    let mut all = if fresh { Vec::new() } else { ledger.fiscal_years()? };
    let known = all.len();
    let mut dates: BTreeMap<Date, u32> = BTreeMap::new();
    for entry in &books.entries {
        dates.entry(entry.date).or_insert(entry.line);
    }
    let mut refused = HashSet::new();
    for (date, line) in dates {
        let fault = match fiscal_years::missing(&all, date) {
            Ok(None) => continue,
            Ok(Some(year)) if !options.create.fiscal_years => {
                format!("{date} lies in no fiscal year: create `{}`, or let the import", year.code)
            }
            Ok(Some(_)) if all.len().saturating_sub(known) >= FISCAL_YEARS_MAX => {
                format!(
                    "{date} lies in no fiscal year, and an import creates at most {FISCAL_YEARS_MAX}: is the date right?"
                )
            }
            Ok(Some(year)) => {
                all.push(year);
                continue;
            }
            Err(message) => message,
        };
        if refused.insert(date.year()) {
            faults.add(Fault::new(Place::line(line), Code::Date, fault));
        }
    }
    let mut new = all.split_off(known);
    new.sort_by_key(|year| year.starts_on);
    Ok(new)
}

/// The exchange rates that the text's prices give; the last one of a day counts.
fn rates(
    books: &Books,
    options: &Options,
    commodities: &Commodities,
    settings: &Settings,
    warnings: &mut Warnings,
) -> Vec<Rate> {
    if !options.store_prices {
        if let Some(first) = books.prices.first() {
            let message =
                format!("{} market prices (`P`) were not stored: set `store_prices` for it", books.prices.len());
            warnings.add("prices-not-stored", first.line, message);
        }
        return Vec::new();
    }
    let mut rates: BTreeMap<(&str, Date), Decimal> = BTreeMap::new();
    for price in &books.prices {
        let currency = commodities.codes.get(&price.commodity).map(Commodity::as_str);
        let symbol = price.price.commodity.as_str();
        let functional = options.commodities.get(symbol).map_or(symbol, String::as_str);
        match currency {
            Some(currency)
                if functional == settings.functional_currency
                    && currency != functional
                    && price.price.quantity.signum() > 0
                    && price.price.quantity.normalised().places() <= 18 =>
            {
                rates.insert((currency, price.date), price.price.quantity.normalised());
            }
            _ => warnings.add(
                "price-not-stored",
                price.line,
                format!(
                    "a price that is no rate of a commodity of the text in {} was not stored",
                    quote(&settings.functional_currency)
                ),
            ),
        }
    }
    rates.into_iter().map(|((currency, date), rate)| Rate { currency: currency.to_owned(), date, rate }).collect()
}

/// The entries to post, and what they have of each commodity.
fn entries(
    books: &Books,
    options: &Options,
    settings: &Settings,
    commodities: &Commodities,
    rates: &[Rate],
    ledger: &mut impl Ledger,
    warnings: &mut Warnings,
) -> Result<(Vec<LedgerEntry>, Vec<CommodityTotal>), Problem> {
    let commodity = Commodity::new(&settings.functional_currency);
    let places = match commodities.decimals.get(&commodity) {
        Some(places) => *places,
        None if settings.per_currency => 0,
        None => ledger.decimals(&settings.functional_currency)?.unwrap_or(2),
    };
    let functional = (!settings.per_currency).then_some(Functional { commodity: &commodity, places });
    let mut planner = Planner::new(commodities, functional, &options.source, warnings);
    let mut faults = Faults::default();
    let mut asked: HashMap<(Commodity, Date), Option<Decimal>> = HashMap::new();
    let mut refusal = None;
    let entries = planner.entries(books, &mut faults, |currency, date| {
        let own = rates.iter().filter(|rate| rate.currency == currency.as_str() && rate.date <= date);
        let newest = own.max_by_key(|rate| rate.date).map(|rate| rate.rate);
        newest.or_else(|| {
            *asked.entry((currency.clone(), date)).or_insert_with(|| {
                ledger.rate(currency.as_str(), date).unwrap_or_else(|problem| {
                    refusal = Some(problem);
                    None
                })
            })
        })
    });
    match refusal {
        Some(problem) => Err(problem),
        None if !faults.is_empty() => Err(faulty(told(faults))),
        None => Ok((entries, planner.totals())),
    }
}

/// Refuses what the ledger has already.
fn refuse_known(entries: &[LedgerEntry], known: &[String]) -> Result<(), Problem> {
    let known: HashSet<&str> = known.iter().map(String::as_str).collect();
    let mut faults = Vec::new();
    let repeated: Vec<&LedgerEntry> =
        entries.iter().filter(|entry| known.contains(entry.external_id.as_str())).collect();
    for entry in repeated.iter().take(super::limits::FAULTS_MAX) {
        let message =
            format!("line {}, column 1: the transaction of {} is in the ledger already", entry.text_line, entry.date);
        faults.push(field("/text", "already-imported", &message));
    }
    if repeated.is_empty() {
        return Ok(());
    }
    let message = format!(
        "{} of {} transactions are in the ledger already: take them out of the text, or name another `source` if they are others",
        repeated.len(),
        entries.len()
    );
    Err(Problem { kind: ProblemKind::Conflict, code: "already-imported".to_owned(), message, fields: faults })
}

/// Posts entries in batches, and tells how far it has come.
fn post(entries: &[LedgerEntry], options: &Options, ledger: &mut impl Ledger) -> Result<(), Problem> {
    let mut rest = entries;
    ledger.progress(0, entries.len());
    while !rest.is_empty() {
        let (batch, after) = rest.split_at_checked(batch_size(rest)).unwrap_or((rest, &[]));
        ledger.post(&options.journal, batch).map_err(|problem| placed(problem, batch))?;
        rest = after;
        ledger.progress(entries.len().saturating_sub(rest.len()), entries.len());
    }
    Ok(())
}

/// How many entries the next batch takes.
fn batch_size(entries: &[LedgerEntry]) -> usize {
    let mut lines = 0_usize;
    let fitting = entries.iter().take(BATCH_ENTRIES_MAX).take_while(|entry| {
        lines = lines.saturating_add(entry.lines.len());
        lines <= BATCH_LINES_MAX
    });
    fitting.count().max(1)
}

/// The ledger's refusal of a batch, with the places of the text in place of those of the batch.
fn placed(mut problem: Problem, batch: &[LedgerEntry]) -> Problem {
    for field in &mut problem.fields {
        let mut parts = field.path.split('/').skip(1);
        let mut number =
            |name: &str| (parts.next() == Some(name)).then(|| parts.next()?.parse::<usize>().ok()).flatten();
        let entry = number("entries").and_then(|index| batch.get(index));
        let line = number("lines");
        if let Some(entry) = entry {
            let place = line.and_then(|index| entry.places.get(index)).copied().unwrap_or(Place::line(entry.text_line));
            field.message = format!("{place}: {}", field.message);
        }
        "/text".clone_into(&mut field.path);
    }
    problem
}

fn field(path: &str, code: &str, message: &str) -> FieldProblem {
    FieldProblem { path: path.to_owned(), code: code.to_owned(), message: message.to_owned() }
}

/// The refusal of a text with faults.
fn faulty(faults: Vec<Fault>) -> Problem {
    let message = match faults.as_slice() {
        [one] => format!("the journal has a fault: {one}"),
        [first, ..] => format!("the journal has {} faults, the first: {first}", faults.len()),
        [] => "the journal has faults".to_owned(),
    };
    let fields = faults.iter().map(|fault| field("/text", fault.code.as_str(), &fault.to_string())).collect();
    Problem { kind: ProblemKind::Invalid, code: "invalid-journal".to_owned(), message, fields }
}
