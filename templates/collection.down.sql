-- Undoes: {{message}}. The documents of {{service}} are lost.
DROP TABLE {{service}}_document;
DROP FUNCTION {{service}}_document_version();
