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

-- Removes the ids of events that were handled longer ago than this, at most so many at a time so that no lock is held
-- for long, and returns how many. Call it regularly until it returns 0, with a time that is longer than any broker or
-- relay may deliver an event again: what is forgotten takes effect again.
CREATE FUNCTION {{service}}_inbox_forget(older_than interval, at_most integer DEFAULT 5000) RETURNS bigint LANGUAGE sql AS $$
    WITH forgotten AS (
        DELETE FROM {{service}}_inbox WHERE ctid = ANY (ARRAY(
            SELECT ctid FROM {{service}}_inbox WHERE received_at < now() - older_than
            ORDER BY received_at LIMIT at_most))
        RETURNING 1)
    SELECT count(*) FROM forgotten
$$;

COMMENT ON TABLE {{service}}_inbox IS 'Events of others that were handled, so that each takes effect exactly once';
COMMENT ON COLUMN {{service}}_inbox.source IS 'Who published it: the source of the CloudEvent';
COMMENT ON COLUMN {{service}}_inbox.event_id IS 'The id of the CloudEvent';
