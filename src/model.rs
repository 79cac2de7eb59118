//! Plain data: the desired state from the manifest and the actual state of a server. No I/O, no decisions.

mod access;
pub mod acl;
pub mod actual;
pub mod app_url;
mod backup;
mod broker_url;
mod contents;
mod database_kind;
pub mod deploy;
pub mod desired;
mod event_route;
mod kept_mark;
mod move_note;
pub mod names;
mod outbox;
mod parameters;
mod password_note;
pub mod platform;
pub mod project_roles;
mod role_graph;
mod role_kind;
mod test_database;

pub use access::{
    AccessExtent, AccessGrant, AccessLevel, AccessRole, DesiredPublication, MONITOR_SERVICE, PG_MONITOR, Spot,
};
pub use acl::{AclEntry, Grantee};
pub use actual::*;
pub use backup::{BackupPlace, BackupSettings, BackupTimes, Keep};
pub use broker_url::{AMQP, BrokerScheme, BrokerUrl, HTTP, NATS};
pub use contents::*;
pub use database_kind::DatabaseKind;
pub use desired::*;
pub use event_route::{EventField, EventRoute};
pub use move_note::MoveNote;
pub use names::*;
pub use outbox::{EventTarget, Outbox, OutboxColumns, Redelivery};
pub use parameters::{
    CollationVersions, DatabaseParameters, Fixed, FoundParameters, LocaleProvider, MadeWith, encoding,
    refused_setting,
};
pub use password_note::{dated, password_set};
pub use role_graph::{RoleGraph, RolePath};
pub use role_kind::RoleKind;
pub use test_database::{TestDatabase, made_at, template_name, test_name};
