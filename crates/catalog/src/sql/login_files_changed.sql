-- Files of login rules that were written, or moved into place, after the server last read them. Modification
-- times have whole seconds. A copy can keep the original's modification time, but not its change time (ctime).
SELECT coalesce(pg_catalog.jsonb_agg(f.path ORDER BY f.path), '[]')::text
FROM (
  SELECT pg_catalog.current_setting('hba_file') AS path UNION SELECT pg_catalog.current_setting('ident_file')
  UNION SELECT pg_catalog.to_jsonb(h) ->> 'file_name' FROM pg_catalog.pg_hba_file_rules h LIMIT 64) f
CROSS JOIN LATERAL pg_catalog.pg_stat_file(f.path, true) s
WHERE f.path IS NOT NULL AND greatest(s.modification, s.change) > pg_catalog.pg_conf_load_time()
