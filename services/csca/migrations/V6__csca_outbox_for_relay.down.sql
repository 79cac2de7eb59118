-- The outbox of csca as it was before `martydb relay` read it.

DROP TRIGGER csca_outbox_notify ON csca_outbox;
DROP FUNCTION csca_outbox_notify();
ALTER TABLE csca_outbox RESET (autovacuum_vacuum_scale_factor);

DROP INDEX csca_outbox_pending_idx;
CREATE INDEX csca_outbox_pending_idx ON csca_outbox (available_at, id)
    WHERE published_at IS NULL;
CREATE INDEX csca_outbox_published_idx ON csca_outbox (published_at)
    WHERE published_at IS NOT NULL;
CREATE INDEX csca_outbox_aggregate_idx
    ON csca_outbox (aggregate_type, aggregate_id, id);

COMMENT ON COLUMN csca_outbox.available_at IS
    'Not before this time; the dispatcher moves it forward after a failure (backoff)';
COMMENT ON COLUMN csca_outbox.published_at IS 'When the broker confirmed it; NULL: still to send';
