// SPDX-License-Identifier: MIT OR Apache-2.0
//! What hosts remember and share, beside the tenants' own data: which components are installed, what each tenant enabled,
//! which credentials were issued.
//!
//! Two things are kept. A *document* is a text under a [`Key`] (a kind and a name), with the [`Revision`] at which it was last
//! written. A *blob* is bytes under their own digest: a bundle. Documents change by [`Change`]s, several at once or none of
//! them, each under an [`Expect`]ation of what is there: that is compare-and-set, and all that hosts need to agree. Every commit
//! raises the store's one revision, so that "what changed after the revision that I know" has an answer ([`State::changes`])
//! which misses nothing, and whoever [`watch`](State::watch)es hears soon that it is time to ask.
//!
//! What later needs are made of: a signed record is a document whose text is the envelope; a list that only grows, such as
//! revocations, is a document whose writer expects the revision that it read; several versions of a component are several
//! documents; a lease is a document with its holder, taken over by whoever has seen its revision stand still for the lease's
//! time on a clock of their own, so that no two machines' clocks are compared.
//!
//! No component can import this: it is the host's own. It knows no database (back ends implement [`State`]), and nothing of
//! what a document says (`edge-registry` does).
//!
//! ```
//! use cap_state::{Change, Expect, Key, Revision, check};
//!
//! let key = Key::new("tenant", "demo")?;
//! let made = Change::put(key.clone(), "{}", Expect::Absent);
//! let taken_back = Change::remove(key, Expect::At(Revision(7)));
//! check(&[made])?;
//! check(&[taken_back])?;
//! # Ok::<(), cap_state::StateError>(())
//! ```

mod change;
mod document;
mod error;
mod key;
pub mod limits;
mod store;

pub use change::{Change, Expect, Write, check, check_blob};
pub use document::{Changes, Document, Revision};
pub use error::StateError;
pub use kernel_engine::BoxFuture;
pub use key::Key;
pub use store::State;
