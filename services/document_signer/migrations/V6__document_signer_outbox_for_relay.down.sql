-- The outbox of document_signer as it was before `martydb relay` read it.

DROP TRIGGER document_signer_outbox_notify ON document_signer_outbox;
DROP FUNCTION document_signer_outbox_notify();
ALTER TABLE document_signer_outbox RESET (autovacuum_vacuum_scale_factor);

DROP INDEX document_signer_outbox_pending_idx;
CREATE INDEX document_signer_outbox_pending_idx ON document_signer_outbox (available_at, id)
    WHERE published_at IS NULL;
CREATE INDEX document_signer_outbox_published_idx ON document_signer_outbox (published_at)
    WHERE published_at IS NOT NULL;
CREATE INDEX document_signer_outbox_aggregate_idx
    ON document_signer_outbox (aggregate_type, aggregate_id, id);

COMMENT ON COLUMN document_signer_outbox.available_at IS
    'Not before this time; the dispatcher moves it forward after a failure (backoff)';
COMMENT ON COLUMN document_signer_outbox.published_at IS 'When the broker confirmed it; NULL: still to send';
