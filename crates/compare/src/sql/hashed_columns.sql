-- Hash function of the server for each column, and its argument, where x is the table. Values of a type whose equal values have
-- equal text are hashed directly, all others as text. No code of the owner of a table or a type runs. The last columns are for sums of
-- earlier versions: their argument, and whether a copy may have another text then. PostgreSQL copies the output of a type, and a
-- cast to text may differ from it, as that of xml does by its declaration.
SELECT att.attrelid, att.attnum, att.attname, CASE WHEN direct.type IS NULL THEN 'hashtextextended' ELSE coalesce(direct.hash, 'hash_record_extended') END AS function,
    CASE
        -- A service's type may have a cast of its own to text; a record has none.
        WHEN t.typnamespace <> 'pg_catalog'::pg_catalog.regnamespace THEN pg_catalog.format('ROW(x.%I)::pg_catalog.text COLLATE pg_catalog."C"', att.attname)
        WHEN direct.type IS NULL AND EXISTS (SELECT FROM pg_catalog.pg_cast k WHERE k.castsource = t.oid AND k.casttarget = 'pg_catalog.text'::pg_catalog.regtype)
            THEN pg_catalog.format('ROW(x.%I)::pg_catalog.text COLLATE pg_catalog."C"', att.attname)
        WHEN direct.type IS NULL THEN pg_catalog.format('x.%I::pg_catalog.text COLLATE pg_catalog."C"', att.attname)
        WHEN direct.hash IS NULL THEN pg_catalog.format('ROW(x.%I)', att.attname)
        ELSE pg_catalog.format('x.%I%s', att.attname, direct.cast) END AS value,
    CASE WHEN direct.type IS NULL AND t.typnamespace = 'pg_catalog'::pg_catalog.regnamespace
        THEN pg_catalog.format('x.%I::pg_catalog.text COLLATE pg_catalog."C"', att.attname) END AS former,
    t.oid = 'pg_catalog.xml'::pg_catalog.regtype AS is_lossy
FROM pg_catalog.pg_attribute att JOIN pg_catalog.pg_type t ON t.oid = att.atttypid
-- The server's own functions, for types whose equal values have equal text. Those of date and bytea cannot be called before 18: a record calls them.
LEFT JOIN (VALUES ('text', 'hashtextextended', ' COLLATE pg_catalog."C"'), ('varchar', 'hashtextextended', ' COLLATE pg_catalog."C"'),
        ('int2', 'hashint2extended', ''), ('int4', 'hashint4extended', ''), ('int8', 'hashint8extended', ''), ('oid', 'hashoidextended', ''),
        ('bool', 'hashint4extended', '::pg_catalog.int4'), ('uuid', 'uuid_hash_extended', ''), ('inet', 'hashinetextended', ''),
        ('macaddr', 'hashmacaddrextended', ''), ('time', 'time_hash_extended', ''), ('timestamp', 'timestamp_hash_extended', ''),
        ('timestamptz', 'timestamp_hash_extended', '::pg_catalog.timestamp'), ('date', NULL, ''), ('bytea', NULL, ''))
    direct (type, hash, "cast") ON direct.type = t.typname AND t.typnamespace = 'pg_catalog'::pg_catalog.regnamespace
WHERE att.attnum > 0 AND NOT att.attisdropped
