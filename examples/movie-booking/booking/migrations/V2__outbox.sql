-- Events of the booking service
--
-- Transactional outbox of booking: an event is written in the transaction of the change that it
-- tells of, and a dispatcher publishes it later. Delivery is at least once and, after a failure, out of
-- order: consumers drop an event_id that they have seen. The dispatcher takes its batch by
--
--     SELECT ... FROM booking_outbox WHERE published_at IS NULL AND available_at <= now()
--     ORDER BY available_at, id LIMIT 100 FOR UPDATE SKIP LOCKED

CREATE TABLE booking_outbox (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    event_id uuid NOT NULL DEFAULT gen_random_uuid(),
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
    CONSTRAINT booking_outbox_event_id_key UNIQUE (event_id),
    CONSTRAINT booking_outbox_names_check
        CHECK (aggregate_type <> '' AND aggregate_id <> '' AND event_type <> ''),
    CONSTRAINT booking_outbox_payload_check CHECK (jsonb_typeof(payload) = 'object'),
    CONSTRAINT booking_outbox_headers_check CHECK (jsonb_typeof(headers) = 'object'),
    CONSTRAINT booking_outbox_attempts_check CHECK (attempts >= 0)
);

-- what is still to be sent; small however long the history is
CREATE INDEX booking_outbox_pending_idx ON booking_outbox (available_at, id)
    WHERE published_at IS NULL;
-- what may be cleared away
CREATE INDEX booking_outbox_published_idx ON booking_outbox (published_at)
    WHERE published_at IS NOT NULL;
CREATE INDEX booking_outbox_aggregate_idx
    ON booking_outbox (aggregate_type, aggregate_id, id);

COMMENT ON TABLE booking_outbox IS
    'Events of the service, written with the change they tell of; published at least once';
COMMENT ON COLUMN booking_outbox.event_id IS 'The event''s identity; consumers deduplicate by it';
COMMENT ON COLUMN booking_outbox.payload IS
    'The event. Leaves the service: no secret and no personal data';
COMMENT ON COLUMN booking_outbox.headers IS 'Transport metadata, e.g. traceparent or content type';
COMMENT ON COLUMN booking_outbox.available_at IS
    'Not before this time; the dispatcher moves it forward after a failure (backoff)';
COMMENT ON COLUMN booking_outbox.published_at IS 'When the broker confirmed it; NULL: still to send';
COMMENT ON COLUMN booking_outbox.last_error IS 'Why the last attempt failed; no secret';
