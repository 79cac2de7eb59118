-- Undoes: {{message}}. Unpublished events of {{service}} are lost: drain the outbox first.
DROP TABLE {{service}}_outbox;
