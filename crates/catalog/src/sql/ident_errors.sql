-- Lines of pg_ident.conf that the server refuses; from 15 on.
SELECT coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
  'line', m.line_number, 'file', pg_catalog.to_jsonb(m) ->> 'file_name', 'error', m.error) ORDER BY m.line_number), '[]')::text
FROM pg_catalog.pg_ident_file_mappings m WHERE m.error IS NOT NULL
