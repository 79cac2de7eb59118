//! Statistics of statements by shape: the text without values. Bounded, in memory, and of one process.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use serde_json::{Value, json};

use super::costs::ShapeKey;
use crate::compile::StatementDigest;

/// Maximum number of shapes; callers control how many there are.
const MAX_SHAPES: usize = 200;

/// Time after which a shape may give its place to another.
const IDLE: Duration = Duration::from_secs(60);

/// Most characters of a statement that are shown.
const MAX_STATEMENT_CHARS: usize = 1000;

/// Time between two lines of the slow log about one shape.
const LOG_INTERVAL: Duration = Duration::from_secs(60);

/// Number of buckets, the upper bound of the first in milliseconds, and the factor to the next; the last ends after 12 minutes.
const BUCKETS: usize = 40;
const FIRST_BOUND: f64 = 0.1;
const FACTOR: f64 = 1.5;

/// Subject of a statement.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ShapeSubject<'a> {
    /// Login that ran it.
    pub login: &'a str,
    /// Word of the audit, such as read or insert.
    pub operation: &'static str,
    pub collection: &'a str,
    pub statement: &'a str,
    pub digest: StatementDigest,
}

/// Figures of one shape.
#[derive(Debug)]
struct ShapeFigures {
    login: String,
    operation: &'static str,
    collection: String,
    statement: String,
    calls: u64,
    failed: u64,
    rows: u64,
    milliseconds: f64,
    longest: f64,
    times: [u32; BUCKETS],
    used: Instant,
    logged: Option<Instant>,
}

/// Figures of all shapes of a service.
#[derive(Debug, Default)]
pub(crate) struct ShapeStatistics {
    shapes: Mutex<HashMap<ShapeKey, ShapeFigures>>,
}

/// Outcome of a statement.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StatementOutcome {
    pub took: Duration,
    /// Rows, or `None` if it failed.
    pub rows: Option<i64>,
}

impl ShapeStatistics {
    /// Counts a statement, and returns `true` if the slow log has to report it.
    pub(crate) fn count(
        &self,
        subject: ShapeSubject<'_>,
        outcome: StatementOutcome,
        slow: Duration,
        now: Instant,
    ) -> bool {
        let key = ShapeKey::new(Some(subject.login), subject.digest);
        let mut shapes = self.shapes.lock();
        if shapes.len() >= MAX_SHAPES && !shapes.contains_key(&key) {
            let oldest = shapes.iter().min_by_key(|(_, one)| one.used).map(|(key, one)| (*key, one.used));
            match oldest {
                Some((oldest, used)) if now.saturating_duration_since(used) >= IDLE => shapes.remove(&oldest),
                _ => return outcome.took >= slow,
            };
        }
        let figures = shapes.entry(key).or_insert_with(|| ShapeFigures::new(subject, now));
        figures.add(outcome, now);
        let is_due =
            figures.logged.is_none_or(|logged| now.saturating_duration_since(logged) >= LOG_INTERVAL);
        let logs = outcome.took >= slow && is_due;
        if logs {
            figures.logged = Some(now);
        }
        logs
    }

    /// Returns the figures of the statements of some logins, those that took the most time first.
    pub(crate) fn of_logins(&self, logins: &[&str]) -> Vec<Value> {
        let shapes = self.shapes.lock();
        let mut own: Vec<(&ShapeKey, &ShapeFigures)> =
            shapes.iter().filter(|(_, one)| logins.contains(&one.login.as_str())).collect();
        own.sort_by(|(_, a), (_, b)| b.milliseconds.total_cmp(&a.milliseconds));
        own.into_iter().map(|(key, one)| one.to_json(key)).collect()
    }
}

impl ShapeFigures {
    fn new(subject: ShapeSubject<'_>, now: Instant) -> ShapeFigures {
        ShapeFigures {
            login: subject.login.to_owned(),
            operation: subject.operation,
            collection: subject.collection.to_owned(),
            statement: subject.statement.chars().take(MAX_STATEMENT_CHARS).collect(),
            calls: 0,
            failed: 0,
            rows: 0,
            milliseconds: 0.0,
            longest: 0.0,
            times: [0; BUCKETS],
            used: now,
            logged: None,
        }
    }

