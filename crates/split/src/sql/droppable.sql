-- Droppable objects of the tables in martydb.tables (martydb.large contains which of them are large), which are
-- recreated after the rows: foreign keys first, then CHECK constraints that are NOT VALID, indexes and the constraints made of them, those of a partitioned
-- table together with those of its parts. For each: its table, the statement that drops the whole, and rank, relation,
-- kind, name and definition of each piece. An index with properties that its definition lacks is kept.
WITH given AS MATERIALIZED (
    SELECT g.oid, g.large FROM ROWS FROM (pg_catalog.unnest(pg_catalog.current_setting('martydb.tables')::pg_catalog.oid[]),
        pg_catalog.unnest(pg_catalog.current_setting('martydb.large')::pg_catalog.bool[])) g (oid, large)
),
top AS (
    SELECT x.indexrelid AS root FROM pg_catalog.pg_index x JOIN given g ON g.oid = x.indrelid AND g.large
    JOIN pg_catalog.pg_class i ON i.oid = x.indexrelid
    WHERE NOT i.relispartition
),
tree AS (
    SELECT t.root, coalesce(p.relid::pg_catalog.oid, t.root) AS index, p.parentrelid::pg_catalog.oid AS parent
    FROM top t LEFT JOIN LATERAL pg_catalog.pg_partition_tree(t.root) p ON true
),
piece AS (
    SELECT t.root, t.index, t.parent, i.relkind, i.relname, pg_catalog.format('%I.%I', n.nspname, i.relname) AS ident,
        pg_catalog.format('%I.%I', cn.nspname, c.relname) AS relation, k.oid AS constraint, k.conname,
        x.indisvalid AND NOT x.indisclustered AND NOT x.indisreplident AND i.reltablespace = 0 AND c.relowner = r.oid
            AND (k.oid IS NULL OR i.reloptions IS NULL)
            AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = i.oid AND d.deptype IN ('e', 'x'))
            AND NOT EXISTS (SELECT FROM pg_catalog.pg_attribute a WHERE a.attrelid = i.oid AND coalesce(a.attstattarget, -1) <> -1) AS whole
    FROM tree t JOIN pg_catalog.pg_class i ON i.oid = t.index JOIN pg_catalog.pg_namespace n ON n.oid = i.relnamespace
    JOIN pg_catalog.pg_index x ON x.indexrelid = t.index JOIN pg_catalog.pg_class c ON c.oid = x.indrelid
    JOIN pg_catalog.pg_namespace cn ON cn.oid = c.relnamespace JOIN pg_catalog.pg_roles r ON r.rolname = current_user
    LEFT JOIN pg_catalog.pg_constraint k ON k.conindid = i.oid AND k.conrelid = x.indrelid AND k.contype IN ('p', 'u', 'x')
),
usable AS (SELECT p.root FROM piece p GROUP BY p.root HAVING pg_catalog.bool_and(p.whole))
SELECT * FROM (
    SELECT 'foreign key ' || k.oid AS unit,
        pg_catalog.format('ALTER TABLE %I.%I DROP CONSTRAINT %I', n.nspname, c.relname, k.conname) AS taken,
        100 AS rank, pg_catalog.format('%I.%I', n.nspname, c.relname) AS relation, 'foreign key' AS kind, k.conname::pg_catalog.text AS name,
        pg_catalog.format('ALTER TABLE %I.%I ADD CONSTRAINT %I %s', n.nspname, c.relname, k.conname, pg_catalog.pg_get_constraintdef(k.oid))
            || coalesce(pg_catalog.format('; COMMENT ON CONSTRAINT %I ON %I.%I IS ', k.conname, n.nspname, c.relname)
                || pg_catalog.quote_literal(pg_catalog.obj_description(k.oid, 'pg_constraint')), '') AS definition
    FROM pg_catalog.pg_constraint k JOIN given g ON g.oid = k.conrelid JOIN pg_catalog.pg_class c ON c.oid = k.conrelid
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE k.contype = 'f' AND k.conparentid = 0
    UNION ALL
    -- Rows from before such a constraint may violate it.
    SELECT 'check ' || k.oid, pg_catalog.format('ALTER TABLE %I.%I DROP CONSTRAINT %I', n.nspname, c.relname, k.conname),
        90, pg_catalog.format('%I.%I', n.nspname, c.relname), 'constraint', k.conname::pg_catalog.text,
        pg_catalog.format('ALTER TABLE %I.%I ADD CONSTRAINT %I %s', n.nspname, c.relname, k.conname, pg_catalog.pg_get_constraintdef(k.oid))
            || coalesce(pg_catalog.format('; COMMENT ON CONSTRAINT %I ON %I.%I IS ', k.conname, n.nspname, c.relname)
                || pg_catalog.quote_literal(pg_catalog.obj_description(k.oid, 'pg_constraint')), '')
    FROM pg_catalog.pg_constraint k JOIN given g ON g.oid = k.conrelid JOIN pg_catalog.pg_class c ON c.oid = k.conrelid
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE k.contype = 'c' AND NOT k.convalidated AND k.coninhcount = 0
    UNION ALL
    SELECT 'index ' || p.root, top.taken, made.rank, made.relation, made.kind, made.name, made.definition
    FROM piece p JOIN usable u ON u.root = p.root
    JOIN LATERAL (
        SELECT CASE WHEN t.constraint IS NULL THEN 'DROP INDEX ' || t.ident
            ELSE 'ALTER TABLE ' || t.relation || ' DROP CONSTRAINT ' || pg_catalog.quote_ident(t.conname) END AS taken
        FROM piece t WHERE t.index = p.root LIMIT 1) top ON true
    CROSS JOIN LATERAL (
        SELECT CASE p.relkind WHEN 'I' THEN 20 ELSE 10 END AS rank, p.relation, CASE WHEN p.constraint IS NULL THEN 'index' ELSE 'constraint' END AS kind,
            coalesce(p.conname, p.relname)::pg_catalog.text AS name,
            CASE WHEN p.constraint IS NULL THEN pg_catalog.pg_get_indexdef(p.index)
                ELSE 'ALTER TABLE ONLY ' || p.relation || ' ADD CONSTRAINT ' || pg_catalog.quote_ident(p.conname) || ' ' || pg_catalog.pg_get_constraintdef(p.constraint) END
                || coalesce('; COMMENT ON INDEX ' || p.ident || ' IS ' || pg_catalog.quote_literal(pg_catalog.obj_description(p.index, 'pg_class')), '')
                || coalesce('; COMMENT ON CONSTRAINT ' || pg_catalog.quote_ident(p.conname) || ' ON ' || p.relation || ' IS '
                    || pg_catalog.quote_literal(pg_catalog.obj_description(p.constraint, 'pg_constraint')), '') AS definition
        UNION ALL
        SELECT 30, p.relation, 'partition of an index', p.relname::pg_catalog.text,
            pg_catalog.format('ALTER INDEX %s ATTACH PARTITION %s', parent.ident, p.ident)
        FROM (SELECT q.ident FROM piece q WHERE q.index = p.parent LIMIT 1) parent
    ) made
) droppable
ORDER BY kind <> 'foreign key', unit, rank
