//! Limits and permissions of a service's data, from the manifest.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use martydb_model::{SERVE_LIMITS, ServeLimit, ServeLimits, TransactionTimes};

use crate::error::{HttpError, HttpResult};

/// Limits of each request.
#[derive(Debug, Clone, PartialEq)]
pub struct RequestLimits {
    pub most: ServeLimits,
    pub timeout: Duration,
    pub aggregates: bool,
    /// Planner cost of a statement.
    pub cost: Option<u64>,
    /// Statements slower than this are logged.
    pub slow: Duration,
}

/// Sizes of an answer that is sent line by line, as multiples of one that is sent whole.
const LINES: usize = 8;

impl RequestLimits {
    /// Returns the rows of an answer, at each level.
    pub(crate) fn rows(&self) -> i64 {
        i64::try_from(self.most[ServeLimit::Rows]).unwrap_or(i64::MAX)
    }

    /// Returns the bytes of an answer.
    pub(crate) fn answer(&self) -> usize {
        self.most.size(ServeLimit::Answer)
    }

    /// Returns the bytes of an answer that is sent line by line.
    pub(crate) fn lines(&self) -> usize {
        LINES * self.answer()
    }

    /// Returns a limit on a number, and rejects a larger one.
    pub(crate) fn check(&self, limit: ServeLimit, number: usize) -> HttpResult<()> {
        let most = self.most.size(limit);
        if number <= most {
            return Ok(());
        }
        let row = &SERVE_LIMITS[limit as usize];
        let hint = format!("`limits: {{ {}: {most} }}` of the service", row.key);
        Err(HttpError::limit(format!("more than {most} {}", row.subject)).hint(hint))
    }
}

impl Default for RequestLimits {
    fn default() -> RequestLimits {
        RequestLimits {
            most: ServeLimits::default(),
            timeout: Duration::from_secs(5),
            aggregates: false,
            cost: None,
            slow: Duration::from_secs(1),
        }
    }
}

/// Functions that callers may call. The database decides also: the login has to have EXECUTE.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExposedFunctions {
    /// Those of these names, in the exposed schemas.
    Listed(BTreeSet<String>),
    /// All in the exposed schemas.
    All,
}

impl Default for ExposedFunctions {
    fn default() -> ExposedFunctions {
        ExposedFunctions::Listed(BTreeSet::new())
    }
}

/// Records that the data service keeps in the schema `martydb_serve`; without any, the schema may be missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RecordOptions {
    /// `true` if each write leaves a row in the audit.
    pub writes: bool,
    /// `true` if each read leaves one too.
    pub reads: bool,
    /// `true` if a write may have an idempotency key.
    pub keys: bool,
}

/// Exposed relations of a service, with its limits.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ServedExposure {
    /// Exposed schemas, the default one first.
    pub schemas: Vec<String>,
    /// Exposed relations; empty for all.
    pub only: BTreeSet<String>,
    /// Relations that are not exposed.
    pub hide: BTreeSet<String>,
    pub functions: ExposedFunctions,
    pub limits: RequestLimits,
    /// Times of transactions of several requests, if they are allowed.
    pub transactions: Option<TransactionTimes>,
    pub records: RecordOptions,
    /// Tables whose answers are kept, with the longest time for which one is.
    pub cache: BTreeMap<String, Duration>,
    /// `true` if a caller may ask for `Prefer: tx=rollback`.
    pub rollback: bool,
    /// `true` if code of the service sees the caller's claims, in the setting `request.jwt.claims`.
    pub claims: bool,
    /// `true` if PATCH and DELETE without a filter change all rows, as in PostgREST.
    pub unfiltered_writes: bool,
    /// `true` if GET calls volatile functions too, in a transaction that may not write, as in PostgREST.
    pub volatile_reads: bool,
}
