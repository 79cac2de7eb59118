-- Objects of a shared database, their ownership and references: each row is a section and an item as JSON. Schemas that
-- no service can own, and members of extensions, are omitted.
space AS MATERIALIZED (
    SELECT n.oid, n.nspname FROM pg_catalog.pg_namespace n
    WHERE n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'martydb', 'martydb_serve', 'martydb_split')
),
rel AS MATERIALIZED (
    SELECT c.oid, c.relname, c.relkind, c.relpersistence, c.relispartition, c.reltuples, c.relowner, s.nspname
    FROM pg_catalog.pg_class c JOIN space s ON s.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND c.relpersistence <> 't'
        AND NOT EXISTS (SELECT FROM member m WHERE m.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND m.objid = c.oid)
)
SELECT 'relation', pg_catalog.json_build_object(
        'oid', r.oid::pg_catalog.int8, 'schema', r.nspname, 'name', r.relname,
        'ident', pg_catalog.format('%I.%I', r.nspname, r.relname), 'kind', r.relkind::pg_catalog.text,
        'unlogged', r.relpersistence = 'u', 'owner', pg_catalog.pg_get_userbyid(r.relowner),
        -- The estimate of a partitioned table is the sum of those of its partitions.
        'rows', CASE WHEN r.relkind = 'p' THEN 0 ELSE GREATEST(r.reltuples::pg_catalog.int8, 0) END,
        'bytes', CASE WHEN r.relkind IN ('r', 'm') THEN pg_catalog.pg_total_relation_size(r.oid) ELSE 0 END
    )::pg_catalog.text
FROM rel r
UNION ALL
SELECT 'child', pg_catalog.json_build_object(
        'child', i.inhrelid::pg_catalog.int8, 'parent', i.inhparent::pg_catalog.int8, 'partition', r.relispartition
    )::pg_catalog.text
FROM pg_catalog.pg_inherits i JOIN rel r ON r.oid = i.inhrelid
UNION ALL
SELECT 'foreign_key', pg_catalog.json_build_object(
        'oid', k.oid::pg_catalog.int8, 'name', k.conname,
        'relation', k.conrelid::pg_catalog.int8, 'to', k.confrelid::pg_catalog.int8,
        'columns', (SELECT pg_catalog.json_agg(pg_catalog.quote_ident(a.attname) ORDER BY u.ordinality)
            FROM pg_catalog.unnest(k.conkey) WITH ORDINALITY u
            JOIN pg_catalog.pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.u),
        'to_columns', (SELECT pg_catalog.json_agg(pg_catalog.quote_ident(a.attname) ORDER BY u.ordinality)
            FROM pg_catalog.unnest(k.confkey) WITH ORDINALITY u
            JOIN pg_catalog.pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = u.u)
    )::pg_catalog.text
FROM pg_catalog.pg_constraint k JOIN rel r ON r.oid = k.conrelid
WHERE k.contype = 'f' AND k.conparentid = 0
UNION ALL
SELECT 'part', pg_catalog.json_build_object(
        'kind', part.kind, 'class', part.class, 'oid', part.oid::pg_catalog.int8, 'relation', part.relation::pg_catalog.int8,
        'name', pg_catalog.quote_ident(part.name), 'bare', part.name,
        'rule', CASE WHEN part.kind = 'rule' THEN pg_catalog.pg_get_ruledef(part.oid) END,
        'generated', CASE WHEN part.kind = 'default' THEN (SELECT a.attgenerated::pg_catalog.text
            FROM pg_catalog.pg_attrdef d JOIN pg_catalog.pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum WHERE d.oid = part.oid) END,
        'roles', CASE WHEN part.kind = 'policy' THEN (SELECT pg_catalog.json_agg(pg_catalog.pg_get_userbyid(u.u) ORDER BY 1)
            FROM pg_catalog.pg_policy p, pg_catalog.unnest(p.polroles) u WHERE p.oid = part.oid AND u.u <> 0) END
    )::pg_catalog.text
FROM (
    SELECT CASE WHEN w.rulename = '_RETURN' THEN 'view' ELSE 'rule' END AS kind, 'pg_rewrite' AS class,
        w.oid, w.ev_class AS relation, w.rulename AS name
    FROM pg_catalog.pg_rewrite w
    UNION ALL SELECT 'trigger', 'pg_trigger', t.oid, t.tgrelid, t.tgname FROM pg_catalog.pg_trigger t
    WHERE NOT t.tgisinternal AND t.tgparentid = 0
    UNION ALL SELECT 'policy', 'pg_policy', p.oid, p.polrelid, p.polname FROM pg_catalog.pg_policy p
    UNION ALL SELECT 'default', 'pg_attrdef', d.oid, d.adrelid, a.attname
    FROM pg_catalog.pg_attrdef d JOIN pg_catalog.pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
    UNION ALL SELECT 'check', 'pg_constraint', k.oid, k.conrelid, k.conname FROM pg_catalog.pg_constraint k
    WHERE k.contype = 'c' AND k.conrelid <> 0
    UNION ALL SELECT 'index', 'pg_class', x.indexrelid, x.indrelid, c.relname
    FROM pg_catalog.pg_index x JOIN pg_catalog.pg_class c ON c.oid = x.indexrelid
    WHERE x.indexprs IS NOT NULL OR x.indpred IS NOT NULL
) part JOIN rel r ON r.oid = part.relation
UNION ALL
SELECT 'routine', pg_catalog.json_build_object(
        'oid', f.oid::pg_catalog.int8, 'ident', f.oid::pg_catalog.regprocedure::pg_catalog.text, 'name', f.proname,
        'schema', s.nspname, 'language', l.lanname,
        'body', CASE WHEN l.lanname IN ('c', 'internal') THEN ''
            -- A body that is stored as a tree.
            WHEN l.lanname = 'sql' AND f.prosrc = '' THEN pg_catalog.left(pg_catalog.pg_get_functiondef(f.oid), 200000)
            ELSE pg_catalog.left(f.prosrc, 200000) END
    )::pg_catalog.text
