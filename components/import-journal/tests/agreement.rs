// SPDX-License-Identifier: MIT OR Apache-2.0
//! One line after the other, as hledger reads it and as we do: amounts, dates, directives, postings in every spelling.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "tests fail by panicking"
)]

mod support;

use support::hledger;

/// Amounts of the first posting; the second is left to be computed.
const AMOUNTS: &[&str] = &[
    "$-1",
    "-$-1",
    "- $ - 1",
    "1 \"green apples\"",
    "\"a b\" 1",
    "\"\" 1",
    "+ $1",
    "1E3",
    "1,000E3",
    "1 000E2",
    "1E+2",
    "1e-2 EUR",
    "EUR 1E3",
    "1EUR",
    "1E",
    "1Ex",
    ".5",
    ",5",
    "5.",
    "5. EUR",
    "1,000",
    "1.000 EUR",
    "1,00,000",
    "1 000",
    "1 000 EUR",
    "1 000,5 EUR",
    "1,000.5,3",
    "1..2",
    "1,2,3",
    "$ 1",
    "$1 EUR",
    "1 EUR x",
    "1 EUR  ; c",
    "1;c",
    "1 @ $2",
    "1 EUR@$2",
    "1 EUR @@$2",
    "-1 EUR @@ $-2",
    "-1 EUR @@ $2",
    "1 EUR (@) $2",
    "1 EUR (@@) $2",
    "1 EUR {$2}",
    "1 EUR {=$2} [2020-01-01] @ $3",
    "1 EUR {{$2}} @ $3",
    "1 EUR @ $3 {$2}",
    "1 EUR @ 2 @ 3",
    "1 EUR = 1 EUR @ 3 USD",
    "=1 EUR",
    "= 1 EUR @ 2 USD",
    "1 = 1",
    "1 =*1",
    "1==* 1",
    "1 ==1 ;c",
    "1 = =1",
    "(1 EUR)",
    "1*2",
    "EUR",
    "1 E3",
    "€1",
    "1€",
    "1 €",
    "1 %",
    "1 000 000",
    "1 000 00 EUR",
    "1.000,00 EUR",
    "0 EUR @@ $2",
    "1 -EUR",
    "1 EUR [2020-01-01]",
    "1 EUR {2020-01-01}",
    "00012",
    "٣",
    "1 EUR =",
    "1 EUR = 1 EUR = 2",
    "1 EUR = 2 EUR",
    "5 = 5 EUR",
    "= 0",
    "1 a'b",
    "1 a#b",
    "1 a/b",
    "1 a:b",
    "1 a,b",
    "1 a.b",
    "1 a*b",
    "1 a=b",
    "1 a{b",
    "1 a;b",
    "1 a-b",
    "1 a+b",
    "1 a1",
    "1'000",
    "1 EUR @ ",
    "1 EUR @",
    "1 EUR @@@ 2",
    "@ 2 USD",
    "1 \"a;b\"",
    "1 \"a",
    "-",
    "+",
    "- 1",
    "--1",
    "1 EUR {$2",
    "1 {$2}}",
    "1 EUR @ -2 USD",
    "3 ACME @ 33.33333 USD",
    "1 A @ 0 USD",
    "1.50 EUR @@ 2 USD = 1.5 EUR",
];

/// Headers of a transaction.
const HEADERS: &[&str] = &[
    "2020.1.1 x",
    "2020-1/1",
    "2020/01/01=02 x",
    "2020/01/01=2/3 x",
    "2020/01/01 = 2 x",
    "2020/01/01=2021/2/3* x",
    "202-01-01 x",
    "2020-01-01*foo",
    "2020-01-01 *foo",
    "2020-01-01 *(code)desc",
    "2020-01-01 (code) desc",
    "2020-01-01 (code",
    "2020-01-01 ! (a b) p | n ; c",
    "2020-13-01",
    "2020-02-30",
    "2020-00-01",
    "1/2 x",
    "12 x",
    "2020-1-1x",
    "2020-01-01 * * x",
    "2020-01-01 | x",
    " 2020-01-01 x",
    "2020-01 x",
    "20200101 x",
    "2020-01-01\ttab",
    "2020-01-01",
    "2020-01-01  ",
    "2020-01-01 !",
    "2020-01-01=",
    "2020-02-29 x",
    "2021-02-29 x",
    "2020-01-01 ()",
];

