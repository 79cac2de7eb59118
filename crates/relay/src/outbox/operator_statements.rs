//! Queries and updates by which an operator looks at an outbox, and decides about its events.

use super::intervention::ReplayStart;
use super::statements::{DIVERTED, OutboxStatements, id};
use martydb_model::sql::{Literal, Statement, stmt};

/// Maximum length of an error that is read back, in characters: a service's logins can write the column.
const MAX_ERROR_CHARACTERS: i64 = 500;

/// Beginning of the error of a skipped event, which is done without having been published.
const SKIPPED: &str = "skipped: ";

impl OutboxStatements<'_> {
    /// Selects the numbers of pending events, of those that failed before, and of dead events, the age of the oldest, and the last error.
    pub(crate) fn backlog(&self) -> Statement {
        let columns = &self.0.columns;
        let since = columns
            .occurred_at
            .as_deref()
            .map_or(stmt!("NULL::timestamptz"), |name| stmt!("o.{n}", n = id(name)));
        stmt!(
            "SELECT count(*) FILTER (WHERE o.{due} < 'infinity'),
               count(*) FILTER (WHERE o.{due} < 'infinity' AND o.{attempts} > 0),
               (extract(epoch FROM clock_timestamp() - min({since}) FILTER (WHERE o.{due} < 'infinity')) * 1000)::bigint,
               count(*) FILTER (WHERE o.{due} = 'infinity'),
               (array_agg(left(o.{error}, {shown}) ORDER BY o.{attempts} DESC) FILTER (WHERE o.{error} IS NOT NULL))[1]
             FROM {table} o WHERE o.{published} IS NULL",
            due = id(&columns.available_at),
            error = id(&columns.last_error),
            shown = MAX_ERROR_CHARACTERS,
            attempts = id(&columns.attempts),
            table = self.table(),
            published = id(&columns.published_at),
        )
    }

    /// Counts published events in the table, those of the last minute, those that took several attempts, skipped
    /// events, and events that went to the dead destination.
    pub(crate) fn done(&self) -> Statement {
        stmt!(
            "SELECT count(*) FILTER (WHERE published), count(*) FILTER (WHERE published AND recent),
               count(*) FILTER (WHERE published AND attempts > 1), count(*) FILTER (WHERE skipped),
               count(*) FILTER (WHERE NOT published AND NOT skipped)
             FROM (
                 SELECT {published} AS published, starts_with(coalesce(o.{error}, ''), {skipped}) AS skipped,
                   o.{at} > clock_timestamp() - interval '1 minute' AS recent, o.{attempts} AS attempts
                 FROM {table} o WHERE o.{at} IS NOT NULL
             ) AS ended",
            published = self.is_published(),
            error = id(&self.0.columns.last_error),
            skipped = Literal(SKIPPED.to_owned()),
            at = id(&self.0.columns.published_at),
            attempts = id(&self.0.columns.attempts),
            table = self.table(),
        )
    }

    /// Counts skipped events. The condition is that of the templates' partial index: a table without it is read as a
    /// whole.
    pub(crate) fn skipped(&self) -> Statement {
        stmt!(
            "SELECT count(*) FROM {table} o WHERE starts_with(o.{error}, {skipped})",
            table = self.table(),
            error = id(&self.0.columns.last_error),
            skipped = Literal(SKIPPED.to_owned()),
        )
    }

    /// Returns the condition of a done event `o` that reached its destination.
    fn is_published(&self) -> Statement {
        let not = |beginning: &str| {
            stmt!(
                "NOT starts_with(coalesce(o.{error}, ''), {beginning})",
                error = id(&self.0.columns.last_error),
                beginning = Literal(beginning.to_owned())
            )
        };
        stmt!("{a} AND {b}", a = not(SKIPPED), b = not(DIVERTED))
    }

    /// Returns the clause of the published events from a time or an event on.
    fn published_from(&self, from: &ReplayStart) -> Statement {
        let columns = &self.0.columns;
        let begun = match from {
            ReplayStart::Since(time) => stmt!(
                "o.{at} >= {time}::timestamptz",
                at = id(&columns.published_at),
                time = Literal(time.clone())
            ),
            ReplayStart::Event(event) => {
                stmt!("o.{id} >= {event}", id = id(&columns.id), event = Literal(event.clone()))
            }
        };
        stmt!(
            "WHERE o.{at} IS NOT NULL AND {published} AND {begun}",
            at = id(&columns.published_at),
            published = self.is_published(),
            begun = begun,
        )
    }

    /// Counts the events that [`Self::replay`] would publish again.
    pub(crate) fn count_replay(&self, from: &ReplayStart) -> Statement {
        stmt!(
            "SELECT count(*) FROM {table} o {events}",
            table = self.table(),
            events = self.published_from(from),
        )
    }

    /// Makes published events pending again, all in one statement: in between, a relay would publish later events of
    /// an aggregate before earlier ones.
    pub(crate) fn replay(&self, from: &ReplayStart) -> Statement {
        let columns = &self.0.columns;
        stmt!(
            "UPDATE {table} o SET {at} = NULL, {available} = clock_timestamp(), {attempts} = 0, {error} = NULL {events}",
            table = self.table(),
            at = id(&columns.published_at),
            available = id(&columns.available_at),
            attempts = id(&columns.attempts),
            error = id(&columns.last_error),
            events = self.published_from(from),
        )
    }

    /// Makes an event due at once, also one that went to the dead destination.
    pub(crate) fn retry(&self, event: &str) -> Statement {
        let columns = &self.0.columns;
        stmt!(
            "UPDATE {table} o SET {available} = clock_timestamp(), {attempts} = 0, {at} = NULL
             WHERE o.{event} = {id} AND (o.{at} IS NULL OR starts_with(coalesce(o.{error}, ''), {diverted}))",
            table = self.table(),
            available = id(&columns.available_at),
            attempts = id(&columns.attempts),
            at = id(&columns.published_at),
            event = id(&columns.event_id),
            id = Literal(event.to_owned()),
            error = id(&columns.last_error),
            diverted = Literal(DIVERTED.to_owned()),
        )
    }

    /// Marks an event as skipped: its aggregate continues without it.
    pub(crate) fn skip(&self, event: &str, reason: &str) -> Statement {
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
