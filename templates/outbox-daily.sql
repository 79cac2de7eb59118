-- {{message}}
--
-- Transactional outbox of {{service}}: an event is written in the transaction of the change that it describes, and
-- `martydb relay` publishes it after the commit (declare it in the manifest: `outbox:`). Publication is at least
-- once, in the order of id for each aggregate: consumers record the event_id in their own transaction and ignore
-- repeated events (templates/inbox.sql).
--
-- The table has daily partitions. `martydb relay clean` creates them a week ahead, and drops a partition when all
-- its events were published longer ago than the manifest's `keep`: run it once a day. Use this template for
-- millions of events a day, where deleting single rows is too slow; otherwise the template outbox is simpler.

CREATE TABLE {{service}}_outbox (
    id bigint GENERATED ALWAYS AS IDENTITY,
    -- a UUID of version 7 (RFC 9562): it begins with the time, so new events are at the end of the index,
    -- both when they are written and when they are marked
    event_id uuid NOT NULL DEFAULT encode(overlay(
        set_bit(set_bit(uuid_send(gen_random_uuid()), 52, 1), 53, 1)
        PLACING substring(int8send((extract(epoch FROM clock_timestamp()) * 1000)::bigint) FROM 3) FROM 1 FOR 6), 'hex')::uuid,
    aggregate_type text NOT NULL,
    aggregate_id text NOT NULL,
    event_type text NOT NULL,
    payload jsonb NOT NULL,
    headers jsonb NOT NULL DEFAULT '{}',
    occurred_at timestamptz NOT NULL DEFAULT now(),
    available_at timestamptz NOT NULL DEFAULT now(),
    published_at timestamptz,
    attempts bigint NOT NULL DEFAULT 0,
    last_error text,
    -- unique within a day, and for the search by event_id: each partition has its own index
    CONSTRAINT {{service}}_outbox_pkey PRIMARY KEY (id, occurred_at),
    CONSTRAINT {{service}}_outbox_event_id_key UNIQUE (event_id, occurred_at),
    CONSTRAINT {{service}}_outbox_names_check
        CHECK (aggregate_type <> '' AND aggregate_id <> '' AND event_type <> ''),
    CONSTRAINT {{service}}_outbox_payload_check CHECK (jsonb_typeof(payload) = 'object'),
    CONSTRAINT {{service}}_outbox_headers_check CHECK (jsonb_typeof(headers) = 'object'),
    CONSTRAINT {{service}}_outbox_attempts_check CHECK (attempts >= 0)
) PARTITION BY RANGE (occurred_at);

-- receives the events of days without a partition: no INSERT fails because none was created
CREATE TABLE {{service}}_outbox_rest PARTITION OF {{service}}_outbox DEFAULT
    WITH (autovacuum_vacuum_scale_factor = 0.02);

-- the first unpublished event of each aggregate, day by day; small regardless of the size of the history. Every event
-- is updated once: a further index costs as much again.
CREATE INDEX {{service}}_outbox_pending_idx ON {{service}}_outbox (aggregate_type, aggregate_id, id)
    WHERE published_at IS NULL;

-- events that `martydb relay skip` gave up: almost none, so it costs nothing, and the metrics need not read the history
CREATE INDEX {{service}}_outbox_skipped_idx ON {{service}}_outbox (published_at)
    WHERE starts_with(last_error, 'skipped: ');

-- Wakes the relay, which otherwise polls once a second. Transactions that notify commit one after another
-- on the whole server: omit this in a service that commits thousands of times a second.
CREATE FUNCTION {{service}}_outbox_notify() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_catalog.pg_notify('martydb_outbox', '');
    RETURN NULL;
END
$$;

CREATE TRIGGER {{service}}_outbox_notify AFTER INSERT ON {{service}}_outbox
    FOR EACH STATEMENT EXECUTE FUNCTION {{service}}_outbox_notify();

COMMENT ON TABLE {{service}}_outbox IS
    'Events of the service, written with the change they tell of; published at least once';
COMMENT ON COLUMN {{service}}_outbox.id IS 'The order of the events of one aggregate';
COMMENT ON COLUMN {{service}}_outbox.event_id IS 'The event''s identity; consumers deduplicate by it';
COMMENT ON COLUMN {{service}}_outbox.payload IS
    'The event. Leaves the service: no secret and no personal data';
COMMENT ON COLUMN {{service}}_outbox.headers IS 'Transport metadata, e.g. traceparent or content type';
COMMENT ON COLUMN {{service}}_outbox.available_at IS
    'Not before this time; the relay moves it forward after a failure, to infinity when the event is dead';
COMMENT ON COLUMN {{service}}_outbox.published_at IS
    'When the broker confirmed it, or when it was skipped (last_error says so); NULL: still to send';
COMMENT ON COLUMN {{service}}_outbox.last_error IS 'Why the last attempt failed; no secret';
