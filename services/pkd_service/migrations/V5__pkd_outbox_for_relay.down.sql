-- The outbox of pkd_service as it was before `martydb relay` read it.

DROP TRIGGER pkd_outbox_notify ON pkd_outbox;
DROP FUNCTION pkd_outbox_notify();
ALTER TABLE pkd_outbox RESET (autovacuum_vacuum_scale_factor);

DROP INDEX pkd_outbox_pending_idx;
CREATE INDEX pkd_outbox_pending_idx ON pkd_outbox (available_at, id)
    WHERE published_at IS NULL;
CREATE INDEX pkd_outbox_published_idx ON pkd_outbox (published_at)
    WHERE published_at IS NOT NULL;
CREATE INDEX pkd_outbox_aggregate_idx
    ON pkd_outbox (aggregate_type, aggregate_id, id);

COMMENT ON COLUMN pkd_outbox.available_at IS
    'Not before this time; the dispatcher moves it forward after a failure (backoff)';
COMMENT ON COLUMN pkd_outbox.published_at IS 'When the broker confirmed it; NULL: still to send';
