// SPDX-License-Identifier: MIT OR Apache-2.0
//! Texts of which there are few: each enumeration and its words in one list.

use crate::read::{Word, one_of};
use crate::{Method, Missed, ViewKind};
use kernel_types::Effect;
use serde_json::{Value, json};
use std::borrow::Cow;

macro_rules! choice {
    ($type:ty: $($word:literal => $value:expr,)*) => {
        impl Word for $type {
            fn expected() -> Cow<'static, str> {
                one_of("one of", Self::choices()).into()
            }

            fn keywords() -> Value {
                json!({ "type": "string", "enum": Self::choices() })
            }

            fn parse(text: &str) -> Result<Self, Option<String>> {
                match text {
                    $($word => Ok($value),)*
                    _ => Err(None),
                }
            }

            fn choices() -> &'static [&'static str] {
                &[$($word),*]
            }
        }
    };
}

choice! { Effect:
    "read" => Effect::Read,
    "write" => Effect::Write,
}

choice! { Method:
    "GET" => Method::Get,
    "POST" => Method::Post,
    "PUT" => Method::Put,
    "PATCH" => Method::Patch,
    "DELETE" => Method::Delete,
}

choice! { Missed:
    "run-once" => Missed::RunOnce,
    "skip" => Missed::Skip,
}

choice! { ViewKind:
    "list" => ViewKind::List,
    "form" => ViewKind::Form,
    "report" => ViewKind::Report,
}
