-- The outbox of payment as `martydb relay` reads it: aggregate by aggregate, woken by a notification.

DROP INDEX payment_outbox_pending_idx;
DROP INDEX payment_outbox_published_idx;
DROP INDEX payment_outbox_aggregate_idx;

-- the first event of each aggregate that is still to be sent; small however long the history is
CREATE INDEX payment_outbox_pending_idx ON payment_outbox (aggregate_type, aggregate_id, id)
    WHERE published_at IS NULL;

ALTER TABLE payment_outbox SET (autovacuum_vacuum_scale_factor = 0.02);

CREATE FUNCTION payment_outbox_notify() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_catalog.pg_notify('martydb_outbox', '');
    RETURN NULL;
END
$$;

CREATE TRIGGER payment_outbox_notify AFTER INSERT ON payment_outbox
    FOR EACH STATEMENT EXECUTE FUNCTION payment_outbox_notify();

COMMENT ON COLUMN payment_outbox.available_at IS
    'Not before this time; the relay moves it forward after a failure, to infinity when the event is dead';
COMMENT ON COLUMN payment_outbox.published_at IS
    'When the broker confirmed it, or when it was skipped (last_error says so); NULL: still to send';
