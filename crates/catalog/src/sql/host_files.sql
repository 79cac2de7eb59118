-- Paths of the server's configuration files, with the size and time of the first, by which its host is recognised.
SELECT coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
  'config', f.path, 'size', s.size, 'modified', pg_catalog.date_part('epoch', s.modification)::bigint,
  'logins', pg_catalog.jsonb_build_array(pg_catalog.current_setting('hba_file'), pg_catalog.current_setting('ident_file')))), '[]')::text
FROM (SELECT pg_catalog.current_setting('config_file') AS path) f CROSS JOIN LATERAL pg_catalog.pg_stat_file(f.path, true) s
WHERE f.path IS NOT NULL AND s.size IS NOT NULL
