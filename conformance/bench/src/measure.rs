// SPDX-License-Identifier: MIT OR Apache-2.0
//! Medians, percentiles, and numbers as people read them.

use std::time::Duration;

/// The middle value; of an even number of values the upper of the two in the middle. Zero where there are none.
pub(crate) fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    percentile(&mut values.into_iter().collect::<Vec<_>>(), 50)
}

/// The value below which so many per cent lie. Sorts the values.
pub(crate) fn percentile(values: &mut [f64], percent: usize) -> f64 {
    values.sort_by(f64::total_cmp);
    let place = values.len().saturating_mul(percent) / 100;
    values.get(place).or(values.last()).copied().unwrap_or_default()
}

/// Microseconds.
pub(crate) fn microseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

/// Milliseconds.
pub(crate) fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// Runs `act` some times and returns how long each run took, in milliseconds.
pub(crate) async fn time_each<T>(
    rounds: usize,
    mut act: impl AsyncFnMut() -> anyhow::Result<T>,
) -> anyhow::Result<Vec<f64>> {
    let mut times = Vec::with_capacity(rounds);
    for _ in 0..rounds {
        let begin = std::time::Instant::now();
        act().await?;
        times.push(milliseconds(begin.elapsed()));
    }
    Ok(times)
}

/// A number with about three digits that count.
pub(crate) fn number(value: f64) -> String {
    match value.abs() {
        size if size >= 1_000.0 => grouped(value),
        size if size >= 100.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

/// A whole number with commas between thousands.
fn grouped(value: f64) -> String {
    let digits = format!("{:.0}", value.abs());
    let mut text = String::from(if value < 0.0 { "-" } else { "" });
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && digits.len().saturating_sub(index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_and_percentiles() {
        for (values, percent, expected) in [
            (vec![], 50, 0.0),
            (vec![7.0], 99, 7.0),
            (vec![3.0, 1.0, 2.0], 50, 2.0),
            (vec![4.0, 3.0, 2.0, 1.0], 50, 3.0),
            ((0..100).map(f64::from).collect(), 99, 99.0),
            ((0..1000).map(f64::from).collect(), 90, 900.0),
        ] {
            let mut sorted = values.clone();
            assert_eq!(percentile(&mut sorted, percent), expected, "{percent} of {values:?}");
        }
        assert_eq!(median([5.0, 1.0, 9.0]), 5.0);
    }

    #[test]
    fn numbers_for_people() {
        for (value, text) in [
            (0.0, "0.00"),
            (0.456, "0.46"),
            (10.27, "10.3"),
            (345.6, "346"),
            (1_234.5, "1,234"),
            (1_234_567.0, "1,234,567"),
            (-54_321.0, "-54,321"),
        ] {
            assert_eq!(number(value), text);
        }
    }
}
