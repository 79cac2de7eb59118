//! Queries and updates of the relay's login on an outbox.

use std::time::Duration;

use super::claim::BatchShape;
use martydb_model::Outbox;
use martydb_model::sql::{ArrayLiteral, Keyword, Literal, Qualified, Statement, stmt};

/// Maximum length of an error that is read back, in characters: a service's logins can write the column.
const LONGEST_ERROR: i64 = 500;

/// Settings of its sessions. They select plans for few rows at the front of an index, for any size of the table. A
/// transaction is open while the broker answers, and no longer.
pub const SETTINGS: &[(&str, &str)] = &[
    ("search_path", "pg_catalog"),
    ("statement_timeout", "30s"),
    ("lock_timeout", "5s"),
    ("idle_in_transaction_session_timeout", "60s"),
    ("enable_seqscan", "off"),
    ("enable_bitmapscan", "off"),
    ("enable_hashjoin", "off"),
    ("enable_mergejoin", "off"),
    ("jit", "off"),
    ("max_parallel_workers_per_gather", "0"),
    ("synchronous_commit", "on"),
];

/// Channel on which a service's trigger may NOTIFY new events.
pub const CHANNEL: &str = "martydb_outbox";

/// Maximum size of an event in bytes: a session accepts messages of 16 MiB.
pub const LARGEST_EVENT: i64 = 12 << 20;

/// Number of characters of the names of an event that is not sent.
const SHOWN: i64 = 200;

/// Beginning of the error of a skipped event, which is done without having been published.
const SKIPPED: &str = "skipped: ";

/// Statements on one outbox.
pub struct OutboxStatements<'a>(pub &'a Outbox);

fn id(name: &str) -> Qualified {
    Qualified(vec![name.to_owned()])
}

/// Returns the outbox table, quoted.
pub fn outbox_table(outbox: &Outbox) -> Qualified {
    Qualified(vec![outbox.schema.to_string(), outbox.table.clone()])
}

