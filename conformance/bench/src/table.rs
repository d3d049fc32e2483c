// SPDX-License-Identifier: MIT OR Apache-2.0
//! The table that a run prints, in Markdown.

use crate::measure::number;
use std::fmt;

/// What a row is held against.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Target {
    /// The measured value may not exceed it.
    AtMost(f64),
    /// The measured value must reach it.
    AtLeast(f64),
    /// Measured divided by baseline must reach it.
    RatioAtLeast(f64),
}

/// One row.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Line {
    /// What was measured.
    pub(crate) what: String,
    /// The median of the rounds.
    pub(crate) measured: f64,
    /// The unit of `measured` and `baseline`.
    pub(crate) unit: &'static str,
    /// What was measured side by side.
    pub(crate) baseline: Option<f64>,
    /// What it is held against; none: for information.
    pub(crate) target: Option<Target>,
    /// What a reader should know beside it.
    pub(crate) note: String,
}

impl Line {
    fn ratio(&self) -> Option<f64> {
        self.baseline.filter(|baseline| *baseline > 0.0).map(|baseline| self.measured / baseline)
    }

    fn passes(&self) -> Option<bool> {
        Some(match self.target? {
            Target::AtMost(most) => self.measured <= most,
            Target::AtLeast(least) => self.measured >= least,
            Target::RatioAtLeast(least) => self.ratio()? >= least,
        })
    }

    fn cells(&self) -> [String; 7] {
        let with_unit = |value: f64| format!("{} {}", number(value), self.unit);
        let target = match self.target {
            None => String::new(),
            Some(Target::AtMost(most)) => format!("<= {}", with_unit(most)),
            Some(Target::AtLeast(least)) => format!(">= {}", with_unit(least)),
            Some(Target::RatioAtLeast(least)) => format!("ratio >= {}", number(least)),
        };
        let verdict = match self.passes() {
            None => "",
            Some(true) => "pass",
            Some(false) => "MISS",
        };
        [
            self.what.clone(),
            target,
            with_unit(self.measured),
            self.baseline.map(with_unit).unwrap_or_default(),
            self.ratio().map(number).unwrap_or_default(),
            verdict.to_owned(),
            self.note.clone(),
        ]
    }
}

/// All rows of a run.
#[derive(Debug, Default)]
pub(crate) struct Table(Vec<Line>);

impl Table {
    /// Adds a row, and shows it as progress.
    pub(crate) fn add(&mut self, line: Line) {
        crate::say(&format!("  {}", line.cells().join(" | ")));
        self.0.push(line);
    }
}

const HEAD: [&str; 7] = ["what", "target", "measured", "baseline", "ratio", "", "note"];

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let head = HEAD.map(str::to_owned);
        let rows: Vec<[String; 7]> = std::iter::once(head).chain(self.0.iter().map(Line::cells)).collect();
        let width =
            |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max();
        let widths: Vec<usize> = (0..HEAD.len()).map(|column| width(column).unwrap_or(0)).collect();
        for (index, row) in rows.iter().enumerate() {
            for (cell, width) in row.iter().zip(&widths) {
                write!(f, "| {cell:width$} ")?;
            }
            writeln!(f, "|")?;
            if index == 0 {
                widths.iter().try_for_each(|width| write!(f, "|{}", "-".repeat(width.saturating_add(2))))?;
                writeln!(f, "|")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verdicts() {
        for (target, measured, baseline, passes) in [
            (None, 1.0, None, None),
            (Some(Target::AtMost(2.0)), 2.0, None, Some(true)),
            (Some(Target::AtMost(2.0)), 2.1, None, Some(false)),
            (Some(Target::AtLeast(2.0)), 1.9, None, Some(false)),
            (Some(Target::AtLeast(2.0)), 2.0, None, Some(true)),
            (Some(Target::RatioAtLeast(0.5)), 5.0, Some(10.0), Some(true)),
            (Some(Target::RatioAtLeast(0.5)), 4.9, Some(10.0), Some(false)),
            (Some(Target::RatioAtLeast(0.5)), 4.9, Some(0.0), None),
        ] {
            let line = Line { measured, target, baseline, ..Line::default() };
            assert_eq!(line.passes(), passes, "{line:?}");
        }
    }
}
