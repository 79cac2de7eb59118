-- The outbox of pkd_service as `martydb relay` reads it: aggregate by aggregate, woken by a notification.

DROP INDEX pkd_outbox_pending_idx;
DROP INDEX pkd_outbox_published_idx;
DROP INDEX pkd_outbox_aggregate_idx;

-- the first event of each aggregate that is still to be sent; small however long the history is
CREATE INDEX pkd_outbox_pending_idx ON pkd_outbox (aggregate_type, aggregate_id, id)
    WHERE published_at IS NULL;

ALTER TABLE pkd_outbox SET (autovacuum_vacuum_scale_factor = 0.02);

CREATE FUNCTION pkd_outbox_notify() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_catalog.pg_notify('martydb_outbox', '');
    RETURN NULL;
END
$$;

CREATE TRIGGER pkd_outbox_notify AFTER INSERT ON pkd_outbox
    FOR EACH STATEMENT EXECUTE FUNCTION pkd_outbox_notify();

COMMENT ON COLUMN pkd_outbox.available_at IS
    'Not before this time; the relay moves it forward after a failure, to infinity when the event is dead';
COMMENT ON COLUMN pkd_outbox.published_at IS
    'When the broker confirmed it, or when it was skipped (last_error says so); NULL: still to send';
