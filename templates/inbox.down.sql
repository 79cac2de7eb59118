-- Undoes: {{message}}. What {{service}} has handled is forgotten: an event that comes again takes effect again.
DROP TABLE {{service}}_inbox;
