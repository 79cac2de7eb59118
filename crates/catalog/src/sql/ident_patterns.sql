-- Roles and databases that match the patterns of pg_ident.conf, from 16 on, by the server's own regular expressions.
SELECT coalesce(pg_catalog.jsonb_object_agg(p.pattern, (
  SELECT coalesce(pg_catalog.jsonb_agg(n.name), '[]') FROM (
    SELECT r.rolname::text FROM pg_catalog.pg_roles r UNION SELECT d.datname::text FROM pg_catalog.pg_database d) n (name)
  WHERE n.name OPERATOR(pg_catalog.~) (pg_catalog.substr(p.pattern, 2) COLLATE pg_catalog."C"))), '{}')::text
FROM (
  SELECT DISTINCT m.pg_username FROM pg_catalog.pg_ident_file_mappings m
  WHERE m.error IS NULL AND m.pg_username LIKE '/%'
  LIMIT 1000) p (pattern)
