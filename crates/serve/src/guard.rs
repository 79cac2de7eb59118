//! Guard of servers and callers: a rate for each caller, planner costs before execution, a breaker for each server, and what
//! statements took.

mod breaker;
mod bucket;
mod budget;
mod costs;
mod in_flight;
mod shapes;

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

pub use breaker::ServerBreaker;
use budget::CallerBudgets;
use costs::{CostCache, ShapeKey};
pub(crate) use in_flight::{BytesInFlight, SMALL};
pub(crate) use shapes::{ShapeStatistics, ShapeSubject, StatementOutcome};

use crate::callers::ServeCaller;
use crate::compile::CompiledStatement;
use crate::error::{HttpError, HttpResult, NO_CONNECTION};

/// Code of the answer while the breaker of the server is open.
pub(crate) const BREAKER_OPEN: &str = "MDB003";

/// Planner units of one unit of a caller's `cost`.
const PLANNER_UNITS: f64 = 100.0;

/// Guard of one service.
#[derive(Debug, Default)]
pub(crate) struct ServiceGuard {
    budgets: CallerBudgets,
    costs: CostCache,
    /// Statistics of statements.
    pub shapes: ShapeStatistics,
    over_rate: AtomicU64,
    over_cost: AtomicU64,
    without_connection: AtomicU64,
    at_open_breaker: AtomicU64,
    over_streams: AtomicU64,
    over_bytes: AtomicU64,
}

impl ServiceGuard {
    /// Admits a request of a caller, before anything is done for it.
    pub(crate) fn admit(&self, caller: &ServeCaller) -> HttpResult<()> {
        self.budgets.admit(caller, Instant::now()).map_err(|seconds| {
            self.over_rate.fetch_add(1, Ordering::Relaxed);
            let message = format!("caller \"{}\" sends more than its rate allows", caller.name);
            HttpError::new(429, "MDB002", message).header("Retry-After", seconds.to_string())
        })
    }

    /// Returns the known cost of a statement for a login.
    pub(crate) fn known(&self, login: Option<&str>, compiled: &CompiledStatement) -> Option<f64> {
        self.costs.get(&ShapeKey::with_values(login, compiled), Instant::now())
    }

    /// Keeps the cost of a statement.
    pub(crate) fn learn(&self, login: Option<&str>, compiled: &CompiledStatement, cost: f64) {
        let key = ShapeKey::with_values(login, compiled);
        self.costs.put(key, cost, Instant::now());
    }

    /// Forgets all costs: the catalog has changed.
    pub(crate) fn forget(&self) {
        self.costs.clear();
    }

    /// Charges a caller for a statement, and rejects one above the limit.
    pub(crate) fn charge(&self, caller: &ServeCaller, limit: Option<u64>, cost: f64) -> HttpResult<()> {
        // One unit was taken when the request was admitted.
        self.budgets.charge(caller, (cost / PLANNER_UNITS - 1.0).max(0.0), Instant::now());
        let Some(limit) = limit.filter(|limit| cost > *limit as f64) else { return Ok(()) };
        self.over_cost.fetch_add(1, Ordering::Relaxed);
        let message = format!("the planner expects a cost of {cost:.0}, and the limit is {limit}");
        let hint = "a filter on an indexed column, fewer rows, or fewer embedded relations";
        Err(HttpError::new(422, "MDB001", message).hint(hint))
    }

    /// Counts a request that was refused for want of a connection, by the code of its answer.
    pub(crate) fn count_refused(&self, code: &str) {
        match code {
            NO_CONNECTION => self.without_connection.fetch_add(1, Ordering::Relaxed),
            BREAKER_OPEN => self.at_open_breaker.fetch_add(1, Ordering::Relaxed),
            "MDB016" => self.over_bytes.fetch_add(1, Ordering::Relaxed),
            _ => return,
        };
    }

    /// Counts a stream that was refused, and returns the answer.
    pub(crate) fn too_many_streams(&self) -> HttpError {
        self.over_streams.fetch_add(1, Ordering::Relaxed);
        let message = "too many answers are being read line by line: wait for the end of one";
        HttpError::new(429, "MDB002", message).header("Retry-After", "1")
    }

    /// Returns the requests that were refused, by reason.
    pub(crate) fn refused(&self) -> [(&'static str, u64); 6] {
        let number = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        [
            ("rate", number(&self.over_rate)),
            ("cost", number(&self.over_cost)),
            ("pool", number(&self.without_connection)),
            ("breaker", number(&self.at_open_breaker)),
            ("streams", number(&self.over_streams)),
            ("bytes", number(&self.over_bytes)),
        ]
    }
}
