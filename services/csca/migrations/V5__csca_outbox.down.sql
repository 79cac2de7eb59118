-- Unpublished events of csca are lost: drain the outbox first.
DROP TABLE csca_outbox;
