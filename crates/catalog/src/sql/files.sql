-- Settings in the configuration files. The server's views of settings do not show a name with a dot that no
-- loaded library defines, and every session can read it.
SELECT coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
  'name', f.name, 'file', f.sourcefile, 'line', f.sourceline, 'value', pg_catalog.left(f.setting, 16384), 'cut', pg_catalog.length(f.setting) > 16384) ORDER BY f.seqno), '[]')::text
FROM pg_catalog.pg_file_settings f WHERE f.name IS NOT NULL AND f.setting IS NOT NULL
