-- Undoes: {{message}}
--
-- Service {{service}}. Drops what the other file made, in reverse order, and nothing else.
-- Replace the next line by the SQL, or remove it if nothing has to be undone.
-- martydb: unwritten

