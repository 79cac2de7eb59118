-- Unpublished events of pkd_service are lost: drain the outbox first.
DROP TABLE pkd_outbox;
