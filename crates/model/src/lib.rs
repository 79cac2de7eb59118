//! Plain data: the desired state from the manifest and the actual state of a server. No I/O, no decisions.
//!
//! Names, the desired and the actual state, settings, and the notes in comments of databases and roles are at the root.
//!
//! - [`contract`]: the role contract
//! - [`environment`]: environment variables as a value
//! - [`error`]: the crate's error type
//! - [`findings`]: registry of findings
//! - [`grants`]: statements that remove privileges, as typed values
//! - [`hex`]: bytes as hexadecimal digits
//! - [`metrics`]: metrics of `martydb monitor` and their alerts
//! - [`platform`]: managed platforms and what they withhold
//! - [`sql`]: SQL text from values
//! - [`sqlstate`]: SQLSTATEs that decide something here
//! - [`suggest`]: "Did you mean …?"
//! - [`text`]: untrusted text made safe to print
//! - [`units`]: durations as people write them, and PostgreSQL's units
//! - [`yaml`]: checks of a YAML text before it is parsed

mod actual;
pub mod contract;
mod desired;
pub mod environment;
pub mod error;
pub mod findings;
pub mod grants;
pub mod hex;
pub mod metrics;
mod names;
mod notes;
pub mod platform;
mod settings;
pub mod sql;
pub mod sqlstate;
pub mod suggest;
pub mod text;
pub mod units;
pub mod yaml;

pub use actual::{
    AclEntry, Activity, ActualDatabase, ActualObject, ActualPublication, ActualRecords, ActualRole,
    ActualSchema, ActualServer, Admin, Capacity, Contents, DefaultAcl, FILE_ROLES, Grantee, Holdings,
    HostExtensions, Jobs, Membership, ObjectKind, OwnerCode, RUN_RECORD_SCHEMA, RecordPlace, RedisClients,
    RedisPrefix, RedisUse, RoleDependencies, RoleGraph, RolePath, RoleSetting, RunRecordFacts,
    StoredPassword, acl, cut, is_cut,
};
pub use desired::{
    AccessExtent, AccessGrant, AccessLevel, AccessRole, AccessTarget, ActualParameters, CollationVersions,
    CreationParameters, DatabaseParameters, DeclaredRoles, DesiredExtension, DesiredPublication,
    DesiredServer, DesiredService, DownFiles, EMBEDDED_MAP, EMBEDDED_REDIS_ADMIN, FixedParameter,
    FormerNames, LintRules, LocaleProvider, MONITOR_SERVICE, MigrationSource, OnSchemaDrift, PG_MONITOR,
    encoding, refused_setting,
};
pub use names::{
    DbName, InvalidName, Label, RoleKind, RoleName, SchemaName, ServerName, ServiceFilter, ServiceName,
    project_roles,
};
pub use notes::{
    DatabaseKind, MoveNote, TestDatabase, dated, is_monitor_login, made_at, password_set, template_name,
    test_name,
};
use settings::is_counting_sequence;
pub use settings::{
    AMQP, ANONYMOUS, AUDIT_TABLE, ActualCounter, BackupLocation, BackupSettings, BackupTimes, BrokerScheme,
    BrokerUrl, CACHE_TRIGGER, DETACHED_PARTITION, DeadPolicy, DeclaredAudit, DeclaredCaller, DeclaredTokens,
    EventField, EventRoute, EventTarget, HTTP, KAFKA, LimitRow, LimitScope, ListenerFiles, MADE_PARTITION,
    NATS, Outbox, OutboxColumns, PartitionedTable, Period, RECORD_TABLES, RecordColumn, RecordPart,
    RecordPartKind, RecordPolicy, RecordTable, Redelivery, Removal, RetentionPolicy, SERVE_LIMITS,
    SERVE_SCHEMA, SaslMechanism, ServeLimit, ServeLimits, ServeSettings, ServiceExposure, TokenKeys,
    TransactionTimes, WriteCounter, app_url, deploy, is_reserved_by_nats, parse_cluster,
};
