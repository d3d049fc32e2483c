// SPDX-License-Identifier: MIT OR Apache-2.0
//! A component that returns what it is given, for every type that a value can have.

mod bindings {
    wit_bindgen::generate!({
        path: ["../../../wit/types-1.0.0", "wit"],
        world: "cortex:values/guest",
        generate_all,
    });
}

use bindings::exports::cortex::values::same::{
    Amount, Colour, CurrencyCode, Date, DateTime, Decimal, Everything, Guest, ManyFlags, Money, Page, PageRequest,
    Permissions, Point, Problem, Shape, Uuid,
};

struct Values;

/// What `in-address` takes, together.
type Address = (String, bool, i8, u64, f64, char, Colour, Vec<u8>, Vec<String>, Option<Date>, Option<PageRequest>);

/// Writes each operation: `same` returns its argument, `one` returns it within a tuple.
macro_rules! operations {
    (@result same $type:ty) => { $type };
    (@result one $type:ty) => { ($type,) };
    (@value same $value:ident) => { $value };
    (@value one $value:ident) => { ($value,) };
    ($($how:ident $name:ident: $type:ty;)*) => {
        impl Guest for Values {
            $(fn $name(value: $type) -> operations!(@result $how $type) {
                operations!(@value $how value)
            })*

            fn in_address(
                text: String,
                flag: bool,
                small: i8,
                large: u64,
                number: f64,
                letter: char,
                colour: Colour,
                bytes: Vec<u8>,
                tags: Vec<String>,
                day: Option<Date>,
                page: Option<PageRequest>,
            ) -> Address {
                (text, flag, small, large, number, letter, colour, bytes, tags, day, page)
            }

            fn nothing() {}
        }
    };
}

operations! {
    same of_bool: bool;
    same of_u8: u8;
    same of_u16: u16;
    same of_u32: u32;
    same of_u64: u64;
    same of_s8: i8;
    same of_s16: i16;
    same of_s32: i32;
    same of_s64: i64;
    same of_f32: f32;
    same of_f64: f64;
    same of_char: char;
    same of_string: String;
    same of_bytes: Vec<u8>;
    same of_list: Vec<u64>;
    same of_lists: Vec<Vec<String>>;
    same of_list_of_bytes: Vec<Vec<u8>>;
    same of_option: Option<String>;
    same of_option_of_option: Option<Option<u32>>;
    same of_three_options: Option<Option<Option<bool>>>;
    same of_list_of_options: Vec<Option<f64>>;
    one of_result: Result<u32, String>;
    one of_result_of_nothing: Result<(), String>;
    one of_result_or_nothing: Result<String, ()>;
    one of_bare_result: Result<(), ()>;
    one of_option_of_result: Option<Result<Option<i8>, Option<String>>>;
    same of_tuple: (String, i64, Option<bool>, Vec<char>);
    same of_record: Point;
    same of_variant: Shape;
    same of_enum: Colour;
    same of_flags: Permissions;
    same of_many_flags: ManyFlags;
    same of_everything: Everything;
    same of_list_of_everything: Vec<Everything>;
    same of_decimal: Decimal;
    same of_alias: Amount;
    same of_currency_code: CurrencyCode;
    same of_money: Money;
    same of_date: Date;
    same of_date_time: DateTime;
    same of_uuid: Uuid;
    same of_page_request: PageRequest;
    same of_page: Page;
    same of_problem: Problem;
}

#[expect(unsafe_code, reason = "the canonical ABI's glue, generated")]
mod exported {
    use super::Values;
    super::bindings::export!(Values with_types_in super::bindings);
}
