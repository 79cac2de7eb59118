-- The data service's audit: its identity, the owners of its schema and of itself, the first of them that the admin does not
-- act as, and its columns with their types if it is a plain table.
SELECT pg_catalog.concat_ws(' ', n.oid, n.nspowner, c.oid, c.relowner),
    pg_catalog.pg_get_userbyid(n.nspowner)::pg_catalog.text, pg_catalog.pg_get_userbyid(c.relowner)::pg_catalog.text,
    (SELECT pg_catalog.min(o.rolname::pg_catalog.text) FROM pg_catalog.pg_roles o WHERE o.oid IN (n.nspowner, c.relowner)
        AND NOT pg_catalog.pg_has_role(o.oid, 'USAGE')),
    CASE WHEN c.relkind = 'r' AND c.relpersistence = 'p' AND NOT c.relispartition
            AND NOT EXISTS (SELECT FROM pg_catalog.pg_inherits h WHERE c.oid IN (h.inhrelid, h.inhparent)) THEN
        (SELECT pg_catalog.string_agg(pg_catalog.concat_ws(' ', a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod)), ',')
        FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '') END
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = 'martydb_serve' AND c.relname = 'audit'
