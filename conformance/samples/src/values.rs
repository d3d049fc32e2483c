// SPDX-License-Identifier: MIT OR Apache-2.0
//! Types of all kinds at random, and values of any type at random, for properties that must hold of every one.

use crate::operation;
use kernel_contract::{Format, Kind, Operation, Output, Type, Width};
use proptest::prelude::*;
use proptest::strategy::Union;
use std::fmt::Write as _;
use std::sync::Arc;
use wasmtime::component::Val;

/// A type as WIT text, made at random from all kinds; records and the like are defined beside it.
#[derive(Clone, Debug)]
pub enum Shape {
    /// A type that needs no definition, or one of `cortex:types`.
    Plain(&'static str),
    /// `list<t>`
    List(Box<Shape>),
    /// `option<t>`
    Option(Box<Shape>),
    /// `result<ok, error>`
    Result(Option<Box<Shape>>, Option<Box<Shape>>),
    /// `tuple<..>`
    Tuple(Vec<Shape>),
    /// A record of fields of these types.
    Record(Vec<Shape>),
    /// A variant of cases that carry these types, or nothing.
    Variant(Vec<Option<Shape>>),
    /// `type name = t`
    Alias(Box<Shape>),
    /// An enum of so many cases.
    Enum(usize),
    /// So many flags.
    Flags(usize),
}

const PLAIN: &[&str] = &[
    "bool",
    "u8",
    "u16",
    "u32",
    "u64",
    "s8",
    "s16",
    "s32",
    "s64",
    "f32",
    "f64",
    "char",
    "string",
    "list<u8>",
    "decimal",
    "currency-code",
    "money",
    "date",
    "date-time",
    "uuid",
    "page-request",
    "page",
    "problem",
];

/// Any type.
pub fn shape() -> impl Strategy<Value = Shape> {
    let leaf = prop_oneof![
        6 => proptest::sample::select(PLAIN).prop_map(Shape::Plain),
        1 => (1..20_usize).prop_map(Shape::Enum),
        1 => (1..20_usize).prop_map(Shape::Flags),
    ];
    leaf.prop_recursive(5, 24, 4, |inner| {
        let boxed = || inner.clone().prop_map(Box::new);
        let some = || proptest::option::of(inner.clone().prop_map(Box::new));
        prop_oneof![
            boxed().prop_map(Shape::List),
            boxed().prop_map(Shape::Option),
            boxed().prop_map(Shape::Option),
            boxed().prop_map(Shape::Alias),
            (some(), some()).prop_map(|(ok, error)| Shape::Result(ok, error)),
            proptest::collection::vec(inner.clone(), 1..4).prop_map(Shape::Tuple),
            proptest::collection::vec(inner.clone(), 1..16).prop_map(Shape::Record),
            proptest::collection::vec(proptest::option::of(inner.clone()), 1..16).prop_map(Shape::Variant),
        ]
    })
}

/// Writes the type as WIT; definitions that it needs go to `items`.
pub fn wit(shape: &Shape, items: &mut Vec<String>) -> String {
    let (keyword, body) = match shape {
        Shape::Plain(name) => return (*name).to_owned(),
        Shape::List(inner) => return format!("list<{}>", wit(inner, items)),
        Shape::Option(inner) => return format!("option<{}>", wit(inner, items)),
        Shape::Result(ok, error) => {
            let ok = ok.as_ref().map_or("_".to_owned(), |ok| wit(ok, items));
            return match error {
                Some(error) => format!("result<{ok}, {}>", wit(error, items)),
                None if ok == "_" => "result".to_owned(),
                None => format!("result<{ok}>"),
            };
        }
        Shape::Tuple(types) => {
            let types: Vec<_> = types.iter().map(|ty| wit(ty, items)).collect();
            return format!("tuple<{}>", types.join(", "));
        }
        Shape::Alias(inner) => {
            let inner = wit(inner, items);
            let name = format!("alias-n{}", items.len());
            items.push(format!("type {name} = {inner};"));
            return name;
        }
        Shape::Record(fields) => {
            let mut body = String::new();
            for (index, field) in fields.iter().enumerate() {
                let _ = write!(body, "/// Field {index}.\nfield-n{index}: {}, ", wit(field, items));
            }
            ("record", body)
        }
        Shape::Variant(cases) => {
            let mut body = String::new();
            for (index, case) in cases.iter().enumerate() {
                let _ = match case {
                    Some(ty) => write!(body, "case-n{index}({}), ", wit(ty, items)),
                    None => write!(body, "case-n{index}, "),
                };
            }
            ("variant", body)
        }
        Shape::Enum(count) => {
            ("enum", (0..*count).fold(String::new(), |body, n| body + &format!("/// C.\nname-n{n}, ")))
        }
        Shape::Flags(count) => ("flags", (0..*count).fold(String::new(), |body, n| body + &format!("name-n{n}, "))),
    };
    let name = format!("{keyword}-n{}", items.len());
    items.push(format!("{keyword} {name} {{ {body} }}"));
    name
}

/// An operation that takes `x` of the type and `rest`, an option of it, and returns a tuple of both.
pub fn build(shape: &Shape) -> Arc<Operation> {
    let mut items = Vec::new();
    let ty = wit(shape, &mut items);
    operation(&format!("{} call: func(x: {ty}, rest: option<{ty}>) -> tuple<{ty}, option<{ty}>>;", items.join("\n")))
}

fn text(format: Option<Format>) -> BoxedStrategy<String> {
    match format {
        None => any::<String>().boxed(),
        Some(Format::Decimal) => "(-?[1-9][0-9]{0,17}|0|-?[1-9])(\\.[0-9]{1,20})?".boxed(),
        Some(Format::CurrencyCode) => "[A-Z]{3}".boxed(),
        Some(Format::Date) => date().boxed(),
        Some(Format::DateTime) => (date(), "([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\\.[0-9]{1,9})?Z")
            .prop_map(|(date, time)| format!("{date}T{time}"))
            .boxed(),
        Some(Format::Uuid) => "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}".boxed(),
    }
}

fn date() -> impl Strategy<Value = String> {
    (1..=9999_i16, 1..=12_i8, 1..=31_i8).prop_filter_map("no such day", |(year, month, day)| {
        jiff::civil::Date::new(year, month, day).ok().map(|_| format!("{year:04}-{month:02}-{day:02}"))
    })
}

/// Any value of the type.
pub fn value(ty: &Type) -> BoxedStrategy<Val> {
    let boxed = |ty: &Type| value(ty).prop_map(|value| Some(Box::new(value)));
    let maybe = |ty: Option<&Type>| ty.map_or_else(|| Just(None).boxed(), |ty| boxed(ty).boxed());
    match ty.kind() {
        Kind::Bool => any::<bool>().prop_map(Val::Bool).boxed(),
        Kind::Integer(integer) => integer_value(integer.width, integer.minimum, integer.maximum),
        Kind::Float32 => proptest::num::f32::ANY.prop_map(Val::Float32).boxed(),
        Kind::Float64 => proptest::num::f64::ANY.prop_map(Val::Float64).boxed(),
        Kind::Char => any::<char>().prop_map(Val::Char).boxed(),
        Kind::Text(format) => text(*format).prop_map(Val::String).boxed(),
        Kind::Bytes => proptest::collection::vec(any::<u8>().prop_map(Val::U8), 0..8).prop_map(Val::List).boxed(),
        Kind::List(element) => proptest::collection::vec(value(element), 0..4).prop_map(Val::List).boxed(),
        Kind::FixedList(element, length) => {
            proptest::collection::vec(value(element), *length as usize).prop_map(Val::FixedLengthList).boxed()
        }
        Kind::Option(inner) => prop_oneof![Just(Val::Option(None)), boxed(inner).prop_map(Val::Option)].boxed(),
        Kind::Result { ok, error } => {
            let (ok, error) = (maybe(ok.as_ref()), maybe(error.as_ref()));
            prop_oneof![ok.prop_map(|v| Val::Result(Ok(v))), error.prop_map(|v| Val::Result(Err(v)))].boxed()
        }
        Kind::Tuple(types) => types.iter().map(value).collect::<Vec<_>>().prop_map(Val::Tuple).boxed(),
        Kind::Record(fields) => {
            let names: Vec<_> = fields.iter().map(|field| field.label.wit.clone()).collect();
            let values: Vec<_> = fields.iter().map(|field| value(&field.ty)).collect();
            values.prop_map(move |values| Val::Record(names.iter().cloned().zip(values).collect())).boxed()
        }
        Kind::Variant(cases) => Union::new(cases.iter().map(|case| {
            let name = case.label.wit.clone();
            maybe(case.ty.as_ref()).prop_map(move |value| Val::Variant(name.clone(), value)).boxed()
        }))
        .boxed(),
        Kind::Enum(cases) => Union::new(cases.iter().map(|case| Just(Val::Enum(case.wit.clone())))).boxed(),
        Kind::Flags(names) => {
            let names: Vec<_> = names.iter().map(|label| label.wit.clone()).collect();
            let count = names.len();
            proptest::sample::subsequence(names, 0..=count).prop_map(Val::Flags).boxed()
        }
    }
}

fn integer_value(width: Width, minimum: i128, maximum: i128) -> BoxedStrategy<Val> {
    let edges = prop_oneof![
        Just(minimum),
        Just(maximum),
        minimum..=maximum,
        (-2..2_i128).prop_map(move |n| n.clamp(minimum, maximum))
    ];
    edges
        .prop_map(move |n| match width {
            Width::U8 => Val::U8(n.try_into().unwrap()),
            Width::U16 => Val::U16(n.try_into().unwrap()),
            Width::U32 => Val::U32(n.try_into().unwrap()),
            Width::U64 => Val::U64(n.try_into().unwrap()),
            Width::S8 => Val::S8(n.try_into().unwrap()),
            Width::S16 => Val::S16(n.try_into().unwrap()),
            Width::S32 => Val::S32(n.try_into().unwrap()),
            Width::S64 => Val::S64(n.try_into().unwrap()),
        })
        .boxed()
}

/// `(x, rest)` for an operation that [`build`] made, as it returns them, or as its arguments.
pub fn pair(operation: &Operation) -> BoxedStrategy<(Val, Val)> {
    let Output::Value(Some(output)) = &operation.output else { panic!("no tuple") };
    let Kind::Tuple(types) = output.kind() else { panic!("no tuple") };
    (value(&types[0]), value(&types[1])).boxed()
}

/// Any [`build`] and a [`pair`] for it.
pub fn operation_and_pair() -> impl Strategy<Value = (Arc<Operation>, Val, Val)> {
    shape().prop_flat_map(|shape| {
        let operation = build(&shape);
        let values = pair(&operation);
        values.prop_map(move |(x, rest)| (Arc::clone(&operation), x, rest))
    })
}
