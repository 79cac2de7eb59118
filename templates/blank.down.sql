-- Undoes: {{message}}
--
-- Service {{service}}. Drops what the other file made, in reverse order, and nothing else.

