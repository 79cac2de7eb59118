//! Settings of a service and its surroundings, as the manifest declares them.

mod answer_cache;
pub mod app_url;
mod backup;
mod broker_url;
pub mod deploy;
mod event_route;
mod outbox;
mod partitions;
mod records;
mod serve;
mod serve_limits;

pub(crate) use answer_cache::is_counting_sequence;
pub use answer_cache::{ActualCounter, CACHE_TRIGGER, WriteCounter};
pub use backup::{BackupLocation, BackupSettings, BackupTimes, RetentionPolicy};
pub use broker_url::{AMQP, BrokerScheme, BrokerUrl, HTTP, KAFKA, NATS, parse_cluster};
pub use event_route::{EventField, EventRoute, is_reserved_by_nats};
pub use outbox::{DeadPolicy, EventTarget, Outbox, OutboxColumns, Redelivery, SaslMechanism};
pub use partitions::{DETACHED_PARTITION, MADE_PARTITION, PartitionedTable, Period, Removal};
pub use records::{
    AUDIT_TABLE, DeclaredAudit, RECORD_TABLES, RecordColumn, RecordPart, RecordPartKind, RecordPolicy,
    RecordTable, SERVE_SCHEMA,
};
pub use serve::{
    ANONYMOUS, DeclaredCaller, DeclaredTokens, ListenerFiles, ServeSettings, ServiceExposure, TokenKeys,
    TransactionTimes,
};
pub use serve_limits::{LimitRow, LimitScope, SERVE_LIMITS, ServeLimit, ServeLimits};
