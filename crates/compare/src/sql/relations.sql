-- Relations with rows or a value: kind, name, and for the history tables also owner and privileges, which no comparison of
-- catalogs reads. The last column has the hash of each column. Without those of extensions.
SELECT c.relkind::pg_catalog.text, pg_catalog.format('%I.%I', n.nspname, c.relname),
    CASE WHEN n.nspname = 'martydb' OR c.relname ~ '^refinery_schema_history' THEN pg_catalog.concat_ws(' ',
        pg_catalog.pg_get_userbyid(c.relowner), (SELECT pg_catalog.string_agg(a::pg_catalog.text, ',' ORDER BY a::pg_catalog.text)
            FROM pg_catalog.unnest(coalesce(c.relacl, pg_catalog.acldefault((CASE c.relkind WHEN 'S' THEN 's' ELSE 'r' END)::pg_catalog."char", c.relowner))) a)) END,
    CASE WHEN n.nspname = 'martydb' THEN pg_catalog.concat_ws(' ', pg_catalog.pg_get_userbyid(n.nspowner),
        (SELECT pg_catalog.string_agg(a::pg_catalog.text, ',' ORDER BY a::pg_catalog.text)
            FROM pg_catalog.unnest(coalesce(n.nspacl, pg_catalog.acldefault('n', n.nspowner))) a)) END
    , (SELECT pg_catalog.json_agg(pg_catalog.json_build_array(h.function, h.value, h.former, h.is_lossy) ORDER BY h.attnum)::pg_catalog.text FROM hashed h WHERE h.attrelid = c.oid)
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'S') AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'martydb_serve')
    AND NOT EXISTS (SELECT FROM member m WHERE m.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND m.objid = c.oid)
ORDER BY pg_catalog.pg_relation_size(c.oid) DESC, 2
