DROP TABLE {{service}}_log;
