// SPDX-License-Identifier: MIT OR Apache-2.0
//! Where a tile is: the addresses of C2SP tlog-tiles, as paths, and which of them a tree of a given size has.

use std::fmt;

/// The hashes of a full tile, and the entries of a full bundle.
pub const TILE_WIDTH: u64 = 256;

/// The levels of the tree that one level of tiles covers.
pub const TILE_LEVELS: u32 = 8;

/// The levels of tiles that a tree may have: with this many, 2^48 entries.
pub const LEVELS_MAX: u8 = 6;

/// The characters of a tile's path that are read at most; the longest one that means something is shorter.
const PATH_BYTES_MAX: usize = 64;

/// What a tile holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Hashes of complete subtrees of 256^level entries.
    Hashes(u8),
    /// Entries, each behind its length in two bytes.
    Entries,
}

/// A tile, full or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tile {
    /// What it holds.
    pub kind: Kind,
    /// Its place in its level.
    pub index: u64,
    /// How many elements it has: from 1 to [`TILE_WIDTH`].
    pub width: u64,
}

impl Tile {
    /// Reads `<level>/<index>[.p/<width>]` or `entries/<index>[.p/<width>]`, in the one way in which it may be written.
    #[must_use]
    pub fn parse(path: &str) -> Option<Self> {
        if path.len() > PATH_BYTES_MAX {
            return None;
        }
        let (kind, rest) = path.split_once('/')?;
        let kind = match kind {
            "entries" => Kind::Entries,
            level => Kind::Hashes(canonical_number(level).and_then(|level| u8::try_from(level).ok())?),
        };
        let (index, width) = match rest.split_once(".p/") {
            Some((index, width)) => (index, canonical_number(width).filter(|width| (1..TILE_WIDTH).contains(width))?),
            None => (rest, TILE_WIDTH),
        };
        let mut number = 0_u64;
        for part in index.split('/') {
            let digits = part.strip_prefix('x').unwrap_or(part);
            if digits.len() != 3 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
                return None;
            }
            number = number.checked_mul(1_000)?.checked_add(digits.parse().ok()?)?;
        }
        let tile = Self { kind, index: number, width };
        // Leading groups of zeros, and an `x` in the wrong place, are other names of the same tile.
        (tile.to_string() == path).then_some(tile)
    }

    /// Whether a tree of that many entries has it.
    #[must_use]
    pub fn is_within(&self, size: u64) -> bool {
        let elements = match self.kind {
            Kind::Entries => size,
            Kind::Hashes(level) if level >= LEVELS_MAX => 0,
            Kind::Hashes(level) => size >> (u32::from(level) * TILE_LEVELS),
        };
        let end = self.index.checked_mul(TILE_WIDTH).and_then(|begin| begin.checked_add(self.width));
        end.is_some_and(|end| end <= elements)
    }
}

fn canonical_number(text: &str) -> Option<u64> {
    let number: u64 = text.parse().ok()?;
    (number.to_string() == text).then_some(number)
}

/// The path of a tile, whether full or not: groups of three digits, all but the last behind an `x`.
#[must_use]
pub fn full_path(kind: Kind, index: u64) -> String {
    let mut groups = vec![format!("{:03}", index % 1_000)];
    let mut rest = index / 1_000;
    while rest > 0 {
        groups.push(format!("x{:03}", rest % 1_000));
        rest /= 1_000;
    }
    groups.reverse();
    let kind = match kind {
        Kind::Entries => String::from("entries"),
        Kind::Hashes(level) => level.to_string(),
    };
    format!("{kind}/{}", groups.join("/"))
}

impl fmt::Display for Tile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&full_path(self.kind, self.index))?;
        if self.width < TILE_WIDTH { write!(f, ".p/{}", self.width) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn paths_are_those_of_the_specification_and_no_others() {
        let hashes = |level, index, width| Some(Tile { kind: Kind::Hashes(level), index, width });
        let cases = [
            ("0/000", hashes(0, 0, 256)),
            ("0/x001/x234/067", hashes(0, 1_234_067, 256)),
            ("0/x001/x234/067.p/1", hashes(0, 1_234_067, 1)),
            ("3/999.p/255", hashes(3, 999, 255)),
            ("entries/x001/000", Some(Tile { kind: Kind::Entries, index: 1_000, width: 256 })),
            ("0/000.p/0", None),
            ("0/000.p/256", None),
            ("0/000.p/01", None),
            ("0/x000/001", None),
            ("0/x001/x000", None),
            ("0/1", None),
            ("0/0001", None),
            ("00/000", None),
            ("-1/000", None),
            ("256/000", None),
            ("0/+01", None),
            ("0/../000", None),
            ("checkpoint", None),
            ("0/", None),
            ("", None),
            ("0/x999/x999/x999/x999/x999/x999/x999/x999/x999/x999/x999/x999/999", None),
        ];
        for (path, expected) in cases {
            assert_eq!(Tile::parse(path), expected, "{path}");
        }
    }

    #[test]
    fn a_tree_has_the_tiles_that_its_size_allows() {
        let cases = [
            ("0/000.p/5", 5, true),
            ("0/000.p/6", 5, false),
            ("0/000", 255, false),
            ("0/000", 256, true),
            ("1/000.p/1", 255, false),
            ("1/000.p/1", 256, true),
            ("1/000", 65_536, true),
            ("entries/001.p/1", 257, true),
            ("6/000.p/1", u64::MAX, false),
            ("200/000.p/1", u64::MAX, false),
        ];
        for (path, size, expected) in cases {
            assert_eq!(Tile::parse(path).unwrap().is_within(size), expected, "{path} of {size}");
        }
    }

    proptest! {
        #[test]
        fn a_written_path_is_read_again(level in 0..LEVELS_MAX, index in 0..u64::MAX / TILE_WIDTH, width in 1..=TILE_WIDTH) {
            let tile = Tile { kind: Kind::Hashes(level), index, width };
            prop_assert_eq!(Tile::parse(&tile.to_string()), Some(tile));
        }

        #[test]
        fn no_text_is_too_much(text in "\\PC*") {
            if let Some(tile) = Tile::parse(&text) {
                prop_assert_eq!(tile.to_string(), text);
            }
        }
    }
}