impl OutboxStatements<'_> {
    fn table(&self) -> Qualified {
        outbox_table(self.0)
    }

    /// Selects a row if any event is unpublished.
    pub fn has_pending(&self) -> Statement {
        stmt!(
            "SELECT 1 FROM {table} WHERE {published} IS NULL LIMIT 1",
            table = self.table(),
            published = id(&self.0.columns.published_at),
        )
    }

    /// Locks the first events of each aggregate that is due, up to this number of bytes. Events beyond them have a NULL
    /// payload, and so have events that are too large: a session cannot receive them. The query reads aggregate by
    /// aggregate through the index, never from a position among the events, so events that are committed late are found.
    pub fn claim(&self, after: Option<&(String, String)>, width: BatchShape, bytes: i64) -> Statement {
        stmt!(
            "{front} SELECT w.n, w.t, w.a, w.id::text,
               CASE WHEN w.is_sent THEN w.event ELSE left(w.event, {shown}) END,
               CASE WHEN w.is_sent THEN w.kind ELSE left(w.kind, {shown}) END,
               CASE WHEN w.is_sent THEN w.payload END, CASE WHEN w.is_sent THEN w.headers END,
               w.at, w.attempts, CASE WHEN w.size > {largest} THEN w.size END FROM (
               SELECT r.*, r.read > 0 AND sum(r.read) OVER before - r.read < {bytes} AS is_sent FROM (
               SELECT q.*, CASE WHEN q.size <= {largest} THEN q.size ELSE 0 END AS read FROM (
                 SELECT l.*, octet_length(l.payload)::bigint + octet_length(coalesce(l.headers, ''))
                   + octet_length(coalesce(l.event, '')) + octet_length(coalesce(l.kind, '')) + 1 AS size FROM (
                   SELECT front.n, front.t::text AS t, front.a::text AS a, c.* FROM front LEFT JOIN LATERAL (
                     SELECT {content} FROM {table} o
                     WHERE o.{published} IS NULL AND o.{t} = front.t AND o.{a} = front.a
                     ORDER BY o.{id} LIMIT {each} FOR UPDATE SKIP LOCKED) c
                   ON front.due <= pg_catalog.clock_timestamp() LIMIT {batch}) l) q) r
               WINDOW before AS (ROWS UNBOUNDED PRECEDING)) w",
            front = self.front(after, width),
            largest = LARGEST_EVENT,
            shown = SHOWN,
            content = self.content(),
            each = width.each,
            batch = self.0.batch,
            id = id(&self.0.columns.id),
            t = id(&self.0.columns.aggregate_type),
            a = id(&self.0.columns.aggregate_id),
            published = id(&self.0.columns.published_at),
            table = self.table(),
        )
    }

    /// Selects the first pending event of each aggregate in sequence.
    fn front(&self, after: Option<&(String, String)>, width: BatchShape) -> Statement {
        let columns = &self.0.columns;
        let from = match after {
            None => stmt!("true"),
            Some((kind, aggregate)) => stmt!(
                "(o.{t}, o.{a}) > ({kind}, {aggregate})",
                t = id(&columns.aggregate_type),
                a = id(&columns.aggregate_id),
                kind = Literal(kind.clone()),
                aggregate = Literal(aggregate.clone()),
            ),
        };
        let next = stmt!(
            "(o.{t}, o.{a}) > (front.t, front.a)",
            t = id(&columns.aggregate_type),
            a = id(&columns.aggregate_id)
        );
        stmt!(
            "WITH RECURSIVE front AS ((SELECT {first}, 1 AS n {head})
               UNION ALL SELECT x.t, x.a, x.due, front.n + 1
               FROM front CROSS JOIN LATERAL (SELECT {first} {further}) x WHERE front.n < {aggregates})",
            first = stmt!(
                "o.{t} AS t, o.{a} AS a, o.{due} AS due",
                t = id(&columns.aggregate_type),
                a = id(&columns.aggregate_id),
                due = id(&columns.available_at)
            ),
            head = self.nearest(from),
            further = self.nearest(next),
            aggregates = width.aggregates,
        )
    }

    /// Returns the published columns of an event, without its aggregate.
    fn content(&self) -> Statement {
        let columns = &self.0.columns;
        let optional = |name: &Option<String>| {
            name.as_deref().map_or(stmt!("NULL"), |name| stmt!("o.{n}", n = id(name)))
        };
        stmt!(
            "o.{id} AS id, o.{event}::text AS event, o.{kind}::text AS kind,
             coalesce(o.{payload}::text, 'null') AS payload, ({headers})::text AS headers,
             to_char(({at})::timestamptz AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"') AS at,
             o.{attempts}::bigint AS attempts",
            id = id(&columns.id),
            event = id(&columns.event_id),
            kind = id(&columns.event_type),
            payload = id(&columns.payload),
            headers = optional(&columns.headers),
            at = optional(&columns.occurred_at),
            attempts = id(&columns.attempts),
        )
    }

    fn nearest(&self, condition: Statement) -> Statement {
        let columns = &self.0.columns;
        stmt!(
            "FROM {table} o WHERE o.{published} IS NULL AND {condition} ORDER BY o.{t}, o.{a}, o.{id} LIMIT 1",
            table = self.table(),
            published = id(&columns.published_at),
            t = id(&columns.aggregate_type),
            a = id(&columns.aggregate_id),
            id = id(&columns.id),
        )
    }

    /// Counts the pending events of some aggregates up to a given event of each, after locking. Counts at most one
    /// more than `each`.
    pub fn count_pending_sql(&self, last: &[&str], each: u32) -> Statement {
        stmt!(
            "SELECT m.{id}::text, (SELECT count(*) FROM (SELECT {up_to} LIMIT {more}) p) FROM {table} m WHERE m.{id} = ANY ({last})",
            id = id(&self.0.columns.id),
            up_to = self.up_to(),
            more = each.saturating_add(1),
            table = self.table(),
            last = list(last),
        )
    }

    /// Selects the first of these pending events, in order.
    pub fn pending(&self, last: &[&str], each: u32) -> Statement {
        stmt!(
            "SELECT m.{id}::text, p.id::text FROM {table} m CROSS JOIN LATERAL (
               SELECT o.{id} AS id {up_to} ORDER BY o.{id} LIMIT {each}) p
             WHERE m.{id} = ANY ({last})",
            id = id(&self.0.columns.id),
            up_to = self.up_to(),
            table = self.table(),
            last = list(last),
        )
    }

    /// Returns the FROM clause of pending events in the aggregate of an event `m`, up to that one.
    fn up_to(&self) -> Statement {
        let columns = &self.0.columns;
        stmt!(
            "FROM {table} o WHERE o.{published} IS NULL AND o.{t} = m.{t} AND o.{a} = m.{a} AND o.{id} <= m.{id}",
            table = self.table(),
            published = id(&columns.published_at),
            t = id(&columns.aggregate_type),
            a = id(&columns.aggregate_id),
            id = id(&columns.id),
        )
    }

    pub fn published(&self, ids: &[&str]) -> Statement {
        let columns = &self.0.columns;
        stmt!(
            "UPDATE {table} SET {published} = clock_timestamp(), {attempts} = {attempts} + 1, {error} = NULL
             WHERE {id} = ANY ({ids})",
            table = self.table(),
            published = id(&columns.published_at),
            attempts = id(&columns.attempts),
            error = id(&columns.last_error),
            id = id(&columns.id),
            ids = list(ids),
        )
    }

    /// Records a failed attempt. Without a pause the event is dead, and its aggregate waits.
    pub fn failed(&self, event: &str, why: &str, pause: Option<Duration>) -> Statement {
        let columns = &self.0.columns;
        let due = match pause {
            None => stmt!("'infinity'"),
            Some(pause) => stmt!(
                "clock_timestamp() + {millis} * interval '1 millisecond'",
                millis = i64::try_from(pause.as_millis()).unwrap_or(i64::MAX)
            ),
        };
        stmt!(
            "UPDATE {table} SET {available} = {due}, {attempts} = {attempts} + 1, {error} = {why} WHERE {id} = {event}",
            table = self.table(),
            available = id(&columns.available_at),
            attempts = id(&columns.attempts),
            error = id(&columns.last_error),
            why = Literal(why.to_owned()),
            id = id(&columns.id),
            event = Literal(event.to_owned()),
        )
    }

    /// Selects the numbers of pending and dead events, the age of the oldest, and the last error.
    pub fn backlog(&self) -> Statement {
        let columns = &self.0.columns;
        let since = columns
            .occurred_at
            .as_deref()
            .map_or(stmt!("NULL::timestamptz"), |name| stmt!("o.{n}", n = id(name)));
        stmt!(
            "SELECT count(*) FILTER (WHERE o.{due} < 'infinity'),
               (extract(epoch FROM clock_timestamp() - min({since}) FILTER (WHERE o.{due} < 'infinity')) * 1000)::bigint,
               count(*) FILTER (WHERE o.{due} = 'infinity'),
               (array_agg(left(o.{error}, {shown}) ORDER BY o.{attempts} DESC) FILTER (WHERE o.{error} IS NOT NULL))[1]
             FROM {table} o WHERE o.{published} IS NULL",
            due = id(&columns.available_at),
            error = id(&columns.last_error),
            shown = LONGEST_ERROR,
            attempts = id(&columns.attempts),
            table = self.table(),
            published = id(&columns.published_at),
        )
    }

    /// Counts published events in the table, those of the last minute, and skipped events.
    pub fn done(&self) -> Statement {
        stmt!(
            "SELECT count(*) FILTER (WHERE NOT skipped), count(*) FILTER (WHERE NOT skipped AND recent), count(*) FILTER (WHERE skipped)
             FROM (
                 SELECT starts_with(coalesce({error}, ''), {skipped}) AS skipped, {published} > clock_timestamp() - interval '1 minute' AS recent
                 FROM {table} WHERE {published} IS NOT NULL
             ) AS ended",
            error = id(&self.0.columns.last_error),
            skipped = Literal(SKIPPED.to_owned()),
            published = id(&self.0.columns.published_at),
            table = self.table(),
        )
    }

    /// Makes an event due at once.
    pub fn retry(&self, event: &str) -> Statement {
        let columns = &self.0.columns;
        stmt!(
            "UPDATE {table} SET {available} = clock_timestamp(), {attempts} = 0
             WHERE {event} = {id} AND {published} IS NULL",
            table = self.table(),
            available = id(&columns.available_at),
            attempts = id(&columns.attempts),
            event = id(&columns.event_id),
            id = Literal(event.to_owned()),
            published = id(&columns.published_at),
        )
    }

    /// Marks an event as skipped: its aggregate continues without it.
    pub fn skip(&self, event: &str, reason: &str) -> Statement {
        let columns = &self.0.columns;
        stmt!(
            "UPDATE {table} SET {published} = clock_timestamp(), {error} = {why} WHERE {event} = {id} AND {published} IS NULL",
            table = self.table(),
            published = id(&columns.published_at),
            error = id(&columns.last_error),
            why = Literal(format!("{SKIPPED}{reason}")),
            event = id(&columns.event_id),
            id = Literal(event.to_owned()),
        )
    }
}

fn list(ids: &[&str]) -> ArrayLiteral {
    ArrayLiteral(ids.iter().map(ToString::to_string).collect())
}

pub fn listen() -> Statement {
    stmt!("LISTEN {channel}", channel = Keyword(CHANNEL))
}
