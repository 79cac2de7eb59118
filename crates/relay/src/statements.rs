//! What the relay's login asks an outbox, and what it writes into it.

use std::time::Duration;

use super::claim::Width;
use martydb_model::Outbox;
use martydb_model::sql::{ArrayLiteral, Keyword, Literal, Qualified, Statement, stmt};

/// Settings of its sessions. The plans are those for few rows at the front of an index, however large the table is; a
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

/// What a trigger of the service's may NOTIFY when events are there.
pub const CHANNEL: &str = "martydb_outbox";

/// The statements about one outbox.
pub struct OutboxStatements<'a>(pub &'a Outbox);

fn id(name: &str) -> Qualified {
    Qualified(vec![name.to_owned()])
}

/// The outbox itself, quoted.
pub fn outbox_table(outbox: &Outbox) -> Qualified {
    Qualified(vec![outbox.schema.to_string(), outbox.table.clone()])
}

impl OutboxStatements<'_> {
    fn table(&self) -> Qualified {
        outbox_table(self.0)
    }

    /// A row if there is any event still to be sent.
    pub fn has_pending(&self) -> Statement {
        stmt!(
            "SELECT 1 FROM {table} WHERE {published} IS NULL LIMIT 1",
            table = self.table(),
            published = id(&self.0.columns.published_at),
        )
    }

    /// The first events of each aggregate that is due, locked, until they are this many bytes: of what is behind those the payload is
    /// NULL. The look goes from aggregate to aggregate through the index, never by a position among the events: what is committed late
    /// is found.
    pub fn claim(&self, after: Option<&(String, String)>, width: Width, bytes: i64) -> Statement {
        stmt!(
            "{front} SELECT r.n, r.t, r.a, r.id::text, r.event, r.kind,
               CASE WHEN sum(length(r.payload)) OVER before - length(r.payload) < {bytes} THEN r.payload END,
               r.headers, r.at, r.attempts FROM (
               SELECT front.n, front.t::text AS t, front.a::text AS a, c.* FROM front LEFT JOIN LATERAL (
                 SELECT {content} FROM {table} o
                 WHERE o.{published} IS NULL AND o.{t} = front.t AND o.{a} = front.a
                 ORDER BY o.{id} LIMIT {each} FOR UPDATE SKIP LOCKED) c
               ON front.due <= pg_catalog.clock_timestamp() LIMIT {batch}) r
             WINDOW before AS (ROWS UNBOUNDED PRECEDING)",
            front = self.front(after, width),
            bytes = bytes,
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

    /// The first pending event of each aggregate, one after the other.
    fn front(&self, after: Option<&(String, String)>, width: Width) -> Statement {
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

    /// What goes out of an event, beside its aggregate.
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
            condition = condition,
            t = id(&columns.aggregate_type),
            a = id(&columns.aggregate_id),
            id = id(&columns.id),
        )
    }

    /// How many events are pending of some aggregates up to an event of each, seen now that the locks are held; what is more than `each`
    /// is not counted.
    pub fn standing(&self, last: &[&str], each: u32) -> Statement {
        stmt!(
            "SELECT m.{id}::text, (SELECT count(*) FROM (SELECT {up_to} LIMIT {more}) p) FROM {table} m WHERE m.{id} = ANY ({last})",
            id = id(&self.0.columns.id),
            up_to = self.up_to(),
            more = each.saturating_add(1),
            table = self.table(),
            last = list(last),
        )
    }

    /// The first of them, in order.
    pub fn pending(&self, last: &[&str], each: u32) -> Statement {
        stmt!(
            "SELECT m.{id}::text, p.id::text FROM {table} m CROSS JOIN LATERAL (
               SELECT o.{id} AS id {up_to} ORDER BY o.{id} LIMIT {each}) p
             WHERE m.{id} = ANY ({last})",
            id = id(&self.0.columns.id),
            up_to = self.up_to(),
            each = each,
            table = self.table(),
            last = list(last),
        )
    }

    /// What is pending of the aggregate of an event `m`, up to that one.
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

    /// `None`: the event is dead, and its aggregate waits.
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
            due = due,
            attempts = id(&columns.attempts),
            error = id(&columns.last_error),
            why = Literal(why.to_owned()),
            id = id(&columns.id),
            event = Literal(event.to_owned()),
        )
    }

    /// What is there: pending, how long the oldest has waited, dead, and why the last that failed did.
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
               (array_agg(o.{error} ORDER BY o.{attempts} DESC) FILTER (WHERE o.{error} IS NOT NULL))[1]
             FROM {table} o WHERE o.{published} IS NULL",
            due = id(&columns.available_at),
            since = since,
            error = id(&columns.last_error),
            attempts = id(&columns.attempts),
            table = self.table(),
            published = id(&columns.published_at),
        )
    }

    /// How many published events the table holds, and how many of them are of the last minute.
    pub fn done(&self) -> Statement {
        stmt!(
            "SELECT count(*), count(*) FILTER (WHERE {published} > clock_timestamp() - interval '1 minute')
             FROM {table} WHERE {published} IS NOT NULL",
            published = id(&self.0.columns.published_at),
            table = self.table(),
        )
    }

    /// Lets an event go out again, at once.
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

    /// Gives an event up: its aggregate goes on without it.
    pub fn skip(&self, event: &str, why: &str) -> Statement {
        let columns = &self.0.columns;
        stmt!(
            "UPDATE {table} SET {published} = clock_timestamp(), {error} = {why} WHERE {event} = {id} AND {published} IS NULL",
            table = self.table(),
            published = id(&columns.published_at),
            error = id(&columns.last_error),
            why = Literal(why.to_owned()),
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
