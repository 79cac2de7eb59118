-- Tables with rows, not quoted, with their bytes and the estimate of their rows; the large objects have no name. The size of a
-- table that is dropped meanwhile is NULL.
SELECT n.nspname || '.' || c.relname, pg_catalog.pg_table_size(c.oid), c.reltuples::pg_catalog.int8
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND c.relpersistence <> 't' AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'martydb_serve')
UNION ALL SELECT '', pg_catalog.pg_table_size('pg_catalog.pg_largeobject'), NULL
