//! Queries and updates of a relay that publishes an outbox. Those of operators are in [`super::operator_statements`].

use std::time::Duration;

use crate::batch::claim::BatchShape;
use crate::batch::verdict::DeliveryOutcome;
use martydb_model::sql::{ArrayLiteral, Keyword, Literal, Qualified, Statement, stmt};
use martydb_model::{DeadPolicy, Outbox};

/// Settings of its sessions. They select plans for few rows at the front of an index, for any size of the table. A
/// transaction is open while the broker answers, and no longer.
pub(crate) const SETTINGS: &[(&str, &str)] = &[
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
pub(crate) const CHANNEL: &str = "martydb_outbox";

/// Maximum size of an event in bytes: a session accepts messages of 16 MiB.
pub(crate) const MAX_EVENT_BYTES: i64 = 12 << 20;

/// Number of characters of the names of an event that is not sent.
const MAX_SHOWN_CHARACTERS: i64 = 200;

/// Beginning of the error of an event that went to the dead destination: it is done without having been published.
pub(crate) const DIVERTED: &str = "dead: ";

/// Statements on one outbox.
pub(crate) struct OutboxStatements<'a>(pub &'a Outbox);

pub(crate) fn id(name: &str) -> Qualified {
    Qualified(vec![name.to_owned()])
}

/// Returns the outbox table, quoted.
pub(crate) fn outbox_table(outbox: &Outbox) -> Qualified {
    Qualified(vec![outbox.schema.to_string(), outbox.table.clone()])
}

impl OutboxStatements<'_> {
    pub(crate) fn table(&self) -> Qualified {
        outbox_table(self.0)
    }

    /// Returns the condition of an event `o` that the relay publishes, now or later. Dead events hold up the later ones
    /// of their aggregate, or are passed over.
    fn is_pending(&self) -> Statement {
        let columns = &self.0.columns;
        let pending = stmt!("o.{published} IS NULL", published = id(&columns.published_at));
        match self.0.dead {
            DeadPolicy::Stop | DeadPolicy::To(_) => pending,
            DeadPolicy::Continue => {
                stmt!(
                    "{pending} AND o.{due} < 'infinity'",
                    pending = pending,
                    due = id(&columns.available_at)
                )
            }
        }
    }

    /// Selects a row if any event is unpublished.
    pub(crate) fn has_pending(&self) -> Statement {
        stmt!(
            "SELECT 1 FROM {table} o WHERE {pending} LIMIT 1",
            table = self.table(),
            pending = self.is_pending(),
        )
    }

    /// Locks the first events of each aggregate that is due, up to this number of bytes. Events beyond them have a NULL
    /// payload, and so have events that are too large: a session cannot receive them. The query reads aggregate by
    /// aggregate through the index, never from a position among the events, so events that are committed late are found.
    pub(crate) fn claim(&self, after: Option<&(String, String)>, width: BatchShape, bytes: i64) -> Statement {
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
                     WHERE {pending} AND o.{t} = front.t AND o.{a} = front.a
                     ORDER BY o.{id} LIMIT {each} FOR UPDATE SKIP LOCKED) c
                   ON front.due <= pg_catalog.clock_timestamp() LIMIT {batch}) l) q) r
               WINDOW before AS (ROWS UNBOUNDED PRECEDING)) w",
            front = self.front(after, width),
            largest = MAX_EVENT_BYTES,
            shown = MAX_SHOWN_CHARACTERS,
            content = self.content(),
            each = width.each,
            batch = self.0.batch,
            id = id(&self.0.columns.id),
            t = id(&self.0.columns.aggregate_type),
            a = id(&self.0.columns.aggregate_id),
            pending = self.is_pending(),
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
            "FROM {table} o WHERE {pending} AND {condition} ORDER BY o.{t}, o.{a}, o.{id} LIMIT 1",
            table = self.table(),
            pending = self.is_pending(),
            t = id(&columns.aggregate_type),
            a = id(&columns.aggregate_id),
            id = id(&columns.id),
        )
    }

    /// Counts the pending events of some aggregates up to a given event of each, after locking. Counts at most one
    /// more than `each`.
    pub(crate) fn count_pending_sql(&self, last: &[&str], each: u32) -> Statement {
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
    pub(crate) fn pending(&self, last: &[&str], each: u32) -> Statement {
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
            "FROM {table} o WHERE {pending} AND o.{t} = m.{t} AND o.{a} = m.{a} AND o.{id} <= m.{id}",
            table = self.table(),
            pending = self.is_pending(),
            t = id(&columns.aggregate_type),
            a = id(&columns.aggregate_id),
            id = id(&columns.id),
        )
    }

    pub(crate) fn published(&self, ids: &[&str]) -> Statement {
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

    /// Records why an event was not published, and when it is due again; `None` for one that was published.
    pub(crate) fn unpublished(&self, event: &str, outcome: &DeliveryOutcome) -> Option<Statement> {
        let columns = &self.0.columns;
        let (available, published) = (id(&columns.available_at), id(&columns.published_at));
        let due = |time: Statement| stmt!("{available} = {time}", available = available, time = time);
        let later = |pause: &Duration| {
            let millis = i64::try_from(pause.as_millis()).unwrap_or(i64::MAX);
            due(stmt!("clock_timestamp() + {millis} * interval '1 millisecond'", millis = millis))
        };
        let (state, attempts, why) = match outcome {
            DeliveryOutcome::Published => return None,
            DeliveryOutcome::PutOff { why, pause } => (later(pause), 0, why.clone()),
            DeliveryOutcome::Retried { why, pause } => (later(pause), 1, why.clone()),
            DeliveryOutcome::Dead { why } => (due(stmt!("'infinity'")), 1, why.clone()),
            DeliveryOutcome::Diverted { why } => {
                let done = stmt!("{published} = clock_timestamp()", published = published);
                (done, 1, format!("{DIVERTED}{why}"))
            }
        };
        Some(stmt!(
            "UPDATE {table} SET {state}, {tries} = {tries} + {attempts}, {error} = {why} WHERE {id} = {event}",
            table = self.table(),
            state = state,
            tries = id(&columns.attempts),
            attempts = attempts,
            error = id(&columns.last_error),
            why = Literal(why),
            id = id(&columns.id),
            event = Literal(event.to_owned()),
        ))
    }
}

fn list(ids: &[&str]) -> ArrayLiteral {
    ArrayLiteral(ids.iter().map(ToString::to_string).collect())
}

pub(crate) fn listen() -> Statement {
    stmt!("LISTEN {channel}", channel = Keyword(CHANNEL))
}
