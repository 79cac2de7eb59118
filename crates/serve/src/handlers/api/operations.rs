//! Operation of the service for its callers: health, statistics, statements, connections, migrations. All of it concerns the
//! caller's own service, and none of it has a value of a row.

use std::time::Instant;

use martydb_model::sql::{List, Statement, stmt};
use serde_json::{Value, json};
use tokio_postgres::types::Type;

use super::call::{ApiCall, JSON};
use crate::answer::HttpAnswer;
use crate::callers::CallerRight;
use crate::error::{HttpError, HttpResult};
use crate::face::api::OperationsRoute;
use crate::face::rest::pairs;
use crate::run::ask;
use crate::run::service::ServedService;
use crate::session::TypedText;

/// Most events of migrations in one answer.
const MOST_EVENTS: i64 = 1000;

/// State of a database in which nothing was migrated.
const NOT_MIGRATED: &str = r#"{"version":null,"applied":0,"last":null,"executing":[],"failed":[]}"#;

/// Events in an answer without `limit`.
const EVENTS: i64 = 100;

impl ServedService {
    /// Returns the health that anyone may know: up unless the breaker is open; the server is not asked.
    pub(crate) fn short_health(&self) -> HttpAnswer {
        let (status, word) = if self.breaker.is_open() { (503, "down") } else { (200, "up") };
        answer(status, &json!({ "status": word }))
    }
}

fn answer(status: u16, value: &Value) -> HttpAnswer {
    written(status, value.to_string())
}

/// Returns the answer with a text of JSON.
fn written(status: u16, text: String) -> HttpAnswer {
    let headers =
        vec![("Content-Type".into(), JSON.to_owned()), ("Cache-Control".into(), "no-store".to_owned())];
    HttpAnswer { status, headers, body: text.into_bytes() }
}

