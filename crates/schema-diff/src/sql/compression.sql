SELECT pg_catalog.format('1259/%s/%s', a.attrelid, a.attnum), 'compression', 62, a.attcompression::pg_catalog.text,
       pg_catalog.format('ALTER TABLE %I.%I ALTER COLUMN %I SET COMPRESSION %s', n.nspname, c.relname, a.attname, m.name),
       pg_catalog.format('ALTER TABLE %I.%I ALTER COLUMN %I SET COMPRESSION %s', n.nspname, c.relname, a.attname, m.name),
       pg_catalog.format('ALTER TABLE %I.%I ALTER COLUMN %I SET COMPRESSION default', n.nspname, c.relname, a.attname), false, NULL::pg_catalog.text
FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
CROSS JOIN LATERAL (SELECT CASE a.attcompression WHEN 'l' THEN 'lz4' ELSE 'pglz' END) m (name)
WHERE n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'martydb', 'martydb_serve') AND c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped AND a.attcompression <> ''
