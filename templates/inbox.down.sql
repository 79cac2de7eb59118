-- Undoes: {{message}}. Deletes the ids of the events that {{service}} has handled: a repeated event takes effect again.
DROP FUNCTION {{service}}_inbox_forget(interval, integer);
DROP TABLE {{service}}_inbox;
