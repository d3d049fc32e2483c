// SPDX-License-Identifier: MIT OR Apache-2.0
//! What functions of domain interfaces may say in their types, and whether a caller and its provider say the same.

use crate::Prepared;
use crate::prepare::LinkError;
use kernel_types::InterfaceId;
use wasmtime::component::types::{ComponentExtern, ComponentFunc, ComponentItem, Type};

/// Types that are looked at in the signatures of one interface. The largest of ours has some hundred; a hostile one can
/// name the same type twice at each of many levels.
const TYPES_MAX: usize = 100_000;

/// Looks at every type within these, and whether it can occur many times, until `see` says something; returns what it said,
/// or [`None`] where there are too many.
fn walk<R>(types: impl Iterator<Item = Type>, mut see: impl FnMut(&Type, bool) -> Option<R>) -> Option<Option<R>> {
    let mut waiting: Vec<(Type, bool)> = types.map(|ty| (ty, false)).collect();
    for _ in 0..TYPES_MAX {
        let Some((ty, many)) = waiting.pop() else { return Some(None) };
        if let Some(said) = see(&ty, many) {
            return Some(Some(said));
        }
        match ty {
            Type::List(list) => waiting.push((list.ty(), true)),
            Type::FixedLengthList(list) => waiting.push((list.ty(), true)),
            Type::Map(map) => waiting.extend([(map.key(), true), (map.value(), true)]),
            Type::Record(record) => waiting.extend(record.fields().map(|field| (field.ty, many))),
            Type::Tuple(tuple) => waiting.extend(tuple.types().map(|ty| (ty, many))),
            Type::Variant(variant) => waiting.extend(variant.cases().filter_map(|case| Some((case.ty?, many)))),
            Type::Option(option) => waiting.push((option.ty(), many)),
            Type::Result(result) => waiting.extend(result.ok().into_iter().chain(result.err()).map(|ty| (ty, many))),
            _ => {}
        }
    }
    None
}

/// Why a function cannot be called from component to component.
pub(crate) fn unsupported(function: &ComponentFunc) -> Option<&'static str> {
    let walked = walk(function.params().map(|(_, ty)| ty).chain(function.results()), |ty, _| match ty {
        Type::Own(_) | Type::Borrow(_) => Some("a function takes or gives a resource"),
        Type::Future(_) | Type::Stream(_) | Type::ErrorContext => {
            Some("a function takes or gives what is still to come")
        }
        Type::Map(_) | Type::FixedLengthList(_) => Some("a function takes or gives a map or an array"),
        _ => None,
    });
    walked.unwrap_or(Some("its types are too large"))
}

/// What a value costs the host for each byte that the engine counts when it leaves a component, in percent, where it costs
/// more than it does for most types; those are [`COST_USUAL_PERCENT`]. The engine counts a flag by its name's length, and the
/// host holds a text for each: thirty-two flags of one letter in a list cost twenty times what is counted.
pub(crate) fn cost_percent(types: impl Iterator<Item = Type>) -> u64 {
    let mut cost = COST_USUAL_PERCENT;
    let walked = walk(types, |ty, many| {
        if let Type::Flags(flags) = ty
            && many
        {
            cost = cost.max(flags_cost_percent(flags.names()));
        }
        None::<()>
    });
    if walked.is_none() { COST_MAX_PERCENT } else { cost }
}

fn flags_cost_percent<'a>(names: impl Iterator<Item = &'a str>) -> u64 {
    let (mut counted, mut held) = (VALUE_BYTES, VALUE_BYTES);
    for name in names {
        counted = counted.saturating_add(name.len());
        held = held.saturating_add(size_of::<String>()).saturating_add(name.len().max(ALLOCATION_BYTES_MIN));
    }
    let percent = held.saturating_mul(100).checked_div(counted).unwrap_or(usize::MAX);
    u64::try_from(percent).unwrap_or(COST_MAX_PERCENT)
}

/// What the host holds for what the engine counts, for records with short names: a place, a name and a value for a value.
pub(crate) const COST_USUAL_PERCENT: u64 = 300;

/// Likewise for types that are too large to be looked at.
const COST_MAX_PERCENT: u64 = 3_000;

/// What the engine counts for the place of a value.
const VALUE_BYTES: usize = size_of::<wasmtime::component::Val>();

/// The least that an allocation takes.
const ALLOCATION_BYTES_MIN: usize = 24;

impl Prepared {
    /// Whether this component can call the interface of `provider`: each function that it imports is there, with the same
    /// types. Without this a difference would be found by the first request that makes the call.
    ///
    /// # Errors
    /// Names the function and what differs.
    pub fn check_call(&self, provider: &Self, interface: &InterfaceId) -> Result<(), LinkError> {
        let (own, offered) = (self.instance.component(), provider.instance.component());
        let engine = own.engine();
        let interface_of = |item: ComponentExtern<'_>| match item.ty {
            ComponentItem::ComponentInstance(instance) => Some(instance),
            _ => None,
        };
        let (wanted, given) = (own.component_type(), offered.component_type());
        let Some(wanted) = wanted.get_import(engine, interface.as_str()).and_then(interface_of) else { return Ok(()) };
        let given = given.get_export(engine, interface.as_str()).and_then(interface_of);
        for (name, item) in wanted.exports(engine) {
            let ComponentItem::ComponentFunc(wanted) = item.ty else { continue };
            let given = given.as_ref().and_then(|given| given.get_export(engine, name)).map(|item| item.ty);
            let fault = match given {
                Some(ComponentItem::ComponentFunc(given)) if !same(&wanted, &given) => "has with other types",
                Some(ComponentItem::ComponentFunc(_)) if provider.target(interface, name).is_ok() => continue,
                Some(ComponentItem::ComponentFunc(_)) => "does not offer",
                _ => "does not have",
            };
            let detail = format!(
                "it calls `{name}` of `{interface}`, which component `{}` {fault}; build both against the same WIT",
                provider.id
            );
            return Err(LinkError::Types { component: self.id.clone(), detail });
        }
        Ok(())
    }
}

fn same(one: &ComponentFunc, other: &ComponentFunc) -> bool {
    one.params().map(|(_, ty)| ty).eq(other.params().map(|(_, ty)| ty)) && one.results().eq(other.results())
}
