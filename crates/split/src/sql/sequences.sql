-- Sequences of a database with their current values. One that belongs to a column is identified by that column.
SELECT coalesce((SELECT pg_catalog.format('column %I.%I.%I', tn.nspname, t.relname, a.attname)
        FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_class t ON t.oid = d.refobjid JOIN pg_catalog.pg_namespace tn ON tn.oid = t.relnamespace
        JOIN pg_catalog.pg_attribute a ON a.attrelid = t.oid AND a.attnum = d.refobjsubid
        WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid AND d.refclassid = d.classid AND d.deptype IN ('a', 'i')
        ORDER BY 1 LIMIT 1), 'sequence ' || pg_catalog.format('%I.%I', n.nspname, c.relname)),
    pg_catalog.format('%I.%I', n.nspname, c.relname), CASE WHEN c.relkind = 'S' THEN pg_catalog.pg_sequence_last_value(c.oid) END, q.seqincrement > 0
FROM pg_catalog.pg_sequence q JOIN pg_catalog.pg_class c ON c.oid = q.seqrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relpersistence <> 't' AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'martydb', 'martydb_serve', 'martydb_split')
    AND CASE WHEN c.relkind = 'S' THEN pg_catalog.has_sequence_privilege(c.oid, 'SELECT, USAGE') END
