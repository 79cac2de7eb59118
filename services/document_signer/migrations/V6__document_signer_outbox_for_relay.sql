-- The outbox of document_signer as `martydb relay` reads it: aggregate by aggregate, woken by a notification.

DROP INDEX document_signer_outbox_pending_idx;
DROP INDEX document_signer_outbox_published_idx;
DROP INDEX document_signer_outbox_aggregate_idx;

-- the first event of each aggregate that is still to be sent; small however long the history is
CREATE INDEX document_signer_outbox_pending_idx ON document_signer_outbox (aggregate_type, aggregate_id, id)
    WHERE published_at IS NULL;

ALTER TABLE document_signer_outbox SET (autovacuum_vacuum_scale_factor = 0.02);

CREATE FUNCTION document_signer_outbox_notify() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_catalog.pg_notify('martydb_outbox', '');
    RETURN NULL;
END
$$;

CREATE TRIGGER document_signer_outbox_notify AFTER INSERT ON document_signer_outbox
    FOR EACH STATEMENT EXECUTE FUNCTION document_signer_outbox_notify();

COMMENT ON COLUMN document_signer_outbox.available_at IS
    'Not before this time; the relay moves it forward after a failure, to infinity when the event is dead';
COMMENT ON COLUMN document_signer_outbox.published_at IS
    'When the broker confirmed it, or when it was skipped (last_error says so); NULL: still to send';
