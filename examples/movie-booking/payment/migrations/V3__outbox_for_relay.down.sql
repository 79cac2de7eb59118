-- The outbox of payment as it was before `martydb relay` read it.

DROP TRIGGER payment_outbox_notify ON payment_outbox;
DROP FUNCTION payment_outbox_notify();
ALTER TABLE payment_outbox RESET (autovacuum_vacuum_scale_factor);

DROP INDEX payment_outbox_pending_idx;
CREATE INDEX payment_outbox_pending_idx ON payment_outbox (available_at, id)
    WHERE published_at IS NULL;
CREATE INDEX payment_outbox_published_idx ON payment_outbox (published_at)
    WHERE published_at IS NOT NULL;
CREATE INDEX payment_outbox_aggregate_idx
    ON payment_outbox (aggregate_type, aggregate_id, id);

COMMENT ON COLUMN payment_outbox.available_at IS
    'Not before this time; the dispatcher moves it forward after a failure (backoff)';
COMMENT ON COLUMN payment_outbox.published_at IS 'When the broker confirmed it; NULL: still to send';
