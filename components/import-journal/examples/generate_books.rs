// SPDX-License-Identifier: MIT OR Apache-2.0
//! Prints generated books: `cargo run -p import-journal --example generate_books -- TRANSACTIONS [SEED [FIRST-YEAR [YEARS]]]`.
//! `demo/studio.journal` is what `2000 1 2024 2` prints.
#![expect(clippy::print_stdout, reason = "printing is what it is for")]

#[allow(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "shared with the tests"
)]
#[path = "../tests/support/generator.rs"]
mod generator;

use std::num::ParseIntError;

fn main() -> Result<(), ParseIntError> {
    let mut arguments = std::env::args().skip(1);
    let mut number = |default: u32| arguments.next().map_or(Ok(default), |text| text.parse());
    let (transactions, seed, first_year, years) = (number(2_000)?, number(1)?, number(2024)?, number(2)?);
    let wish =
        generator::Wish { seed: seed.into(), transactions, first_year, years: years.max(1), decimal_comma: false };
    print!("{}", generator::generate(wish));
    Ok(())
}
