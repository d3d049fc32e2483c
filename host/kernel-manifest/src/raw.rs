// SPDX-License-Identifier: MIT OR Apache-2.0
//! Every key of `cortex.yaml`, in one visible list. Reader and JSON Schema both come from it; what an editor shows
//! beside a key is the comment that stands here. What concerns more than one key is checked in `check`.

use crate::limit::LimitsRecord;
use crate::read::{At, Entries, List};
use crate::record::record;
use crate::word::{
    Cron, Description, DirectoryName, FilePath, HostPattern, InterfaceName, Licence, Name, PathTemplate, Reason,
    TimeZoneName, Title, WorldName,
};
use crate::{Method, Missed, ViewKind};
use kernel_types::{ComponentId, Effect, OperationName, Permission, PublisherId};
use semver::Version;

record! {
    /// The manifest of a Cortex component, `cortex.yaml`.
    ManifestRecord = "a manifest" {
        /// The component's name within a tenant: lower-case letters, digits, single hyphens. It stands in URLs and in
        /// table names.
        required id "id": At<ComponentId>;
        /// Who publishes it. A policy says who may sign for `{publisher}/{id}`; without a publisher, for `{id}`.
        optional publisher "publisher": At<PublisherId>;
        /// The component's semantic version, `1.0.0`. Its major number stands in the URLs.
        required version "version": At<Version>;
        /// The name for people, one line.
        required title "title": At<Title>;
        /// What the component is for.
        required description "description": At<Description>;
        /// An SPDX licence expression, `MIT OR Apache-2.0`.
        required licence "licence": At<Licence>;
        /// The WIT world that the component implements, `component` or `cortex:ledger/component@1.0.0`.
        required world "world": At<WorldName>;
        /// Every exported function, as `interface.function`.
        required operations "operations": Entries<OperationName, OperationRecord>;
        /// The platform interfaces that the component imports, each with the reason that the administrator is shown.
        optional capabilities "capabilities": List<CapabilityRecord>;
        /// The interfaces of other domains that the component imports.
        optional calls "calls": List<DeclarationRecord>;
        /// The `events` interfaces that the component imports: calling one publishes an event.
        optional publishes "publishes": List<DeclarationRecord>;
        /// The `events` interfaces that the component exports: the host delivers events to them.
        optional subscribes "subscribes": List<DeclarationRecord>;
        /// The hooks that the component asks and answers.
        optional hooks "hooks": HooksRecord;
        /// Operations that the host starts by the clock.
        optional schedules "schedules": List<ScheduleRecord>;
        /// Limits of one invocation where they differ from the host's defaults.
        optional limits "limits": LimitsRecord;
        /// Screens that the host makes from operations.
        optional views "views": List<ViewRecord>;
        /// The name of the directory of the numbered SQL files, beside the manifest.
        optional migrations "migrations": At<DirectoryName> = "migrations";
        /// JSON Schemas that the component ships: a name, and the path of the file beside the manifest.
        optional schemas "schemas": Entries<Name, At<FilePath>>;
    }
}

record! {
    /// An exported function.
    OperationRecord = "an operation" {
        /// Whether it only reads (it runs on a snapshot and can change nothing) or writes.
        required effect "effect": At<Effect>;
        /// What the caller must hold; `{id}.{interface}.{function}` when absent.
        optional permission "permission": At<Permission>;
        /// A REST route, beside the `POST /api/{id}/v{major}/{interface}/{function}` that always exists.
        optional rest "rest": RestRecord;
        /// Limits of this operation where they differ from the component's.
        optional limits "limits": LimitsRecord;
    }
}

record! {
    /// A REST route of an operation.
    RestRecord = "a REST route" {
        /// The HTTP method. An operation that reads takes GET or POST; GET takes an operation that reads.
        required method "method": At<Method>;
        /// The path below `/api/{id}/v{major}`; a placeholder `{name}` is a segment and names a parameter of the
        /// function.
        required path "path": At<PathTemplate>;
        /// The parameters that the query string carries. With GET and DELETE, all that the path does not name when
        /// absent.
        optional query "query": List<At<Name>>;
    }
}

record! {
    /// A platform interface that the component asks for.
    CapabilityRecord = "a capability" {
        /// The interface, `cortex:storage/sql`; with a version, `cortex:storage/sql@1.0.0`, that version only.
        required interface "interface": At<InterfaceName>;
        /// A sentence for the administrator who grants it.
        required reason "reason": At<Reason>;
        /// What of it, where the capability has parts.
        optional scope "scope": ScopeRecord;
    }
}

record! {
    /// Which parts of a capability the component asks for.
    ScopeRecord = "a scope" {
        /// Names of secrets, for `cortex:secrets`.
        optional secrets "secrets": List<At<Name>, 1>;
        /// Hosts with an optional port, for outgoing HTTP.
        optional hosts "hosts": List<At<HostPattern>, 1>;
        /// Names of buckets, for files.
        optional buckets "buckets": List<At<Name>, 1>;
    }
}

record! {
    /// An interface of another domain.
    DeclarationRecord = "a declaration" {
        /// The interface, `cortex:accounting/journal`; with a version, `cortex:accounting/journal@1.0.0`, that version
        /// only.
        required interface "interface": At<InterfaceName>;
        /// A sentence for the administrator who enables the component.
        required reason "reason": At<Reason>;
    }
}

record! {
    /// Hooks: the importer asks, every enabled exporter answers and can refuse.
    HooksRecord = "hooks" {
        /// The `hooks` interfaces that the component imports.
        optional offers "offers": List<DeclarationRecord>;
        /// The `hooks` interfaces that the component exports.
        optional answers "answers": List<DeclarationRecord>;
    }
}

record! {
    /// An operation that the host starts by the clock.
    ScheduleRecord = "a schedule" {
        /// Its name, unique within the component.
        required name "name": At<Name>;
        /// The operation; its function takes no parameters.
        required operation "operation": At<OperationName>;
        /// Five fields: minute, hour, day of the month, month, weekday.
        required cron "cron": At<Cron>;
        /// The IANA name of the time zone whose clock counts.
        optional time_zone "time-zone": At<TimeZoneName> = "UTC";
        /// After the host was down at the time: run once to make up for it, or skip it.
        optional missed "missed": At<Missed> = "run-once";
    }
}

record! {
    /// A screen that the host makes from an operation.
    ViewRecord = "a view" {
        /// Its name, unique within the component.
        required id "id": At<Name>;
        /// Its name for people, one line.
        required title "title": At<Title>;
        /// The operation that fills the list or report, or that takes the form.
        required operation "operation": At<OperationName>;
        /// The kind of screen. A list and a report take an operation that reads.
        required kind "kind": At<ViewKind>;
    }
}
