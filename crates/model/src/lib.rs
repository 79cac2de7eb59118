//! Plain data: the desired state from the manifest and the actual state of a server. No I/O, no decisions.
//!
//! - [`acl`]: access control lists, as `aclexplode` returns them
//! - [`actual`]: the actual state of a server
//! - [`app_url`]: addresses that applications connect to
//! - [`contract`]: the role contract
//! - [`deploy`]: settings of deployment files
//! - [`desired`]: the desired state of a server
//! - [`environment`]: environment variables as a value
//! - [`error`]: the crate's error type
//! - [`findings`]: registry of findings
//! - [`grants`]: statements that remove privileges, as typed values
//! - [`hex`]: bytes as hexadecimal digits
//! - [`metrics`]: metrics of `martydb monitor` and their alerts
//! - [`names`]: names of services, databases, roles and schemas
//! - [`platform`]: managed platforms and what they withhold
//! - [`project_roles`]: the roles of a project beside those of its services
//! - [`sql`]: SQL text from values
//! - [`sqlstate`]: SQLSTATEs that decide something here
//! - [`suggest`]: "Did you mean …?"
//! - [`units`]: durations as people write them, and PostgreSQL's units
//! - [`yaml`]: checks of a YAML text before it is parsed

#![cfg_attr(
    not(test),
    deny(clippy::disallowed_methods, clippy::print_stderr, clippy::print_stdout, clippy::unwrap_used)
)]

mod access;
pub mod acl;
pub mod actual;
mod answer_cache;
pub mod app_url;
mod backup;
mod broker_url;
mod contents;
pub mod contract;
mod database_kind;
pub mod deploy;
pub mod desired;
pub mod environment;
pub mod error;
mod event_route;
pub mod findings;
pub mod grants;
pub mod hex;
pub mod metrics;
mod monitor_login;
mod move_note;
pub mod names;
mod outbox;
mod parameters;
mod partitions;
mod password_note;
pub mod platform;
pub mod project_roles;
mod records;
mod replaced_mark;
mod role_graph;
mod role_kind;
mod serve;
pub mod sql;
pub mod sqlstate;
pub mod suggest;
mod test_database;
pub mod units;
pub mod yaml;

pub use access::{
    AccessExtent, AccessGrant, AccessLevel, AccessRole, AccessTarget, DesiredPublication, MONITOR_SERVICE,
    PG_MONITOR,
};
pub use acl::{AclEntry, Grantee};
pub use actual::*;
pub use answer_cache::{ActualCounter, CACHE_TRIGGER, WriteCounter, is_counting_sequence};
pub use backup::{BackupLocation, BackupSettings, BackupTimes, RetentionPolicy};
pub use broker_url::{AMQP, BrokerScheme, BrokerUrl, HTTP, KAFKA, NATS, parse_cluster};
pub use contents::*;
pub use database_kind::DatabaseKind;
pub use desired::*;
pub use event_route::{EventField, EventRoute, is_reserved_by_nats};
pub use monitor_login::is_monitor_login;
pub use move_note::MoveNote;
pub use names::*;
pub use outbox::{DeadPolicy, EventTarget, Outbox, OutboxColumns, Redelivery, SaslMechanism};
pub use parameters::{
    ActualParameters, CollationVersions, CreationParameters, DatabaseParameters, FixedParameter,
    LocaleProvider, encoding, refused_setting,
};
pub use partitions::{DETACHED_PARTITION, MADE_PARTITION, PartitionedTable, Period, Removal};
pub use password_note::{dated, password_set};
pub use records::{
    AUDIT_TABLE, DeclaredAudit, RECORD_TABLES, RecordColumn, RecordPart, RecordPartKind, RecordPolicy,
    RecordTable, SERVE_SCHEMA,
};
pub use role_graph::{RoleGraph, RolePath};
pub use role_kind::RoleKind;
pub use serve::{
    ANONYMOUS, DeclaredCaller, DeclaredTokens, ListenerFiles, ServeSettings, ServiceExposure, TokenKeys,
    TransactionTimes,
};
pub use test_database::{TestDatabase, made_at, template_name, test_name};
