-- Undoes: {{message}}. The articles of {{service}} are lost.
DROP TABLE {{service}}_article;
