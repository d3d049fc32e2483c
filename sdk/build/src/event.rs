// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the builder reports while it works. It never prints; who calls it decides what a user sees.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// A step of a build, in the order of happening. Its text is one line for people.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// Which way of compiling for WebAssembly was found, or what was tried and did not do.
    Toolchain(String),
    /// Another process holds the build of this component; it is waited for.
    Waiting {
        /// The component's crate.
        component: String,
    },
    /// The compilation of a component starts.
    Compiling {
        /// The component's crate.
        component: String,
    },
    /// A line from the compiler or from the package manager.
    Output(String),
    /// Nothing has changed since the last build of the component.
    UpToDate {
        /// The component's crate.
        component: String,
    },
    /// The bundle is written.
    Built {
        /// The component's crate.
        component: String,
        /// The size of `component.wasm` in bytes.
        size_bytes: u64,
        /// How long it took.
        duration: Duration,
        /// The bundle.
        directory: PathBuf,
    },
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Toolchain(line) | Self::Output(line) => f.write_str(line),
            Self::Waiting { component } => write!(f, "waiting for another build of {component}"),
            Self::Compiling { component } => write!(f, "compiling {component}"),
            Self::UpToDate { component } => write!(f, "{component} is up to date"),
            Self::Built { component, size_bytes, duration, .. } => {
                write!(f, "built {component}: {} kB in {:.1?}", size_bytes.div_ceil(1000), duration)
            }
        }
    }
}

/// Who is told of events.
pub type Progress<'a> = &'a mut dyn FnMut(Event);
