-- Events of the payment service
--
-- Transactional outbox of payment: an event is written in the transaction of the change that it
-- tells of, and a dispatcher publishes it later. Delivery is at least once and, after a failure, out of
-- order: consumers drop an event_id that they have seen. The dispatcher takes its batch by
--
--     SELECT ... FROM payment_outbox WHERE published_at IS NULL AND available_at <= now()
--     ORDER BY available_at, id LIMIT 100 FOR UPDATE SKIP LOCKED

CREATE TABLE payment_outbox (
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
    CONSTRAINT payment_outbox_event_id_key UNIQUE (event_id),
    CONSTRAINT payment_outbox_names_check
        CHECK (aggregate_type <> '' AND aggregate_id <> '' AND event_type <> ''),
    CONSTRAINT payment_outbox_payload_check CHECK (jsonb_typeof(payload) = 'object'),
    CONSTRAINT payment_outbox_headers_check CHECK (jsonb_typeof(headers) = 'object'),
    CONSTRAINT payment_outbox_attempts_check CHECK (attempts >= 0)
);

-- what is still to be sent; small however long the history is
CREATE INDEX payment_outbox_pending_idx ON payment_outbox (available_at, id)
    WHERE published_at IS NULL;
-- what may be cleared away
CREATE INDEX payment_outbox_published_idx ON payment_outbox (published_at)
    WHERE published_at IS NOT NULL;
CREATE INDEX payment_outbox_aggregate_idx
    ON payment_outbox (aggregate_type, aggregate_id, id);

COMMENT ON TABLE payment_outbox IS
    'Events of the service, written with the change they tell of; published at least once';
COMMENT ON COLUMN payment_outbox.event_id IS 'The event''s identity; consumers deduplicate by it';
COMMENT ON COLUMN payment_outbox.payload IS
    'The event. Leaves the service: no secret and no personal data';
COMMENT ON COLUMN payment_outbox.headers IS 'Transport metadata, e.g. traceparent or content type';
COMMENT ON COLUMN payment_outbox.available_at IS
    'Not before this time; the dispatcher moves it forward after a failure (backoff)';
COMMENT ON COLUMN payment_outbox.published_at IS 'When the broker confirmed it; NULL: still to send';
COMMENT ON COLUMN payment_outbox.last_error IS 'Why the last attempt failed; no secret';
