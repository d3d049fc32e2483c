// SPDX-License-Identifier: MIT OR Apache-2.0
//! The route that somebody probably meant.

/// Characters of a path that is compared. A longer one is no slip of the pen, and comparing costs its square.
const CHARACTERS_MAX: usize = 160;

/// Routes that are compared. A tenant with many components has some hundreds.
const CANDIDATES_MAX: usize = 512;

/// How alike two paths must be, out of 1: below, a suggestion confuses more than it helps.
const ALIKE_MIN: f64 = 0.6;

/// The candidate most like the path, where one is like it at all.
pub(crate) fn nearest<'c>(path: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    if path.chars().nth(CHARACTERS_MAX).is_some() {
        return None;
    }
    let likeness = |candidate: &'c str| (strsim::normalized_levenshtein(path, candidate), candidate);
    let near = candidates.into_iter().take(CANDIDATES_MAX).map(likeness).filter(|(alike, _)| *alike >= ALIKE_MIN);
    near.max_by(|(left, _), (right, _)| left.total_cmp(right)).map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_finds_its_route_and_noise_finds_none() {
        let routes = ["/api/accounting/v1/journal/post", "/api/accounting/v1/reports/trial-balance"];
        let check = |path: &str, expected| assert_eq!(nearest(path, routes), expected, "{path}");
        check("/api/accounting/v1/journal/psot", Some(routes[0]));
        check("/api/acounting/v1/journals/post", Some(routes[0]));
        check("/api/accounting/v1/report/trial_balance", Some(routes[1]));
        check("/", None);
        check("/completely/other", None);
        check(&routes[0].repeat(6), None);
    }
}
