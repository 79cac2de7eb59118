-- What has rows or a value of its own: kind, name, and for the tables of the histories also owner and rights, which no
-- comparison of catalogues reads. Last the hash of a row: of each column with its number as the seed, of those of a type whose
-- equal values look equal as they are, of all others as text. Extensions make theirs.
SELECT c.relkind::pg_catalog.text, pg_catalog.format('%I.%I', n.nspname, c.relname),
    CASE WHEN n.nspname = 'martydb' OR c.relname ~ '^refinery_schema_history' THEN pg_catalog.concat_ws(' ',
        pg_catalog.pg_get_userbyid(c.relowner), (SELECT pg_catalog.string_agg(a::pg_catalog.text, ',' ORDER BY a::pg_catalog.text)
            FROM pg_catalog.unnest(coalesce(c.relacl, pg_catalog.acldefault((CASE c.relkind WHEN 'S' THEN 's' ELSE 'r' END)::pg_catalog."char", c.relowner))) a)) END,
    CASE WHEN n.nspname = 'martydb' THEN pg_catalog.concat_ws(' ', pg_catalog.pg_get_userbyid(n.nspowner),
        (SELECT pg_catalog.string_agg(a::pg_catalog.text, ',' ORDER BY a::pg_catalog.text)
            FROM pg_catalog.unnest(coalesce(n.nspacl, pg_catalog.acldefault('n', n.nspowner))) a)) END
    , (SELECT pg_catalog.string_agg(CASE WHEN each.hash IS NULL
            THEN pg_catalog.format('pg_catalog.hash_record_extended(ROW(x.%I), %s)', each.attname, each.n)
            ELSE pg_catalog.format('coalesce(pg_catalog.%s(%s, %s), %s)', each.hash, each.value, each.n, each.n) END, ' OPERATOR(pg_catalog.#) ' ORDER BY each.n)
        FROM (SELECT att.attname, pg_catalog.row_number() OVER (ORDER BY att.attnum) AS n, CASE
                -- From a type of the service's own a cast of its own may lead to text; from a record none does.
                WHEN t.typnamespace <> 'pg_catalog'::pg_catalog.regnamespace THEN pg_catalog.format('ROW(x.%I)::pg_catalog.text COLLATE pg_catalog."C"', att.attname)
                ELSE pg_catalog.format('x.%I', att.attname) || CASE
                    WHEN direct.hash = 'hashtextextended' THEN ' COLLATE pg_catalog."C"'
                    WHEN direct.hash IS NULL THEN '::pg_catalog.text COLLATE pg_catalog."C"'
                    ELSE direct.cast END END AS value,
                CASE WHEN direct.type IS NULL OR t.typnamespace <> 'pg_catalog'::pg_catalog.regnamespace THEN 'hashtextextended'
                    ELSE direct.hash END AS hash
            FROM pg_catalog.pg_attribute att JOIN pg_catalog.pg_type t ON t.oid = att.atttypid
            -- The server's own functions, of types whose equal values look equal. Those of date and bytea cannot be called before 18: a record calls them.
            LEFT JOIN (VALUES ('text', 'hashtextextended', ''), ('varchar', 'hashtextextended', ''), ('int2', 'hashint2extended', ''),
                    ('int4', 'hashint4extended', ''), ('int8', 'hashint8extended', ''), ('oid', 'hashoidextended', ''),
                    ('bool', 'hashint4extended', '::pg_catalog.int4'), ('uuid', 'uuid_hash_extended', ''), ('inet', 'hashinetextended', ''),
                    ('macaddr', 'hashmacaddrextended', ''), ('time', 'time_hash_extended', ''), ('timestamp', 'timestamp_hash_extended', ''),
                    ('timestamptz', 'timestamp_hash_extended', '::pg_catalog.timestamp'), ('date', NULL, ''), ('bytea', NULL, ''))
                direct (type, hash, "cast") ON direct.type = t.typname AND t.typnamespace = 'pg_catalog'::pg_catalog.regnamespace
            WHERE att.attrelid = c.oid AND att.attnum > 0 AND NOT att.attisdropped) each)
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'S') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
    AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.deptype = 'e' AND d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid)
ORDER BY pg_catalog.pg_relation_size(c.oid) DESC, 2
