DROP TABLE {{service}}_item;
