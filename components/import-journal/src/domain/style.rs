// SPDX-License-Identifier: MIT OR Apache-2.0
//! How numbers of a commodity are written: the decimal mark that decides what `1,000` is, and the decimal places to which a
//! transaction must balance. Other matters of display (side, spaces, groups) are no concern of an import.

use super::names::Commodity;
use super::number::Mark;
use std::collections::{BTreeMap, HashMap};

/// What a `commodity` or `D` directive says of numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Style {
    /// The decimal mark.
    pub(super) mark: Mark,
    /// The decimal places.
    pub(super) places: u8,
}

/// The styles known so far.
#[derive(Debug, Default)]
pub(super) struct Styles {
    file_mark: Option<Mark>,
    declared: HashMap<Commodity, Style>,
    default: Option<(Commodity, Style)>,
    seen_places: BTreeMap<Commodity, u8>,
}

impl Styles {
    /// Takes a `decimal-mark` directive.
    pub(super) fn set_file_mark(&mut self, mark: Mark) {
        self.file_mark = Some(mark);
    }

    /// Takes a `commodity` directive.
    pub(super) fn declare(&mut self, commodity: Commodity, style: Style) {
        self.declared.insert(commodity, style);
    }

    /// Takes a `D` directive.
    pub(super) fn set_default(&mut self, commodity: Commodity, style: Style) {
        self.default = Some((commodity, style));
    }

    /// The commodity of amounts without a symbol, where a `D` directive named one.
    pub(super) fn default_commodity(&self) -> Option<&Commodity> {
        self.default.as_ref().map(|(commodity, _)| commodity)
    }

    /// The decimal mark declared for amounts of a commodity.
    pub(super) fn mark(&self, commodity: &Commodity) -> Option<Mark> {
        self.file_mark
            .or_else(|| self.declared.get(commodity).map(|style| style.mark))
            .or_else(|| self.default.as_ref().map(|(_, style)| style.mark))
    }

    /// The decimal mark declared for amounts without a symbol.
    pub(super) fn mark_without_symbol(&self) -> Option<Mark> {
        self.mark(&Commodity::new(""))
    }

    /// Notes the decimal places of a posting's amount.
    pub(super) fn see(&mut self, commodity: &Commodity, places: u8) {
        match self.seen_places.get_mut(commodity) {
            Some(most) => *most = places.max(*most),
            None => {
                self.seen_places.insert(commodity.clone(), places);
            }
        }
    }

    /// The decimal places of each commodity.
    pub(super) fn into_display_places(self) -> BTreeMap<Commodity, u8> {
        let mut places = self.seen_places;
        if let Some((commodity, style)) = self.default {
            places.insert(commodity, style.places);
        }
        places.extend(self.declared.into_iter().map(|(commodity, style)| (commodity, style.places)));
        places
    }
}
