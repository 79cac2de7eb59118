//! Names of the rooms `handlers`, `run`, `answer` and `service` that others use.

pub use crate::answer::{HttpAnswer, REPLICA};
pub use crate::face::http_request::RestRequest;
pub use crate::handlers::api::{PREFIX as API_PREFIX, respond_api};
pub use crate::handlers::json_lines::{respond_lines, wants_lines};
pub use crate::handlers::openapi::respond_openapi;
pub use crate::handlers::rest::respond;
pub use crate::run::ServedAnswer;
pub use crate::run::cache::MOST_BYTES as MOST_CACHED_BYTES;
pub use crate::run::idempotency::HEADER as IDEMPOTENCY_KEY;
pub use crate::run::replicas::ReplicaTargets;
pub use crate::run::service::{ServedDatabase, ServedService};
pub use crate::run::wal_position::WRITTEN;
