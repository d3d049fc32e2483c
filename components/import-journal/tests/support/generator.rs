// SPDX-License-Identifier: MIT OR Apache-2.0
//! Makes plausible books of a small company, always the same ones for the same seed: invoices and payments, wages, rent, trips,
//! a fund bought and sold in dollars, a savings account, several currencies, balance assertions, amounts left to be computed.
//! All persons and firms are made up.

use std::collections::{BTreeMap, VecDeque};
use std::fmt::Write;

/// What is generated.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wish {
    /// Which books: the same seed makes the same text.
    pub(crate) seed: u64,
    /// How many transactions.
    pub(crate) transactions: u32,
    /// The first year.
    pub(crate) first_year: u32,
    /// How many years.
    pub(crate) years: u32,
    /// Decimal comma and points between thousands, instead of point and commas.
    pub(crate) decimal_comma: bool,
}

/// The books as the text of a journal.
#[must_use]
pub(crate) fn generate(wish: Wish) -> String {
    let mut books = Books::new(wish);
    books.opening();
    let days = wish.years * 360;
    let mut month = 0;
    while books.count < wish.transactions {
        let day = u64::from(days) * u64::from(books.count) / u64::from(wish.transactions.max(1));
        let day = u32::try_from(day).expect("few days");
        books.date = (wish.first_year + day / 360, day % 360 / 30 + 1, day % 28 + 1);
        if day / 30 + 1 > month {
            month = day / 30 + 1;
            books.date.2 = 1;
            books.due.extend([
                Event::Rent,
                Event::Wages,
                Event::Interest,
                Event::Insurance,
                Event::CardSettled,
                Event::Taxes,
                Event::Reconcile,
            ]);
        }
        books.sort_day();
        let event = books.due.pop_front().unwrap_or_else(|| books.random_event());
        books.write_event(event);
    }
    books.text
}

/// Numbers that look random, the same ones for the same seed: SplitMix64 (Steele, Lea, Flood 2014).
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number of a range.
    pub(crate) fn pick(&mut self, from: i64, below: i64) -> i64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let range = u64::try_from(below - from).expect("a range");
        from + i64::try_from((z ^ (z >> 31)) % range).expect("small")
    }

    /// One of several.
    pub(crate) fn one_of<T: Copy>(&mut self, items: &[T]) -> T {
        let index = self.pick(0, i64::try_from(items.len()).expect("few"));
        items[usize::try_from(index).expect("not negative")]
    }
}

#[derive(Clone, Copy)]
enum Event {
    Rent,
    Wages,
    Interest,
    Insurance,
    Reconcile,
    Invoice,
    ForeignInvoice,
    Payment,
    Purchase,
    CardPurchase,
    CardSettled,
    Taxes,
    Cash,
    Meal,
    FundBuy,
    FundSell,
    Travel,
    Exchange,
    Saving,
}