FROM pg_catalog.pg_proc f JOIN space s ON s.oid = f.pronamespace JOIN pg_catalog.pg_language l ON l.oid = f.prolang
WHERE NOT EXISTS (SELECT FROM member m WHERE m.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND m.objid = f.oid)
    -- The constructors of a range type are created with it.
    AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.deptype = 'i' AND d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND d.objid = f.oid)
UNION ALL
SELECT 'type', pg_catalog.json_build_object(
        'oid', t.oid::pg_catalog.int8, 'schema', s.nspname, 'ident', pg_catalog.format('%I.%I', s.nspname, t.typname), 'kind', t.typtype::pg_catalog.text,
        'of', CASE WHEN t.typcategory = 'A' THEN t.typelem::pg_catalog.int8 ELSE 0 END,
        'row_of', CASE WHEN EXISTS (SELECT FROM rel r WHERE r.oid = t.typrelid) THEN t.typrelid::pg_catalog.int8 ELSE 0 END,
        'attributes', CASE WHEN EXISTS (SELECT FROM rel r WHERE r.oid = t.typrelid) THEN 0 ELSE t.typrelid::pg_catalog.int8 END
    )::pg_catalog.text
FROM pg_catalog.pg_type t JOIN space s ON s.oid = t.typnamespace
WHERE NOT EXISTS (SELECT FROM member m WHERE m.classid = 'pg_catalog.pg_type'::pg_catalog.regclass AND m.objid = t.oid)
UNION ALL
SELECT DISTINCT 'reference', pg_catalog.json_build_object(
        'class', c.relname, 'oid', d.objid::pg_catalog.int8, 'to_class', o.relname, 'to', d.refobjid::pg_catalog.int8,
        'owned', d.deptype IN ('a', 'i')
    )::pg_catalog.text
FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_class c ON c.oid = d.classid JOIN pg_catalog.pg_class o ON o.oid = d.refclassid
WHERE d.refobjid >= 16384 AND d.deptype IN ('n', 'a', 'i')
    AND c.relname IN ('pg_class', 'pg_proc', 'pg_type', 'pg_rewrite', 'pg_trigger', 'pg_policy', 'pg_attrdef', 'pg_constraint')
    AND o.relname IN ('pg_class', 'pg_proc', 'pg_type')
UNION ALL
-- Before version 15, the references of a generated column are recorded for the column.
SELECT DISTINCT 'reference', pg_catalog.json_build_object(
        'class', 'pg_attrdef', 'oid', ad.oid::pg_catalog.int8, 'to_class', o.relname, 'to', d.refobjid::pg_catalog.int8, 'owned', false
    )::pg_catalog.text
FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_class o ON o.oid = d.refclassid
    JOIN pg_catalog.pg_attribute a ON a.attrelid = d.objid AND a.attnum = d.objsubid AND a.attgenerated <> ''
    JOIN pg_catalog.pg_attrdef ad ON ad.adrelid = a.attrelid AND ad.adnum = a.attnum
WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjid >= 16384 AND d.refobjid <> d.objid
    AND o.relname IN ('pg_class', 'pg_proc')
UNION ALL
SELECT 'large_object_column', pg_catalog.json_build_object(
        'relation', r.oid::pg_catalog.int8, 'name', pg_catalog.quote_ident(a.attname)
    )::pg_catalog.text
FROM rel r JOIN pg_catalog.pg_attribute a ON a.attrelid = r.oid JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
WHERE r.relkind IN ('r', 'p') AND NOT r.relispartition AND a.attnum > 0 AND NOT a.attisdropped
    AND (t.oid = 'pg_catalog.oid'::pg_catalog.regtype OR t.typname = 'lo')
    AND EXISTS (SELECT FROM pg_catalog.pg_largeobject_metadata)
UNION ALL
SELECT 'publication', pg_catalog.json_build_object(
        'name', pg_catalog.quote_ident(p.pubname), 'all', p.puballtables,
        'tables', (SELECT pg_catalog.json_agg(pr.prrelid::pg_catalog.int8) FROM pg_catalog.pg_publication_rel pr WHERE pr.prpubid = p.oid)
    )::pg_catalog.text
FROM pg_catalog.pg_publication p
-- Publications of a split contain its marker.
WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_publication_rel pr JOIN pg_catalog.pg_class c ON c.oid = pr.prrelid
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE pr.prpubid = p.oid AND n.nspname = 'martydb_split')
UNION ALL
SELECT 'event_trigger', pg_catalog.jsonb_build_array(pg_catalog.quote_ident(e.evtname))::pg_catalog.text FROM pg_catalog.pg_event_trigger e
WHERE NOT EXISTS (SELECT FROM member m WHERE m.classid = 'pg_catalog.pg_event_trigger'::pg_catalog.regclass AND m.objid = e.oid)
