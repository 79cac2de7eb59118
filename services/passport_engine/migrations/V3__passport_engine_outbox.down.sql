-- Unpublished events of passport_engine are lost: drain the outbox first.
DROP TABLE passport_engine_outbox;
