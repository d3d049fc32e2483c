// SPDX-License-Identifier: MIT OR Apache-2.0
//! Types in a few words, much as WIT writes them.

use crate::limits::DESCRIBED_DEPTH_MAX;
use crate::path::short;
use kernel_contract::{Integer, Kind, Type, Width};

/// A type in a few words.
pub(crate) fn describe(ty: &Type) -> String {
    short(&within(ty, 0))
}

/// A type, or nothing, in a few words.
pub(crate) fn describe_some(ty: Option<&Type>) -> String {
    ty.map_or_else(|| "nothing".to_owned(), describe)
}

fn within(ty: &Type, depth: usize) -> String {
    if depth > DESCRIBED_DEPTH_MAX {
        return "…".to_owned();
    }
    let inner = |ty: &Type| within(ty, depth.saturating_add(1));
    let some = |ty: &Option<Type>| ty.as_ref().map_or_else(|| "_".to_owned(), inner);
    let named = |what: &str| ty.name().map_or_else(|| what.to_owned(), |name| format!("{what} {}", short(&name.name)));
    match ty.kind() {
        Kind::Bool => "bool".to_owned(),
        Kind::Integer(integer) => describe_integer(*integer),
        Kind::Float32 => "f32".to_owned(),
        Kind::Float64 => "f64".to_owned(),
        Kind::Char => "char".to_owned(),
        Kind::Text(format) => format.map_or("string", |format| format.name()).to_owned(),
        Kind::Bytes => "list<u8>".to_owned(),
        Kind::List(element) => format!("list<{}>", inner(element)),
        Kind::FixedList(element, length) => format!("list<{}, {length}>", inner(element)),
        Kind::Option(some) => format!("option<{}>", inner(some)),
        Kind::Result { ok, error } => format!("result<{}, {}>", some(ok), some(error)),
        // A tuple is written out in part: it may have thousands of types.
        Kind::Tuple(types) => match &**types {
            [one] => format!("tuple<{}>", inner(one)),
            [one, other] => format!("tuple<{}, {}>", inner(one), inner(other)),
            types => format!("tuple of {}", types.len()),
        },
        Kind::Record(_) => named("record"),
        Kind::Variant(_) => named("variant"),
        Kind::Enum(_) => named("enum"),
        Kind::Flags(_) => named("flags"),
    }
}

fn describe_integer(integer: Integer) -> String {
    let (name, bits, signed) = match integer.width {
        Width::U8 => ("u8", 8_u32, false),
        Width::U16 => ("u16", 16, false),
        Width::U32 => ("u32", 32, false),
        Width::U64 => ("u64", 64, false),
        Width::S8 => ("s8", 8, true),
        Width::S16 => ("s16", 16, true),
        Width::S32 => ("s32", 32, true),
        Width::S64 => ("s64", 64, true),
    };
    let values = 1_i128 << bits;
    let (minimum, maximum) = if signed { (-(values / 2), values / 2 - 1) } else { (0, values - 1) };
    if (integer.minimum, integer.maximum) == (minimum, maximum) {
        return name.to_owned();
    }
    format!("{name} from {} to {}", integer.minimum, integer.maximum)
}