impl ApiCall<'_> {
    /// Answers a question about the operation of the service.
    pub(super) async fn operations(&self, route: OperationsRoute) -> HttpResult<HttpAnswer> {
        if !self.is_authenticated() {
            return match route {
                OperationsRoute::Health => Ok(self.service.short_health()),
                _ => Err(HttpError::new(401, "PGRST302", "Anonymous access is disabled")
                    .header("WWW-Authenticate", "Bearer")),
            };
        }
        match route {
            OperationsRoute::Health => Ok(self.health().await),
            OperationsRoute::Connections => Ok(answer(200, &self.connections())),
            OperationsRoute::Performance => Ok(answer(200, &self.performance())),
            OperationsRoute::Stats => self.stats().await,
            OperationsRoute::Migrations => self.migrations().await,
            OperationsRoute::MigrationStatus => self.migration_status().await,
        }
    }

    async fn health(&self) -> HttpAnswer {
        let begun = Instant::now();
        let found = self.recovery().await;
        let milliseconds = begun.elapsed().as_secs_f64() * 1000.0;
        let mut health = json!({
            "service": self.service.name, "breaker": if self.service.breaker.is_open() { "open" } else { "closed" },
            "answered_ms": (milliseconds * 1000.0).round() / 1000.0,
        });
        let (status, word) = match found {
            Ok(in_recovery) => {
                health["read_only"] = Value::from(in_recovery);
                (200, "up")
            }
            Err(error) => {
                health["reason"] = Value::from(error.message);
                (503, "down")
            }
        };
        health["status"] = Value::from(word);
        answer(status, &health)
    }

    /// Returns `true` if the server is a standby.
    async fn recovery(&self) -> HttpResult<bool> {
        let texts = self.texts(stmt!("SELECT pg_catalog.pg_is_in_recovery()::text"), &[]).await?;
        Ok(texts.first().is_some_and(|text| text == "true"))
    }

    fn connections(&self) -> Value {
        let pools = [("read", CallerRight::Read), ("write", CallerRight::Write)];
        let of = |(login, right)| {
            let pool = self.service.pool(right).connections();
            json!({ "login": login, "most": pool.most, "open": pool.open, "used": pool.used, "waiting": pool.waiting })
        };
        json!({
            "pools": pools.map(of).to_vec(), "transactions": self.service.transactions.open(),
            "breaker": if self.service.breaker.is_open() { "open" } else { "closed" },
        })
    }

    /// Returns the statistics of the statements that the caller's own logins ran.
    fn performance(&self) -> Value {
        let caller = &self.caller.identity;
        let logins = [self.service.login_of(caller, false), self.service.login_of(caller, true)];
        let slow = self.service.exposure.limits.slow.as_millis() as u64;
        json!({ "slow_ms": slow, "statements": self.service.guard.shapes.of_logins(&logins) })
    }

    async fn stats(&self) -> HttpResult<HttpAnswer> {
        let database = self.service.statistics.text().await?;
        let own = self.catalog.relations().filter(|one| one.schema == self.schema).map(|one| one.oid);
        let own: Vec<u32> = own.collect();
        let sizes = if own.is_empty() { vec![] } else { self.texts(sizes(own), &[]).await? };
        Ok(written(200, format!("{{\"database\":{database},\"collections\":[{}]}}", sizes.join(","))))
    }

    async fn migrations(&self) -> HttpResult<HttpAnswer> {
        let mut page = (EVENTS, i64::MAX);
        for (name, value) in pairs(&self.request.query) {
            let number = value.and_then(|value| value.parse::<i64>().ok()).filter(|number| *number > 0);
            match (name.as_str(), number) {
                ("limit", Some(number)) => page.0 = number.min(MOST_EVENTS),
                ("before", Some(number)) => page.1 = number,
                _ => {
                    let message = "the parameters are `limit` and `before`, positive numbers";
                    return Err(HttpError::new(400, "PGRST100", message));
                }
            }
        }
        let (limit, before) = (page.0.to_string(), page.1.to_string());
        let events =
            self.history(events(), &[(Some(&before), Type::INT8), (Some(&limit), Type::INT8)]).await?;
        Ok(written(200, format!("{{\"migrations\":[{}]}}", events.join(","))))
    }

    async fn migration_status(&self) -> HttpResult<HttpAnswer> {
        let texts = self.history(status(), &[]).await?;
        Ok(written(200, texts.into_iter().next().unwrap_or_else(|| NOT_MIGRATED.to_owned())))
    }

    /// Returns the texts of a statement about the history, which only the service's own reading login may read.
    async fn history(&self, statement: Statement, values: &[TypedText<'_>]) -> HttpResult<Vec<String>> {
        match ask(self.service.pool(CallerRight::Read), &statement, values).await? {
            Ok(rows) => Ok(texts(&rows)),
            // Nothing was migrated yet.
            Err(error) if matches!(error.sqlstate(), Some("42P01" | "3F000")) => Ok(vec![]),
            Err(error) if error.sqlstate() == Some("42501") => {
                let message = "the data service may not read the history of migrations yet";
                Err(HttpError::new(501, "MDB012", message).hint("martydb apply"))
            }
            Err(error) => Err(error.answer(true, false)),
        }
    }

    /// Returns the texts of a statement as the caller's login that reads.
    async fn texts(&self, statement: Statement, values: &[TypedText<'_>]) -> HttpResult<Vec<String>> {
        let rows = ask(self.service.pool_of(&self.caller.identity, false)?, &statement, values).await?;
        Ok(texts(&rows.map_err(|error| error.answer(true, false))?))
    }
}

fn texts(rows: &[tokio_postgres::Row]) -> Vec<String> {
    rows.iter().filter_map(|row| row.try_get::<_, String>(0).ok()).collect()
}

/// Returns the statement for the sizes of relations that the session's login may read, one row for each, the largest first.
fn sizes(relations: Vec<u32>) -> Statement {
    let relations = List(relations);
    stmt!(
        "SELECT pg_catalog.json_build_object('collection', s.relname, 'bytes', s.bytes, 'rows_estimated', s.rows)::text
FROM (SELECT c.relname,
    COALESCE((SELECT pg_catalog.sum(pg_catalog.pg_total_relation_size(p.relid)) FROM pg_catalog.pg_partition_tree(c.oid) p),
      pg_catalog.pg_total_relation_size(c.oid))::bigint AS bytes,
    COALESCE((SELECT pg_catalog.sum(GREATEST(k.reltuples, 0)) FROM pg_catalog.pg_partition_tree(c.oid) p
      JOIN pg_catalog.pg_class k ON k.oid = p.relid WHERE p.isleaf), GREATEST(c.reltuples, 0))::bigint AS rows
  FROM pg_catalog.pg_class c WHERE c.oid IN ({relations}) AND c.relkind IN ('r', 'p', 'm')
    AND pg_catalog.has_any_column_privilege(c.oid, 'SELECT')) s
ORDER BY s.bytes DESC, s.relname LIMIT 1000"
    )
}

/// Returns the statement for the events of migrations before one, the newest first. Text of migrations, operators and errors
/// stays with those who migrate. The table is the service's, so every value has a bound.
fn events() -> Statement {
    stmt!(
        "SELECT pg_catalog.json_build_object('id', h.id::bigint, 'version', h.version::bigint,
  'name', pg_catalog.left(h.name::text, 300), 'action', pg_catalog.left(h.action::text, 20),
  'status', CASE h.outcome WHEN 'ok' THEN 'completed' WHEN 'started' THEN 'executing' ELSE 'failed' END,
  'mode', pg_catalog.left(pg_catalog.replace(h.mode::text, ' ', '-'), 20), 'began', h.began::timestamptz, 'ended', h.at::timestamptz,
  'checksum', pg_catalog.left(h.checksum::text, 100), 'sqlstate', pg_catalog.left(h.sqlstate::text, 5),
  'tool', pg_catalog.left(h.tool::text, 100))::text
FROM martydb.history h WHERE h.id < $1 ORDER BY h.id DESC LIMIT $2"
    )
}

/// Returns the statement for the state of the migrations: what is applied by the last success of each version, what failed or
/// is executing by its last event.
fn status() -> Statement {
    stmt!(
        "WITH last AS (SELECT DISTINCT ON (h.version) h.version, h.name, h.action, h.outcome, h.at FROM martydb.history h
  WHERE h.action <> 'repair' ORDER BY h.version, h.id DESC),
done AS (SELECT DISTINCT ON (h.version) h.version, h.action FROM martydb.history h
  WHERE h.action <> 'repair' AND h.outcome = 'ok' ORDER BY h.version, h.id DESC)
SELECT pg_catalog.json_build_object(
  'version', (SELECT pg_catalog.max(d.version) FROM done d WHERE d.action <> 'downgrade'),
  'applied', (SELECT pg_catalog.count(*) FROM done d WHERE d.action <> 'downgrade'),
  'last', (SELECT pg_catalog.max(l.at) FROM last l),
  'executing', (SELECT COALESCE(pg_catalog.json_agg(l.version ORDER BY l.version), '[]')
    FROM (SELECT l.version FROM last l WHERE l.outcome = 'started' ORDER BY l.version LIMIT 1000) l),
  'failed', (SELECT COALESCE(pg_catalog.json_agg(l.version ORDER BY l.version), '[]')
    FROM (SELECT l.version FROM last l WHERE l.outcome = 'failed' ORDER BY l.version LIMIT 1000) l))::text"
    )
}
