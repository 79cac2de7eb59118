-- Undoes: {{message}}. Unpublished events of {{service}} are lost: drain the outbox first.
DROP TABLE {{service}}_outbox;
DROP FUNCTION {{service}}_outbox_notify();
