-- Lines of pg_ident.conf, as the file is now; from 15 on.
SELECT coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
  'line', m.line_number, 'file', pg_catalog.to_jsonb(m) ->> 'file_name', 'map', m.map_name, 'system', m.sys_name, 'role', m.pg_username) ORDER BY m.line_number), '[]')::text
FROM pg_catalog.pg_ident_file_mappings m WHERE m.error IS NULL
