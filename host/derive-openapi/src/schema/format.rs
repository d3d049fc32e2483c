// SPDX-License-Identifier: MIT OR Apache-2.0
//! What JSON Schema says of the well-known text formats of `cortex:types`. Whether a text really has one is
//! `kernel_contract::Format::accepts`; a property test compares the two.

use kernel_contract::Format;

/// A right value.
#[must_use]
pub const fn example(format: Format) -> &'static str {
    match format {
        Format::Decimal => "1234.50",
        Format::CurrencyCode => "EUR",
        Format::Date => "2026-02-28",
        Format::DateTime => "2026-02-28T23:59:59.5Z",
        Format::Uuid => "01890a5d-ac96-774b-bcce-b302099a8057",
    }
}

/// The value of JSON Schema's `format`, where the standard has one.
#[must_use]
pub const fn name(format: Format) -> Option<&'static str> {
    match format {
        Format::Date => Some("date"),
        Format::DateTime => Some("date-time"),
        Format::Uuid => Some("uuid"),
        Format::Decimal | Format::CurrencyCode => None,
    }
}

/// The regular expression (ECMA 262) that goes into JSON Schema. It admits every right value.
#[must_use]
pub const fn pattern(format: Format) -> &'static str {
    match format {
        Format::Decimal => {
            r"^(?!-0(?:\.0+)?$)-?(?:0(?:\.[0-9]{1,38})?|(?=(?:[0-9]\.?){1,38}$)[1-9][0-9]*(?:\.[0-9]+)?)$"
        }
        Format::CurrencyCode => "^[A-Z]{3}$",
        Format::Date => "^(?!0000)[0-9]{4}-[0-9]{2}-[0-9]{2}$",
        Format::DateTime => "^(?!0000)[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\\.[0-9]{1,9})?Z$",
        Format::Uuid => "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$",
    }
}
