-- {{message}}
--
-- Inbox of {{service}}: the ids of handled events. A relay publishes at least once, so an event may come
-- twice. A consumer handles each event in one transaction, and acknowledges it to the broker after the commit:
--
--     BEGIN;
--     INSERT INTO {{service}}_inbox (source, event_id) VALUES ($1, $2) ON CONFLICT DO NOTHING;
--     -- no row inserted: it was handled before; COMMIT, acknowledge, done
--     -- one row inserted: now what the event asks for, in this same transaction
--     COMMIT;
--
-- A crash before the commit undoes both, and the broker delivers the event again; a crash after it finds the id. The
-- effect takes place exactly once because it is part of this transaction; no broker can guarantee that.

CREATE TABLE {{service}}_inbox (
    source text NOT NULL,
    event_id uuid NOT NULL,
    received_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT {{service}}_inbox_pkey PRIMARY KEY (source, event_id)
);

-- for the removal of old ids; keep them longer than any broker or relay may still deliver the event
CREATE INDEX {{service}}_inbox_received_idx ON {{service}}_inbox (received_at);

COMMENT ON TABLE {{service}}_inbox IS 'Events of others that were handled, so that each takes effect exactly once';
COMMENT ON COLUMN {{service}}_inbox.source IS 'Who published it: the source of the CloudEvent';
COMMENT ON COLUMN {{service}}_inbox.event_id IS 'The id of the CloudEvent';
