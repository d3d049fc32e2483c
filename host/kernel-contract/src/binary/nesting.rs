// SPDX-License-Identifier: MIT OR Apache-2.0
//! How deep the types of a component nest, found without recursion.
//!
//! The types of components and instances hold declarations, which hold types. Every reader of the binary format descends
//! into them on its own stack, which a few megabytes of nested headers exhaust; nothing can catch that. So no reader gets to
//! see such a section before this walk. The format: `Binary.md` of the component model, "Type Definitions".

use crate::{Error, limits};
use wasmparser::{
    BinaryReader, ComponentAlias, ComponentExternName, ComponentImport, ComponentType, ComponentTypeRef, CoreType,
    FromReader, SectionLimited,
};

/// The leading bytes of the types that hold declarations.
const COMPONENT: u8 = 0x41;
const INSTANCE: u8 = 0x42;

/// Refuses a section whose types nest deeper than the limit.
pub(super) fn check(bytes: &[u8], section: &SectionLimited<'_, ComponentType<'_>>) -> Result<(), Error> {
    let range = section.range();
    let (Ok(start), Ok(end)) = (usize::try_from(range.start), usize::try_from(range.end)) else { return Ok(()) };
    let Some(body) = bytes.get(start..end) else { return Ok(()) };
    walk(&mut BinaryReader::new(body, range.start)).map_err(|stop| match stop {
        Stop::Malformed(error) => super::malformed(&error),
        Stop::TooDeep => Error::TooDeep { depth_max: limits::NESTING_DEPTH_MAX },
    })
}

enum Stop {
    Malformed(wasmparser::Error),
    TooDeep,
}

impl From<wasmparser::Error> for Stop {
    fn from(error: wasmparser::Error) -> Self {
        Self::Malformed(error)
    }
}

fn walk<'a>(reader: &mut BinaryReader<'a>) -> Result<(), Stop> {
    for _ in 0..reader.read_var_u32()? {
        // For each open type, how many of its declarations are still to come.
        let mut open = Vec::new();
        read_type(reader, &mut open)?;
        while let Some(left) = open.pop() {
            let Some(left) = u32::checked_sub(left, 1) else { continue };
            open.push(left);
            match reader.read_u8()? {
                0x00 => skip::<CoreType<'a>>(reader)?,
                0x01 => read_type(reader, &mut open)?,
                0x02 => skip::<ComponentAlias<'a>>(reader)?,
                0x03 => skip::<ComponentImport<'a>>(reader)?,
                0x04 => {
                    skip::<ComponentExternName<'a>>(reader)?;
                    skip::<ComponentTypeRef>(reader)?;
                }
                // No declaration: the validator says so, and better.
                _ => return Ok(()),
            }
        }
    }
    Ok(())
}

/// Reads a type that holds no declarations, or opens one that does.
fn read_type<'a>(reader: &mut BinaryReader<'a>, open: &mut Vec<u32>) -> Result<(), Stop> {
    let mut ahead = reader.clone();
    if !matches!(ahead.read_u8()?, COMPONENT | INSTANCE) {
        return skip::<ComponentType<'a>>(reader);
    }
    if open.len() == limits::NESTING_DEPTH_MAX {
        return Err(Stop::TooDeep);
    }
    open.push(ahead.read_var_u32()?);
    *reader = ahead;
    Ok(())
}

fn skip<'a, T: FromReader<'a>>(reader: &mut BinaryReader<'a>) -> Result<(), Stop> {
    reader.read::<T>()?;
    Ok(())
}
