-- Undoes: {{message}}
--
-- Service {{service}}. Drop only what the other file created, in reverse order.
-- Replace the next line by the SQL, or remove it if there is nothing to undo.
-- martydb: unwritten

