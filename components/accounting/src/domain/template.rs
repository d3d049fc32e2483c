// SPDX-License-Identifier: MIT OR Apache-2.0
//! The charts of accounts that the component ships, as CSV files under `charts/`.

use super::chart_file::{self, ChartFile};
use super::problem::{Answer, At, Problem, quote};

/// A shipped chart.
#[derive(Debug)]
pub(crate) struct Template {
    /// Its name.
    pub(crate) name: &'static str,
    /// For whom it is made.
    pub(crate) title: &'static str,
    csv: &'static str,
}

/// Every shipped chart.
pub(crate) const TEMPLATES: [Template; 2] = [
    Template {
        name: "trading",
        title: "A small company that buys, stocks and sells goods, with lines as in IFRS statements",
        csv: include_str!("../../charts/trading.csv"),
    },
    Template {
        name: "services",
        title: "A freelancer or a small service business without stock",
        csv: include_str!("../../charts/services.csv"),
    },
];

/// The accounts of the chart with that name.
pub(crate) fn load(name: &str, at: &At<'_>) -> Answer<ChartFile> {
    let Some(template) = TEMPLATES.iter().find(|template| template.name == name) else {
        let names = TEMPLATES.map(|template| template.name).join("`, `");
        return Err(Problem::invalid(
            at,
            "unknown-template",
            format!("{} is no template; there are `{names}`", quote(name)),
        ));
    };
    template.accounts()
}

impl Template {
    /// Its accounts.
    pub(crate) fn accounts(&self) -> Answer<ChartFile> {
        chart_file::read(self.csv)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::account::{self, AccountKind, Given, Surroundings};
    use crate::domain::problem::Faults;

    #[test]
    fn every_template_is_a_complete_chart() {
        for template in &TEMPLATES {
            let file = template.accounts().expect(template.name);
            let mut faults = Faults::default();
            account::check(&file.accounts, Given::Csv(&file.lines), &Surroundings::default(), &mut faults);
            assert_eq!(faults.into_list(), [], "{}", template.name);
            for (kind, name) in AccountKind::ALL {
                assert!(file.accounts.iter().any(|account| account.kind == kind), "{}: no {name}", template.name);
            }
        }
        assert_eq!(load("none", &At::Top).map_err(|problem| problem.code).map(|_| ()), Err("unknown-template"));
    }
}
