-- What has rows or a value of its own: kind, name, and for the tables of the histories also owner and rights, which no
-- comparison of catalogues reads. Last the columns as a hash takes them: those of a type whose equal values look equal as
-- they are, all others as text. Extensions make theirs.
SELECT c.relkind::pg_catalog.text, pg_catalog.format('%I.%I', n.nspname, c.relname),
    CASE WHEN n.nspname = 'martydb' OR c.relname ~ '^refinery_schema_history' THEN pg_catalog.concat_ws(' ',
        pg_catalog.pg_get_userbyid(c.relowner), (SELECT pg_catalog.string_agg(a::pg_catalog.text, ',' ORDER BY a::pg_catalog.text)
            FROM pg_catalog.unnest(coalesce(c.relacl, pg_catalog.acldefault((CASE c.relkind WHEN 'S' THEN 's' ELSE 'r' END)::pg_catalog."char", c.relowner))) a)) END,
    CASE WHEN n.nspname = 'martydb' THEN pg_catalog.concat_ws(' ', pg_catalog.pg_get_userbyid(n.nspowner),
        (SELECT pg_catalog.string_agg(a::pg_catalog.text, ',' ORDER BY a::pg_catalog.text)
            FROM pg_catalog.unnest(coalesce(n.nspacl, pg_catalog.acldefault('n', n.nspowner))) a)) END
    , (SELECT pg_catalog.string_agg(CASE
            -- From a type of the service's own a cast of its own may lead to text; from a record none does.
            WHEN t.typnamespace <> 'pg_catalog'::pg_catalog.regnamespace THEN pg_catalog.format('ROW(x.%I)::pg_catalog.text COLLATE pg_catalog."C"', att.attname)
            ELSE pg_catalog.format('x.%I', att.attname) || CASE
            WHEN att.atttypid = ANY (ARRAY['int2', 'int4', 'int8', 'oid', 'bool', 'date', 'timestamp', 'timestamptz', 'time', 'uuid', 'bytea',
                'inet', 'macaddr']::pg_catalog.regtype[]::pg_catalog.oid[]) THEN ''
            WHEN att.atttypid = ANY (ARRAY['text', 'varchar']::pg_catalog.regtype[]::pg_catalog.oid[]) THEN ' COLLATE pg_catalog."C"'
            ELSE '::pg_catalog.text COLLATE pg_catalog."C"' END END, ', ' ORDER BY att.attnum)
        FROM pg_catalog.pg_attribute att JOIN pg_catalog.pg_type t ON t.oid = att.atttypid WHERE att.attrelid = c.oid AND att.attnum > 0 AND NOT att.attisdropped)
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'S') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
    AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.deptype = 'e' AND d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid)
ORDER BY pg_catalog.pg_relation_size(c.oid) DESC, 2
