-- The outbox of passport_engine as it was before `martydb relay` read it.

DROP TRIGGER passport_engine_outbox_notify ON passport_engine_outbox;
DROP FUNCTION passport_engine_outbox_notify();
ALTER TABLE passport_engine_outbox RESET (autovacuum_vacuum_scale_factor);

DROP INDEX passport_engine_outbox_pending_idx;
CREATE INDEX passport_engine_outbox_pending_idx ON passport_engine_outbox (available_at, id)
    WHERE published_at IS NULL;
CREATE INDEX passport_engine_outbox_published_idx ON passport_engine_outbox (published_at)
    WHERE published_at IS NOT NULL;
CREATE INDEX passport_engine_outbox_aggregate_idx
    ON passport_engine_outbox (aggregate_type, aggregate_id, id);

COMMENT ON COLUMN passport_engine_outbox.available_at IS
    'Not before this time; the dispatcher moves it forward after a failure (backoff)';
COMMENT ON COLUMN passport_engine_outbox.published_at IS 'When the broker confirmed it; NULL: still to send';
