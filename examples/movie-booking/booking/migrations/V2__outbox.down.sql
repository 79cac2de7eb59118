-- Undoes: the outbox of booking. Unpublished events of booking are lost: drain the outbox first.
DROP TABLE booking_outbox;
