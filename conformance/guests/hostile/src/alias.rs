// SPDX-License-Identifier: MIT OR Apache-2.0
//! Many texts in the memory of one: a small component that asks its host for a large copy.

use std::mem::ManuallyDrop;

/// That many values, each made of a text whose bytes are those of `text`. They are never freed.
#[expect(unsafe_code, reason = "one memory as many texts is the attack; safe Rust does not make it")]
pub(crate) fn of<T>(text: &str, times: u32, value: impl Fn(String) -> T) -> ManuallyDrop<Vec<T>> {
    let aliases = (0..times).map(|_| {
        // SAFETY: the texts are read while `text` lives and are never written, grown or freed.
        let alias = unsafe { String::from_raw_parts(text.as_ptr().cast_mut(), text.len(), text.len()) };
        value(alias)
    });
    ManuallyDrop::new(aliases.collect())
}
