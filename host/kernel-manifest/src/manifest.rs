// SPDX-License-Identifier: MIT OR Apache-2.0
//! A manifest that was read and found right. What the types cannot say (operations that views and schedules name exist,
//! routes do not collide, an operation that only reads is no `PUT`) was checked before one of these was made.

use crate::{
    CapabilityScope, Cron, Declared, FilePath, InterfaceName, Licence, PathTemplate, Place, TimeZoneName, WorldName,
};
use kernel_types::{ComponentId, Effect, Limits, OperationName, Permission, PublisherId};
use semver::Version;
use std::collections::BTreeMap;

/// A component's manifest. Made by [`Manifest::parse`] and in no other way; the format is in `docs/manifest.md`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Manifest {
    /// The component's name within a tenant, in URLs and in table names.
    pub id: ComponentId,
    /// Who publishes it, where the manifest says so.
    pub publisher: Option<PublisherId>,
    /// The component's version.
    pub version: Version,
    /// The name for people.
    pub title: String,
    /// What the component is for, in sentences.
    pub description: String,
    /// Under which licence it comes.
    pub licence: Licence,
    /// The WIT world that the binary implements.
    pub world: WorldName,
    /// Every exported operation.
    pub operations: BTreeMap<OperationName, Operation>,
    /// The platform interfaces that it imports.
    pub capabilities: Vec<Capability>,
    /// The interfaces of other domains that it imports.
    pub calls: Vec<Declaration>,
    /// The `events` interfaces that it imports: calling one publishes.
    pub publishes: Vec<Declaration>,
    /// The `events` interfaces that it exports: the host delivers to them.
    pub subscribes: Vec<Declaration>,
    /// The hooks that it asks and answers.
    pub hooks: Hooks,
    /// The operations that the host starts by the clock.
    pub schedules: Vec<Schedule>,
    /// What one invocation may use, the host's defaults where the manifest is silent.
    pub limits: Limits,
    /// The screens.
    pub views: Vec<View>,
    /// The name of the directory of the numbered SQL files, beside the manifest.
    pub migrations: String,
    /// JSON Schemas that the component ships, by name.
    pub schemas: BTreeMap<String, FilePath>,
    /// Where each section stands that was written, for faults of what is missing in it.
    pub(crate) sections: Vec<Place>,
}

/// An operation: a function of an exported interface.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Operation {
    /// Whether it may change anything.
    pub effect: Effect,
    /// What its caller must hold; `{id}.{interface}.{function}` where the manifest is silent.
    pub permission: Permission,
    /// Its REST route beside the derived one, where it has one.
    pub rest: Option<Rest>,
    /// What one invocation may use: the component's limits with the operation's own over them.
    pub limits: Limits,
    /// Where the manifest declares it.
    pub place: Place,
}

/// A REST route below `/api/{id}/v{major}`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Rest {
    /// The HTTP method.
    pub method: Method,
    /// The path with its placeholders.
    pub path: PathTemplate,
    /// The parameters in the query string, as WIT writes them. Empty with [`Method::Get`] and [`Method::Delete`] means
    /// every parameter that the path does not name.
    pub query: Vec<String>,
    /// Where the manifest declares it.
    pub place: Place,
}

/// An HTTP method (RFC 9110; `PATCH`: RFC 5789).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Method {
    /// Reads; has no body.
    Get,
    /// Whatever the other methods do not say.
    Post,
    /// Replaces.
    Put,
    /// Changes a part.
    Patch,
    /// Removes; has no body.
    Delete,
}

impl Method {
    /// As it stands in a request.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }

    /// Whether a request carries parameters in its body. Without one, they are in path and query alone.
    #[must_use]
    pub const fn has_body(self) -> bool {
        !matches!(self, Self::Get | Self::Delete)
    }
}

impl std::fmt::Display for Method {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A platform interface that the component asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Capability {
    /// The interface.
    pub interface: InterfaceName,
    /// Why, for the administrator who grants it.
    pub reason: String,
    /// What of it.
    pub scope: CapabilityScope,
    /// Where the manifest declares it.
    pub place: Place,
}

/// An interface of another domain, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Declaration {
    /// The interface.
    pub interface: InterfaceName,
    /// Why, for the administrator who enables the component.
    pub reason: String,
    /// Where the manifest declares it.
    pub place: Place,
}

/// The hooks of a component.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Hooks {
    /// The `hooks` interfaces that it imports: it asks, others answer.
    pub offers: Vec<Declaration>,
    /// The `hooks` interfaces that it exports: it is asked, and can refuse.
    pub answers: Vec<Declaration>,
}

/// An operation that the host starts by the clock.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Schedule {
    /// Its name, unique within the component.
    pub name: String,
    /// The operation; one of the manifest's.
    pub operation: OperationName,
    /// When.
    pub cron: Cron,
    /// On whose clock. Whether the zone exists is for the host's time zone database to say.
    pub time_zone: TimeZoneName,
    /// What happens after the host was down at the time.
    pub missed: Missed,
    /// Where the manifest declares it.
    pub place: Place,
}

/// What happens to the runs of a schedule that fell into a time when the host was down.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Missed {
    /// One run makes up for all.
    #[default]
    RunOnce,
    /// They are left out.
    Skip,
}

/// A screen that the host makes from an operation.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct View {
    /// Its name, unique within the component.
    pub id: String,
    /// Its name for people.
    pub title: String,
    /// The operation that fills it, or that it sends to; one of the manifest's.
    pub operation: OperationName,
    /// Which kind of screen.
    pub kind: ViewKind,
    /// Where the manifest declares it.
    pub place: Place,
}

/// Kinds of screens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ViewKind {
    /// A table of what the operation returns.
    List,
    /// The operation's input, to be filled in and sent.
    Form,
    /// A document made of what the operation returns.
    Report,
}

impl Manifest {
    /// The name that its publisher signs for: `{publisher}/{id}`, or the id alone.
    #[must_use]
    pub fn name(&self) -> String {
        self.publisher.as_ref().map_or_else(|| self.id.to_string(), |publisher| format!("{publisher}/{}", self.id))
    }

    /// Every interface that the binary has to import, with the section that declares it.
    pub(crate) fn imports(&self) -> impl Iterator<Item = Declared<'_>> {
        let capabilities = self.capabilities.iter().map(|c| Declared {
            section: "capabilities",
            interface: &c.interface,
            place: &c.place,
        });
        let all = [("calls", &self.calls), ("publishes", &self.publishes), ("hooks.offers", &self.hooks.offers)];
        capabilities.chain(all.into_iter().flat_map(|(section, list)| declared(section, list)))
    }

    /// Every interface of another domain that the binary has to export, with the section that declares it.
    pub(crate) fn exports(&self) -> impl Iterator<Item = Declared<'_>> {
        let all = [("subscribes", &self.subscribes), ("hooks.answers", &self.hooks.answers)];
        all.into_iter().flat_map(|(section, list)| declared(section, list))
    }
}

fn declared<'m>(section: &'static str, list: &'m [Declaration]) -> impl Iterator<Item = Declared<'m>> {
    list.iter().map(move |d| Declared { section, interface: &d.interface, place: &d.place })
}
