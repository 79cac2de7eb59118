-- The outbox of booking as it was before `martydb relay` read it.

DROP TRIGGER booking_outbox_notify ON booking_outbox;
DROP FUNCTION booking_outbox_notify();
ALTER TABLE booking_outbox RESET (autovacuum_vacuum_scale_factor);

DROP INDEX booking_outbox_pending_idx;
CREATE INDEX booking_outbox_pending_idx ON booking_outbox (available_at, id)
    WHERE published_at IS NULL;
CREATE INDEX booking_outbox_published_idx ON booking_outbox (published_at)
    WHERE published_at IS NOT NULL;
CREATE INDEX booking_outbox_aggregate_idx
    ON booking_outbox (aggregate_type, aggregate_id, id);

COMMENT ON COLUMN booking_outbox.available_at IS
    'Not before this time; the dispatcher moves it forward after a failure (backoff)';
COMMENT ON COLUMN booking_outbox.published_at IS 'When the broker confirmed it; NULL: still to send';
