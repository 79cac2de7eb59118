-- Lines of pg_hba.conf, as the file is now, without those that the server loads although they match nothing, such as hostssl while
-- TLS is off: these have an error beside their values.
SELECT coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
  'line', h.line_number, 'file', pg_catalog.to_jsonb(h) ->> 'file_name', 'type', h.type, 'databases', h.database, 'users', h.user_name,
  'address', h.address, 'netmask', h.netmask, 'method', h.auth_method, 'options', h.options, 'error', h.error)
  ORDER BY coalesce((pg_catalog.to_jsonb(h) ->> 'rule_number')::int, h.line_number), h.line_number), '[]')::text
FROM pg_catalog.pg_hba_file_rules h WHERE h.error IS NULL OR h.type IS NULL