/// Lines between the first line of a transaction and its last posting, ` zz`.
const POSTINGS: &[&str] = &[
    "  ! a  1",
    "  !a  1",
    "  *  a  1",
    "  * ! a  1",
    "  ;c\n  a  1",
    "  a  1 ; date:2020-02-03",
    "  a  1 ; [2020-02-03=2020-03-04]",
    "  a  1 ; [2/3]",
    "  a  1 ; date:foo",
    "  a  1 ; [foo]",
    "  a  1 ; date:",
    "  a  1\n\t; x\n   \n  b",
    "  a;b  1",
    "  a ; c",
    "  a  ; c",
    "  a\t1",
    "  a\t\t1",
    "  a \t 1",
    "a  1",
    "  a b c  1",
    "  \"a\"  1",
    "  a  1\n; foo\n  c  2",
    "  a  1\r",
    "  a  1\n  b",
    "  a  1\n  b  1",
    "  a  0",
    "  a",
    "  a  1 USD\n  b  2 EUR",
    "  a  1\n  ; date:2020-02-30",
    "  a  1\n  ; [2020-02-30]",
    " a  1\n\tb  2\n        c  3",
];

/// What stands above a sound transaction.
const DIRECTIVES: &[&str] = &[
    "Y2020",
    "Y 2020",
    "year 2020",
    "apply year 2020",
    "Y2020 ; c",
    "Y 202",
    "!Y2020",
    "@Y2020",
    "! Y2020",
    "apply account x\nend apply account",
    "apply account x",
    "apply account x  ; c",
    "end apply account",
    "account a",
    "account a ; type:A",
    "account a  ; type:A",
    "account a\n  ; type: A\n  foo bar",
    "account a A",
    "account a  A",
    "account a  ; type:Q",
    "account a  ; type:",
    "account",
    "account  a",
    "accounta",
    "commodity $1,000.00",
    "commodity $1,000",
    "commodity $1000",
    "commodity EUR",
    "commodity EUR\n  format EUR 1.000,00",
    "commodity EUR\n  format USD 1.000,00",
    "commodity EUR\n  note foo",
    "commodity \"a b\"",
    "commodity 1000.00 EUR ; c",
    "commodity 1000,00 EUR",
    "commodity 1. EUR x",
    "commodity 1 000.00",
    "commodity",
    "D $1,000.00",
    "D 1000",
    "D $1,000",
    "D EUR",
    "D 1,000.00",
    "D",
    "D 1.000,00 EUR",
    "decimal-mark ,",
    "decimal-mark .",
    "decimal-mark x",
    "decimal-mark , ; c",
    "decimal-mark",
    "payee foo",
    "payee foo ; c",
    "tag foo",
    "payee",
    "payee ; c",
    "tag",
    "tag ; c",
    "payee foo\n  bar",
    "payee foo\n  ; bar",
    "tag x\n  bar",
    "end tag x",
    "P 2020-01-01 10 EUR 1",
    "P 2020-01-01 2UR 1",
    "N",
    "N x y",
    "alias a=b\n  c",
    "commodity EUR\n  ; c",
    "commodity 1.00 EUR\n  format 1.00 EUR",
    "Y2020\n  x",
    "Y2020 x",
    "account a  x",
    "account a  ; x\n  y",
    "end tag",
    "C 1h = $50",
    "N $",
    "P 2020-01-01 EUR $1.35",
    "P 2020-01-01 10:00:00 EUR $1.35",
    "P 2020/1/1 \"a b\" $1.35 ; c",
    "P 2020/1/1 EUR",
    "P 2020-01-01 EUR 1.35 USD",
    "~ monthly\n  a  1\n  b",
    "= a\n  b  1",
    "= a\n  (b)  *2",
    "comment\nfoo\nend comment",
    "comment\nfoo",
    "comment foo\nend comment",
    "comment\n  end comment\nend comment",
    "end comment",
    "alias a=b",
    "alias a = b ",
    "alias /a/=b",
    "alias a",
    "alias /^(.)$/ = x:\\1",
    "alias b=q",
    "alias /B:/=",
    "alias /a(b/=c",
    "end aliases",
    "alias a=b\nend aliases",
    "* foo",
    "# foo",
    "  ; foo",
    "  # foo",
    "   ",
    "foo",
    "bucket a",
    "A a",
    "apply tag x",
    "define x=1",
    "assert 1",
    "value x",
    "test\nend test",
    "apply fixed EUR 1",
    "end apply tag",
    "|x",
    "{x",
    "\ttab",
    "alias",
    "end apply account x",
    "apply fixed",
    "\u{feff}",
    "   Y2020",
    "alias a=b\nalias b=c",
    "alias b=c\nalias a=b",
    "apply account x\nalias x:a=y",
    "apply account x\napply account y",
    "2020-01-01 empty",
    "2020-01-01\n",
    "; c\n\n\n",
];