    fn add(&mut self, outcome: StatementOutcome, now: Instant) {
        let milliseconds = outcome.took.as_secs_f64() * 1000.0;
        self.calls += 1;
        self.failed += u64::from(outcome.rows.is_none());
        self.rows += outcome.rows.and_then(|rows| u64::try_from(rows).ok()).unwrap_or(0);
        self.milliseconds += milliseconds;
        self.longest = self.longest.max(milliseconds);
        let bucket = bounds().position(|bound| milliseconds <= bound).unwrap_or(BUCKETS - 1);
        self.times[bucket] = self.times[bucket].saturating_add(1);
        self.used = now;
    }

    /// Returns the time that a share of the calls did not exceed: the upper bound of its bucket.
    fn percentile(&self, share: f64) -> f64 {
        let wanted = (self.calls as f64 * share).ceil() as u64;
        let mut seen = 0;
        for (bound, number) in bounds().zip(self.times) {
            seen += u64::from(number);
            if seen >= wanted {
                return bound.min(self.longest);
            }
        }
        self.longest
    }

    fn to_json(&self, key: &ShapeKey) -> Value {
        let rounded = |milliseconds: f64| (milliseconds * 1000.0).round() / 1000.0;
        json!({
            "id": key.id(), "operation": self.operation, "collection": self.collection, "statement": self.statement,
            "calls": self.calls, "failed": self.failed, "rows": self.rows,
            "total_ms": rounded(self.milliseconds), "mean_ms": rounded(self.milliseconds / self.calls.max(1) as f64),
            "p50_ms": rounded(self.percentile(0.5)), "p95_ms": rounded(self.percentile(0.95)),
            "p99_ms": rounded(self.percentile(0.99)), "max_ms": rounded(self.longest),
        })
    }
}

fn bounds() -> impl Iterator<Item = f64> {
    std::iter::successors(Some(FIRST_BOUND), |bound| Some(bound * FACTOR)).take(BUCKETS)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subject<'a>(login: &'a str, statement: &'a str) -> ShapeSubject<'a> {
        let digest = StatementDigest::new(statement);
        ShapeSubject { login, operation: "read", collection: "public.orders", statement, digest }
    }

    fn took(milliseconds: u64, rows: Option<i64>) -> StatementOutcome {
        StatementOutcome { took: Duration::from_millis(milliseconds), rows }
    }

    #[test]
    fn figures_belong_to_a_login_and_tell_how_long_its_statements_took() {
        let (statistics, now) = (ShapeStatistics::default(), Instant::now());
        let slow = Duration::from_millis(100);
        for number in 1..=99 {
            assert!(!statistics.count(
                subject("shop_serve_ro", "SELECT 1"),
                took(number % 10, Some(2)),
                slow,
                now
            ));
        }
        assert!(statistics.count(subject("shop_serve_ro", "SELECT 1"), took(700, None), slow, now));
        assert!(!statistics.count(subject("shop_serve_ro", "SELECT 1"), took(0, None), slow, now));
        assert!(
            !statistics.count(subject("shop_serve_ro", "SELECT 1"), took(700, None), slow, now),
            "logged already"
        );
        assert_eq!(statistics.of_logins(&["shop_serve"]), Vec::<Value>::new());
        let found = &statistics.of_logins(&["shop_serve", "shop_serve_ro"])[0];
        assert_eq!(
            (&found["calls"], &found["failed"], &found["rows"]),
            (&json!(102), &json!(3), &json!(198))
        );
        let p50 = found["p50_ms"].as_f64().unwrap();
        assert!((5.0..8.0).contains(&p50), "{found}");
        assert_eq!(found["max_ms"], 700.0);
        assert!(found["p99_ms"].as_f64().unwrap() > 500.0, "{found}");
    }

    #[test]
    fn their_number_is_bounded_and_idle_ones_give_way() {
        let (statistics, now) = (ShapeStatistics::default(), Instant::now());
        let slow = Duration::from_secs(1);
        for number in 0..2 * MAX_SHAPES {
            statistics.count(subject("l", &number.to_string()), took(1, Some(1)), slow, now);
        }
        assert_eq!(statistics.of_logins(&["l"]).len(), MAX_SHAPES);
        statistics.count(subject("l", "later"), took(1, Some(1)), slow, now + IDLE);
        let found = statistics.of_logins(&["l"]);
        assert!(found.len() == MAX_SHAPES && found.iter().any(|one| one["statement"] == "later"));
    }
}
