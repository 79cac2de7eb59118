-- Roles and databases that match the patterns of pg_hba.conf, from 16 on, by the server's own regular expressions.
SELECT coalesce(pg_catalog.jsonb_object_agg(p.pattern, (
  SELECT coalesce(pg_catalog.jsonb_agg(n.name), '[]') FROM (
    SELECT r.rolname::text FROM pg_catalog.pg_roles r UNION SELECT d.datname::text FROM pg_catalog.pg_database d) n (name)
  WHERE n.name OPERATOR(pg_catalog.~) (pg_catalog.substr(p.pattern, 2) COLLATE pg_catalog."C"))), '{}')::text
FROM (
  SELECT DISTINCT u.word FROM pg_catalog.pg_hba_file_rules h
  CROSS JOIN LATERAL pg_catalog.unnest(h.database || h.user_name) u (word)
  WHERE h.error IS NULL AND u.word LIKE '/%'
  LIMIT 1000) p (pattern)