#[test]
fn single_lines() {
    let mut cases: Vec<(String, String)> = Vec::new();
    for amount in AMOUNTS {
        cases.push((format!("amount {amount:?}"), format!("2020-01-01\n  a  {amount}\n  b\n")));
    }
    for header in HEADERS {
        cases.push((format!("header {header:?}"), format!("Y2020\n{header}\n  a  1\n  b\n")));
    }
    for postings in POSTINGS {
        cases.push((format!("postings {postings:?}"), format!("2020-01-01 foo\n{postings}\n  zz\n")));
    }
    for directive in DIRECTIVES {
        let rest = "\n\n2020-01-01 foo\n  a  1,000 EUR\n  b:c  5\n  d  1.000 EUR\n  zz\n";
        cases.push((format!("directive {directive:?}"), format!("{directive}{rest}")));
    }
    if hledger::available(cases.len()) {
        let failures: Vec<_> = cases
            .iter()
            .filter_map(|(name, text)| {
                hledger::difference(text).map(|difference| format!("{name}: {difference}\n{text}"))
            })
            .collect();
        assert!(failures.is_empty(), "{} of {} differ:\n{}", failures.len(), cases.len(), failures.join("\n"));
    }
}

/// Cases in which we differ from hledger on purpose; see the README. Periods of rules are not read, years end at 9999, an account
/// name has no empty part and its parts no space at either end, a transaction with a balance assignment keeps its costs.
fn on_purpose(text: &str, difference: &str) -> bool {
    let stricter =
        ["AccountName", "code: Unsupported", "years 1 to 9999", "a date with a year", "the end of the directive"];
    let rule = text.lines().any(|line| line.starts_with(['~', '=']));
    let assignment = text.contains("= ") && text.contains('@');
    stricter.iter().any(|reason| difference.contains(reason)) || rule || assignment
}

/// What mutations put into a journal.
const PIECES: &[&str] = &[
    " ",
    "  ",
    "\n",
    "\n  ",
    ";",
    ":",
    "=",
    "==*",
    "@",
    "@@",
    "*",
    "!",
    "(",
    ")",
    "[",
    "]",
    "{",
    "\"",
    ".",
    ",",
    "-",
    "+",
    "/",
    "0",
    "7",
    "a",
    "Z",
    "é",
    "$",
    "€",
    "#",
    "|",
    "E",
    " = 0",
    "1,000",
    "date:2024-01-09",
    "1 EUR",
    "  Assets:Q",
    "comment\n",
    "D 1.00 EUR\n",
    "decimal-mark ,\n",
    "alias Assets=Zed\n",
    "account x\n",
];

#[test]
fn mutated_cases() {
    const COUNT: usize = 400;
    if !hledger::available(COUNT) {
        return;
    }
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).expect("a case");
    let cases = ["personal.journal", "commodities.journal", "assertions.journal", "hledger-rounding.journal"].map(read);
    let mut random = support::generator::Random::new(2024);
    for _ in 0..COUNT {
        let mut text: Vec<char> =
            random.one_of(&[0, 1, 2, 3].map(|index: usize| cases[index].as_str())).chars().collect();
        for _ in 0..random.pick(1, 4) {
            let at = usize::try_from(random.pick(0, i64::try_from(text.len()).expect("small"))).expect("small");
            let piece: Vec<char> = random.one_of(PIECES).chars().collect();
            let removed = usize::try_from(random.pick(0, 2)).expect("small");
            text.splice(at..at + removed, piece);
        }
        let text: String = text.into_iter().collect();
        if let Some(difference) = hledger::difference(&text) {
            assert!(on_purpose(&text, &difference), "{difference}\n{text}");
        }
    }
}
