-- Undoes: the outbox of payment. Unpublished events of payment are lost: drain the outbox first.
DROP TABLE payment_outbox;
