-- Tables of a database in the form that a copy and a comparison need: each row is a section and an item as JSON.
WITH RECURSIVE space AS MATERIALIZED (
    SELECT n.oid, n.nspname FROM pg_catalog.pg_namespace n
    WHERE n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'martydb', 'martydb_serve', 'martydb_split')
),
base AS (
    SELECT t.oid, t.oid AS base FROM pg_catalog.pg_type t WHERE t.typtype <> 'd'
    UNION ALL
    SELECT d.oid, b.base FROM pg_catalog.pg_type d JOIN base b ON b.oid = d.typbasetype WHERE d.typtype = 'd'
),
-- Types whose binary format means the same in every database of every version: built-in types and enums, except OIDs of
-- catalogs.
safe AS MATERIALIZED (
    SELECT b.oid FROM base b JOIN pg_catalog.pg_type t ON t.oid = b.base
    LEFT JOIN pg_catalog.pg_type e ON e.oid = t.typelem AND t.typcategory = 'A'
    WHERE t.typtype = 'e' OR (t.typnamespace = 'pg_catalog'::pg_catalog.regnamespace AND t.typtype IN ('b', 'r', 'm')
        AND t.typname !~ '^_?(reg|aclitem|money|pg_)' AND t.typsend <> 0 AND t.typreceive <> 0
        AND (e.oid IS NULL OR e.typnamespace = 'pg_catalog'::pg_catalog.regnamespace))
)
SELECT 'table', pg_catalog.json_build_object(
        'oid', c.oid::pg_catalog.int8, 'schema', s.nspname, 'name', c.relname, 'ident', pg_catalog.format('%I.%I', s.nspname, c.relname),
        'kind', c.relkind::pg_catalog.text, 'unlogged', c.relpersistence = 'u', 'forced', c.relforcerowsecurity,
        'parent', CASE WHEN c.relispartition THEN (SELECT i.inhparent::pg_catalog.int8 FROM pg_catalog.pg_inherits i WHERE i.inhrelid = c.oid) END,
        'storage', coalesce(pg_catalog.pg_relation_filenode(c.oid), 0)::pg_catalog.int8,
        'pages', CASE WHEN c.relkind = 'r' THEN pg_catalog.pg_relation_size(c.oid) / pg_catalog.current_setting('block_size')::pg_catalog.int8 ELSE 0 END,
        'bytes', CASE WHEN c.relkind = 'r' THEN pg_catalog.pg_table_size(c.oid) ELSE 0 END,
        -- Planning a query evaluates constant parts of these: it would run code of the table's owner.
        'plain', NOT EXISTS (SELECT FROM pg_catalog.pg_index x WHERE x.indrelid = c.oid AND (x.indpred IS NOT NULL OR x.indexprs IS NOT NULL))
            AND NOT EXISTS (SELECT FROM pg_catalog.pg_statistic_ext e WHERE e.stxrelid = c.oid AND pg_catalog.to_jsonb(e) ->> 'stxexprs' IS NOT NULL),
        'identity', c.relreplident::pg_catalog.text,
        'primary', EXISTS (SELECT FROM pg_catalog.pg_index x WHERE x.indrelid = c.oid AND x.indisprimary AND x.indimmediate),
        'deferrable', EXISTS (SELECT FROM pg_catalog.pg_index x WHERE x.indrelid = c.oid AND x.indisprimary AND NOT x.indimmediate),
        -- Columns that identify a row: those of the primary key, else of a unique index that cannot contain NULL.
        'key', (SELECT pg_catalog.json_agg(a.attname ORDER BY a.attname COLLATE pg_catalog."C") FROM (
                SELECT x.indkey FROM pg_catalog.pg_index x
                WHERE x.indrelid = c.oid AND x.indisunique AND x.indisvalid AND x.indpred IS NULL AND x.indexprs IS NULL AND x.indimmediate
                    AND NOT EXISTS (SELECT FROM pg_catalog.unnest(x.indkey) k JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = k WHERE NOT a.attnotnull)
                ORDER BY x.indisprimary DESC, x.indexrelid LIMIT 1) best
            JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = ANY (best.indkey)),
        'columns', (SELECT coalesce(pg_catalog.json_agg(pg_catalog.json_build_object(
                'name', a.attname, 'type', pg_catalog.format_type(a.atttypid, a.atttypmod),
                'generated', a.attgenerated <> '', 'safe', safe.oid IS NOT NULL) ORDER BY a.attname COLLATE pg_catalog."C"), '[]')
            FROM pg_catalog.pg_attribute a LEFT JOIN safe ON safe.oid = a.atttypid
            WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped)
    )::pg_catalog.text
FROM pg_catalog.pg_class c JOIN space s ON s.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND c.relpersistence <> 't'
