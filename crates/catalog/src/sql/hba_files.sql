-- Texts of pg_hba.conf and of included files: the view shows keywords without the quotes that turn them into names.
SELECT coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('path', f.path,
  'bytes', pg_catalog.encode(pg_catalog.pg_read_binary_file(f.path, 0, 1048576, true), 'hex'))), '[]')::text
FROM (
  SELECT DISTINCT coalesce(pg_catalog.to_jsonb(h) ->> 'file_name', pg_catalog.current_setting('hba_file')) AS path
  FROM pg_catalog.pg_hba_file_rules h ORDER BY 1 LIMIT 64) f
