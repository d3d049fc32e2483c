// SPDX-License-Identifier: MIT OR Apache-2.0
//! The capability `cortex:context/context`: who asks, for which tenant, at what time, and fresh identifiers.
//!
//! Nothing here is a secret of the host, so it is linked to every component that declares it, without a grant. The time is
//! the request's: it stands still while the unit of work lasts, which makes a run repeatable.

use kernel_engine::{Capability, Invocation};
use kernel_types::CallerKind;
use wasmtime::component::{HasSelf, Linker};

mod bindings {
    wasmtime::component::bindgen!({
        path: ["../../wit/types-1.0.0", "../../wit/context-1.0.0"],
        inline: "package cortex:cap-context; world host { import cortex:context/context@1.0.0; }",
        world: "cortex:cap-context/host",
        imports: { default: trappable },
    });
}

use bindings::cortex::context::context as wit;

/// `cortex:context/context@1.0.0`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Context;

impl Capability for Context {
    fn interfaces(&self) -> &'static [&'static str] {
        &["cortex:context/context@1.0.0"]
    }

    fn needs_grant(&self) -> bool {
        false
    }

    fn link(&self, _interface: &str, linker: &mut Linker<Invocation>) -> wasmtime::Result<()> {
        wit::add_to_linker::<_, HasSelf<Invocation>>(linker, |invocation| invocation)
    }
}

impl wit::Host for Invocation {
    fn get_caller(&mut self) -> wasmtime::Result<wit::Caller> {
        let caller = &self.unit().request().caller;
        Ok(wit::Caller {
            subject: caller.subject.0.to_string(),
            kind: match caller.kind {
                CallerKind::User => wit::CallerKind::User,
                CallerKind::Service => wit::CallerKind::Service,
                CallerKind::System => wit::CallerKind::System,
            },
            display_name: caller.display_name.to_string(),
            roles: caller.roles.iter().map(ToString::to_string).collect(),
        })
    }

    fn tenant_id(&mut self) -> wasmtime::Result<String> {
        Ok(self.unit().tenant().to_string())
    }

    fn request_id(&mut self) -> wasmtime::Result<String> {
        Ok(self.unit().request().id.to_string())
    }

    fn now(&mut self) -> wasmtime::Result<String> {
        date_time(self.unit().request().now)
    }

    fn new_uuid(&mut self) -> wasmtime::Result<String> {
        Ok(uuid::Uuid::now_v7().hyphenated().to_string())
    }
}

/// RFC 3339 in UTC with microseconds.
fn date_time(time: std::time::SystemTime) -> wasmtime::Result<String> {
    let time = jiff::Timestamp::try_from(time).map_err(wasmtime::Error::new)?;
    Ok(format!("{time:.6}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, UNIX_EPOCH};

    #[test]
    fn the_time_is_written_in_utc_with_microseconds() {
        let cases = [
            (Duration::ZERO, "1970-01-01T00:00:00.000000Z"),
            (Duration::new(951_782_400, 0), "2000-02-29T00:00:00.000000Z"),
            (Duration::new(1_798_761_599, 999_999_999), "2026-12-31T23:59:59.999999Z"),
        ];
        for (since, text) in cases {
            assert_eq!(date_time(UNIX_EPOCH + since).unwrap(), text);
        }
    }
}
