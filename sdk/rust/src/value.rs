// SPDX-License-Identifier: MIT OR Apache-2.0
//! Values of SQL from values of Rust. There is no conversion from `u64`, `usize` or floats of money on purpose: what may
//! not fit must be converted where it is seen.

/// A value of SQL, as a parameter or in a row.
pub use crate::sql::Value;

macro_rules! from {
    ($($ty:ty => |$value:ident| $make:expr;)*) => {
        $(impl From<$ty> for Value {
            fn from($value: $ty) -> Self {
                $make
            }
        })*
    };
}

from! {
    bool => |value| Self::Boolean(value);
    i64 => |value| Self::Integer(value);
    i32 => |value| Self::Integer(value.into());
    i16 => |value| Self::Integer(value.into());
    u32 => |value| Self::Integer(value.into());
    u16 => |value| Self::Integer(value.into());
    u8 => |value| Self::Integer(value.into());
    f64 => |value| Self::Real(value);
    String => |value| Self::Text(value);
    &String => |value| Self::Text(value.clone());
    &str => |value| Self::Text(value.to_owned());
    Vec<u8> => |value| Self::Blob(value);
    &[u8] => |value| Self::Blob(value.to_owned());
}

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

#[cfg(test)]
mod tests {
    use super::Value;
    use crate::params;

    #[test]
    fn parameters_are_values_of_sql_in_order() {
        let name = String::from("cash");
        let absent: Option<i64> = None;
        let parameters = params![&name, "x", 7, true, absent, Some(1.5), vec![1_u8], u32::MAX];
        let expected = [
            Value::Text("cash".into()),
            Value::Text("x".into()),
            Value::Integer(7),
            Value::Boolean(true),
            Value::Null,
            Value::Real(1.5),
            Value::Blob(vec![1]),
            Value::Integer(4_294_967_295),
        ];
        assert_eq!(parameters, expected);
        assert_eq!(params![], Vec::<Value>::new());
    }
}