/// A line of a transaction: account, units, commodity, cost.
type Posting = (&'static str, i64, &'static str, Option<(bool, i64, u32, &'static str)>);

struct Books {
    text: String,
    random: Random,
    wish: Wish,
    date: (u32, u32, u32),
    last: (u32, u32, u32),
    count: u32,
    due: VecDeque<Event>,
    balances: BTreeMap<(&'static str, &'static str), i64>,
    lots: VecDeque<(i64, i64)>,
}

const CHECKING: &str = "Assets:Bank:Checking";
const DOLLARS: &str = "Assets:Bank:Dollar account";
const CLIENTS: [&str; 6] =
    ["Bright & Sons", "Café Aurora", "Delta Freight", "Elm Street School", "Harbour Clinic", "Old Mill Bakery"];
const SUPPLIERS: [(&str, &str); 6] = [
    ("Paper Crane", "Expenses:Office:Supplies"),
    ("Northgrid Energy", "Expenses:Utilities:Electricity"),
    ("Hello Telecom", "Expenses:Utilities:Telephone"),
    ("Cloudberry Hosting", "Expenses:Software"),
    ("Ledger & Partners", "Expenses:Advice"),
    ("Blue Van Couriers", "Expenses:Shipping"),
];
const SHOPS: [&str; 5] = ["Market Hall", "Corner Kitchen", "Green Grocer", "Station Kiosk", "Tea & Talk"];

impl Books {
    fn new(wish: Wish) -> Self {
        let mut text = String::from("; Books of a small studio, made by a generator: everyone in them is made up.\n\n");
        let sample =
            |decimals: &str| if wish.decimal_comma { format!("1.000,{decimals}") } else { format!("1,000.{decimals}") };
        for (commodity, decimals) in [("EUR", "00"), ("USD", "00"), ("CHF", "00"), ("JPY", ""), ("VTI", "0000")] {
            let _ = writeln!(text, "commodity {} {commodity}", sample(decimals));
        }
        text.push_str("\naccount Assets      ; type:A\naccount Liabilities  ; type:L\naccount Equity       ; type:E\n");
        text.push_str("account Income       ; type:R\naccount Expenses     ; type:X\n");
        Self {
            text,
            random: Random::new(wish.seed),
            wish,
            date: (wish.first_year, 1, 1),
            last: (wish.first_year, 1, 1),
            count: 0,
            due: VecDeque::new(),
            balances: BTreeMap::new(),
            lots: VecDeque::new(),
        }
    }

    fn pick(&mut self, from: i64, below: i64) -> i64 {
        self.random.pick(from, below)
    }

    fn one_of<T: Copy>(&mut self, items: &[T]) -> T {
        self.random.one_of(items)
    }

    /// Time goes on: assertions hold in the order of the text.
    fn sort_day(&mut self) {
        self.date = self.date.max(self.last);
        self.last = self.date;
    }

    fn random_event(&mut self) -> Event {
        use Event::*;
        self.one_of(&[
            Invoice,
            Invoice,
            Invoice,
            Payment,
            Payment,
            Payment,
            Purchase,
            Purchase,
            Purchase,
            CardPurchase,
            CardPurchase,
            CardPurchase,
            Cash,
            Meal,
            Meal,
            Meal,
            ForeignInvoice,
            ForeignInvoice,
            FundBuy,
            FundSell,
            Travel,
            Exchange,
            Saving,
        ])
    }

    /// An amount as the text writes it.
    fn amount(&self, units: i64, commodity: &str) -> String {
        let places = match commodity {
            "JPY" => 0,
            "VTI" => 4,
            _ => 2,
        };
        format!("{} {commodity}", self.number(units, places))
    }

    fn number(&self, units: i64, places: u32) -> String {
        let (group, mark) = if self.wish.decimal_comma { ('.', ',') } else { (',', '.') };
        let power = 10_u64.pow(places);
        let whole = (units.unsigned_abs() / power).to_string();
        let mut text = String::from(if units < 0 { "-" } else { "" });
        for (index, digit) in whole.chars().enumerate() {
            if index > 0 && (whole.len() - index).is_multiple_of(3) {
                text.push(group);
            }
            text.push(digit);
        }
        if places > 0 {
            let width = usize::try_from(places).expect("few");
            let _ = write!(text, "{mark}{:0width$}", units.unsigned_abs() % power);
        }
        text
    }

    /// Writes a transaction. `elide`: the last line's amount is left out. `assert`: the first line asserts its balance.
    fn write(&mut self, header: &str, lines: &[Posting], elide: bool, assert: bool) {
        self.count += 1;
        let (year, month, day) = self.date;
        let _ = writeln!(self.text, "\n{year:04}-{month:02}-{day:02} {header}");
        for (index, (account, units, commodity, cost)) in lines.iter().enumerate() {
            let balance = self.balances.entry((account, commodity)).or_default();
            *balance += units;
            let balance = *balance;
            let _ = write!(self.text, "  {account}");
            if !(elide && index + 1 == lines.len()) {
                let _ = write!(self.text, "  {}", self.amount(*units, commodity));
                if let Some((total, units, places, commodity)) = cost {
                    let sign = if *total { "@@" } else { "@" };
                    let _ = write!(self.text, " {sign} {} {commodity}", self.number(*units, *places));
                }
            }
            if assert && index == 0 {
                let _ = write!(self.text, " = {}", self.amount(balance, commodity));
            }
            self.text.push('\n');
        }
    }

    fn opening(&mut self) {
        let lines: &[Posting] = &[
            (CHECKING, 2_450_000, "EUR", None),
            ("Assets:Bank:Savings", 1_800_000, "EUR", None),
            ("Assets:Equipment", 640_000, "EUR", None),
            ("Assets:Cash", 30_000, "EUR", None),
            ("Liabilities:Loan", -1_500_000, "EUR", None),
            ("Equity:Opening balances", -3_420_000, "EUR", None),
        ];
        self.write("* Opening balances", lines, true, false);
        self.write(
            "* Dollars to begin with",
            &[(DOLLARS, 500_000, "USD", None), ("Equity:Opening balances", -500_000, "USD", None)],
            false,
            false,
        );
    }

    fn write_event(&mut self, event: Event) {
        match event {
            Event::Rent => {
                self.pair(
                    "* (SO) Riverside Estates | rent of the studio",
                    CHECKING,
                    "Expenses:Rent",
                    -145_000,
                    (true, false),
                );
            }
            Event::Wages => self.wages(),
            Event::Interest => {
                let units = self.pick(900, 2_400);
                self.pair("* Interest  ; tax:yes", "Assets:Bank:Savings", "Income:Interest", units, (true, true));
            }
            Event::Insurance => {
                let header = "Guardian Mutual | liability insurance";
                self.pair(header, "Expenses:Insurance", CHECKING, 8_990, (false, false));
            }
            Event::Reconcile => {
                self.pair("* Fees, as on the bank's statement", CHECKING, "Expenses:Fees", -450, (true, true));
            }
            Event::Invoice | Event::ForeignInvoice => self.invoice(matches!(event, Event::ForeignInvoice)),
            Event::Payment => {
                let units = self.pick(15_000, 420_000);
                let client = self.one_of(&CLIENTS);
                let assert = self.pick(0, 6) == 0;
                self.pair(&format!("* {client} | pays"), CHECKING, "Assets:Receivable", units, (!assert, assert));
            }
            Event::Purchase => {
                let (supplier, account) = self.one_of(&SUPPLIERS);
                let units = self.pick(1_200, 36_000);
                self.pair(&format!("* {supplier}"), account, CHECKING, units, (true, false));
            }
            Event::CardPurchase => {
                let (supplier, account) = self.one_of(&SUPPLIERS);
                let units = self.pick(800, 24_000);
                self.pair(supplier, account, "Liabilities:Credit card", units, (false, false));
            }
            Event::CardSettled => self.settle("* Credit card | settled", "Liabilities:Credit card"),
            Event::Taxes => {
                self.settle("* Tax office | value added tax", "Liabilities:VAT");
                self.settle("* Tax office | wage tax", "Liabilities:Wage tax");
                self.settle("* Social security office | contributions", "Liabilities:Social security");
            }
            Event::Cash => self.pair("Cash machine", "Assets:Cash", CHECKING, 20_000, (true, false)),
            Event::Meal => {
                let shop = self.one_of(&SHOPS);
                let units = self.pick(300, 4_800);
                self.pair(&format!("{shop} | team: lunch"), "Expenses:Meals", "Assets:Cash", units, (true, false));
            }
            Event::FundBuy | Event::FundSell => self.fund(matches!(event, Event::FundBuy)),
            Event::Travel => self.travel(),
            Event::Exchange => {
                let (units, rate) = (self.pick(10_000, 90_000), self.pick(92, 99));
                let lines = [(CHECKING, -(units * rate / 100), "EUR", None), (DOLLARS, units, "USD", None)];
                self.write("Exchange office", &lines, false, false);
            }
            Event::Saving => {
                let units = self.pick(10_000, 60_000);
                self.pair("* To savings", "Assets:Bank:Savings", CHECKING, units, (false, true));
            }
        }
    }

    /// A transaction of two lines in euros: `units` of the first account, the opposite of the second.
    fn pair(
        &mut self,
        header: &str,
        first: &'static str,
        second: &'static str,
        units: i64,
        (elide, assert): (bool, bool),
    ) {
        self.write(header, &[(first, units, "EUR", None), (second, -units, "EUR", None)], elide, assert);
    }

    fn invoice(&mut self, foreign: bool) {
        let number = self.count;
        if foreign {
            let (units, rate) = (self.pick(50_000, 400_000), self.pick(8_800, 9_600));
            let lines = [(DOLLARS, units, "USD", Some((false, rate, 4, "EUR"))), ("Income:Licences", 0, "EUR", None)];
            self.write(&format!("(INV-{number:05}) Lakeside Media | licence fee"), &lines, true, false);
        } else {
            let client = self.one_of(&CLIENTS);
            let net = self.pick(20_000, 480_000);
            let tax = net / 5;
            let lines = [
                ("Assets:Receivable", net + tax, "EUR", None),
                ("Income:Design", -net, "EUR", None),
                ("Liabilities:VAT", -tax, "EUR", None),
            ];
            self.write(&format!("! (INV-{number:05}) {client} | design work"), &lines, false, false);
        }
    }

    /// Pays what is owed on an account.
    fn settle(&mut self, header: &str, account: &'static str) {
        let owed = -self.balances.get(&(account, "EUR")).copied().unwrap_or_default();
        if owed > 0 && self.count < self.wish.transactions {
            self.pair(header, account, CHECKING, owed, (true, false));
        }
    }

    fn wages(&mut self) {
        let gross = self.pick(410_000, 440_000);
        let (tax, social) = (gross / 6, gross * 19 / 100);
        self.write(
            "* Payroll | wages  ; team:studio, kind: monthly",
            &[
                ("Expenses:Wages", gross, "EUR", None),
                ("Expenses:Social security", social, "EUR", None),
                ("Liabilities:Wage tax", -tax, "EUR", None),
                ("Liabilities:Social security", -2 * social, "EUR", None),
                (CHECKING, -(gross - tax - social), "EUR", None),
            ],
            true,
            false,
        );
    }

    fn fund(&mut self, buy: bool) {
        let price = self.pick(19_500, 29_000);
        if buy || self.lots.is_empty() {
            let shares = self.pick(1, 12);
            self.lots.push_back((shares, price));
            self.write(
                "* Broker | buys shares of the fund",
                &[
                    ("Assets:Fund", shares * 10_000, "VTI", Some((false, price, 2, "USD"))),
                    ("Expenses:Fees", 150, "USD", None),
                    (DOLLARS, -(shares * price + 150), "USD", None),
                ],
                true,
                false,
            );
        } else if let Some((shares, bought)) = self.lots.pop_front() {
            let gain = shares * (price - bought);
            self.write(
                "* Broker | sells shares of the fund",
                &[
                    ("Assets:Fund", -shares * 10_000, "VTI", Some((false, bought, 2, "USD"))),
                    (DOLLARS, shares * price, "USD", None),
                    ("Income:Capital gains", -gain, "USD", None),
                ],
                false,
                false,
            );
        }
    }

    fn travel(&mut self) {
        if self.pick(0, 2) == 0 {
            let (units, rate) = (self.pick(4_000, 60_000), self.pick(155, 172));
            let paid = units * 100 / rate;
            self.write(
                "Trip to Kyoto | hotel",
                &[
                    ("Expenses:Travel", units, "JPY", Some((true, paid, 2, "EUR"))),
                    ("Liabilities:Credit card", -paid, "EUR", None),
                ],
                false,
                false,
            );
        } else {
            let (units, rate) = (self.pick(3_000, 50_000), self.pick(10_200, 10_900));
            self.write(
                "Trip to Basel | train",
                &[
                    ("Expenses:Travel", units, "CHF", Some((false, rate, 4, "EUR"))),
                    ("Liabilities:Credit card", 0, "EUR", None),
                ],
                true,
                false,
            );
        }
    }
}
