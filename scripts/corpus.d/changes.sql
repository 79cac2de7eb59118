-- Changes by hand that a schema allows: kind, statement, and the object as `status --drift` has to name it.
-- {schemas} are the declared ones, {owner} is the service's owner, {n} becomes a number of its own for each change.
SET search_path = pg_catalog;
WITH ns AS (SELECT oid, nspname FROM pg_namespace WHERE nspname = ANY ({schemas})),
own AS (
    SELECT c.oid, c.relkind, c.reloptions, format('%I.%I', nspname, relname) AS id, quote_ident(relname) AS name, format('%I', nspname) AS schema
    FROM pg_class c JOIN ns ON ns.oid = relnamespace
    WHERE relowner = {owner}::regrole AND relpersistence = 'p' AND NOT relispartition
      AND NOT EXISTS (SELECT FROM pg_inherits WHERE inhrelid = c.oid OR (inhparent = c.oid AND relkind = 'r'))
      AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype IN ('e', 'i'))
),
tab AS (SELECT * FROM own WHERE relkind IN ('r', 'p')),
col AS (
    SELECT a.*, tab.id, format('%s.%I', tab.id, attname) AS object, quote_ident(attname) AS col
    FROM pg_attribute a JOIN tab ON attrelid = tab.oid WHERE attnum > 0 AND NOT attisdropped
),
fun AS (
    SELECT p.*, format('%I.%I(%s)', nspname, proname, pg_get_function_identity_arguments(p.oid)) AS id,
           p.oid::regprocedure::text AS object, CASE prokind WHEN 'p' THEN 'PROCEDURE' ELSE 'FUNCTION' END AS word
    FROM pg_proc p JOIN ns ON ns.oid = pronamespace
    WHERE prokind IN ('f', 'p') AND proowner = {owner}::regrole
      AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype IN ('e', 'i'))
),
change(kind, statement, named) AS (
    SELECT 'add a column', format('ALTER TABLE %s ADD hand_{n} int', id), format('added column %s.hand_{n}', id) FROM tab
    UNION ALL SELECT 'add a check', format('ALTER TABLE %s ADD CONSTRAINT hand_{n} CHECK (true) NOT VALID', id), format('added constraint %s.hand_{n}', id) FROM tab
    UNION ALL SELECT 'add an index', format('CREATE INDEX hand_{n} ON %s ((1))', id), format('added index %s.hand_{n}', schema) FROM tab
    UNION ALL SELECT 'comment', format('COMMENT ON TABLE %s IS ''by hand {n}''', id), format('comment table %s', id) FROM tab
    UNION ALL SELECT 'set an option', format('ALTER TABLE %s SET (fillfactor = 71)', id), format('changed table %s', id) FROM tab WHERE relkind = 'r'
    UNION ALL SELECT 'enable row security', format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', id), format('changed table %s', id)
        FROM tab WHERE NOT (SELECT relrowsecurity FROM pg_class c WHERE c.oid = tab.oid)
    UNION ALL SELECT 'add a policy', format('CREATE POLICY hand_{n} ON %s USING (true)', id), format('added policy %s.hand_{n}', id) FROM tab
    UNION ALL SELECT 'replica identity', format('ALTER TABLE %s REPLICA IDENTITY FULL', id), format('changed table %s', id)
        FROM tab WHERE (SELECT relreplident FROM pg_class c WHERE c.oid = tab.oid) <> 'f'
    UNION ALL SELECT 'add a rule', format('CREATE RULE hand_{n} AS ON DELETE TO %s DO ALSO NOTHING', id), format('added rule %s.hand_{n}', id) FROM tab
    UNION ALL SELECT 'add statistics', format('CREATE STATISTICS %s.hand_{n} ON %s FROM %s', (array_agg(split_part(id, '.', 1)))[1],
            string_agg(col, ', ' ORDER BY attnum) FILTER (WHERE place <= 2), id), format('added statistics %s.hand_{n}', quote_ident(min(schema)))
        FROM (SELECT col.*, row_number() OVER (PARTITION BY attrelid ORDER BY attnum) AS place, nspname AS schema
              FROM col JOIN pg_class c ON c.oid = attrelid JOIN ns ON ns.oid = c.relnamespace
              WHERE EXISTS (SELECT FROM pg_opclass WHERE opcintype = atttypid AND opcdefault AND opcmethod = 403)) two
        GROUP BY id HAVING count(*) > 1
    UNION ALL SELECT 'rename a column', format('ALTER TABLE %s RENAME %s TO hand_{n}', id, col), format('added column %s.hand_{n}', id) FROM col
    UNION ALL SELECT 'drop a column', format('ALTER TABLE %s DROP %s', id, col), format('removed column %s', object) FROM col
    UNION ALL SELECT 'set NOT NULL', format('ALTER TABLE %s ALTER %s SET NOT NULL', id, col), format('changed column %s', object) FROM col WHERE NOT attnotnull
    UNION ALL SELECT 'drop NOT NULL', format('ALTER TABLE %s ALTER %s DROP NOT NULL', id, col), format('changed column %s', object) FROM col WHERE attnotnull
    UNION ALL SELECT 'drop a default', format('ALTER TABLE %s ALTER %s DROP DEFAULT', id, col), format('changed column %s', object)
        FROM col WHERE atthasdef AND attgenerated = ''
    UNION ALL SELECT 'set a default', format('ALTER TABLE %s ALTER %s SET DEFAULT ''{n}''', id, col), format('changed column %s', object)
        FROM col WHERE NOT atthasdef AND attidentity = '' AND atttypid IN ('int4'::regtype, 'int8'::regtype, 'text'::regtype)
    UNION ALL SELECT 'widen a column', format('ALTER TABLE %s ALTER %s TYPE text', id, col), format('changed column %s', object)
        FROM col WHERE atttypid = 'varchar'::regtype
    UNION ALL SELECT 'storage', format('ALTER TABLE %s ALTER %s SET STORAGE EXTERNAL', id, col), format('changed column %s', object)
        FROM col WHERE attstorage = 'x'
    UNION ALL SELECT 'drop a constraint', format('ALTER TABLE %s DROP CONSTRAINT %I', tab.id, conname), format('removed constraint %s.%I', tab.id, conname)
        FROM pg_constraint JOIN tab ON conrelid = tab.oid WHERE contype IN ('c', 'f', 'u', 'x')
    UNION ALL SELECT 'drop an index', format('DROP INDEX %s', id), format('removed index %s', id)
        FROM own WHERE relkind IN ('i', 'I') AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = own.oid)
    UNION ALL SELECT 'rename an index', format('ALTER INDEX %s RENAME TO hand_{n}', id), format('added index %s.hand_{n}', schema)
        FROM own WHERE relkind IN ('i', 'I') AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = own.oid)
    UNION ALL SELECT 'drop a trigger', format('DROP TRIGGER %I ON %s', tgname, tab.id), format('removed trigger %s.%I', tab.id, tgname)
        FROM pg_trigger JOIN tab ON tgrelid = tab.oid WHERE NOT tgisinternal
    UNION ALL SELECT 'disable a trigger', format('ALTER TABLE %s DISABLE TRIGGER %I', tab.id, tgname), format('changed trigger %s.%I', tab.id, tgname)
        FROM pg_trigger JOIN tab ON tgrelid = tab.oid WHERE NOT tgisinternal AND tgenabled <> 'D'
    UNION ALL SELECT 'drop a policy', format('DROP POLICY %I ON %s', polname, tab.id), format('removed policy %s.%I', tab.id, polname)
        FROM pg_policy JOIN tab ON polrelid = tab.oid
    UNION ALL SELECT 'drop a view', format('DROP VIEW %s', id), format('removed view %s', id) FROM own WHERE relkind = 'v'
    UNION ALL SELECT 'rename a column of a view', format('ALTER VIEW %s RENAME %I TO hand_{n}', id, (SELECT attname FROM pg_attribute WHERE attrelid = own.oid AND attnum = 1)),
            format('changed view %s', id) FROM own WHERE relkind = 'v'
    UNION ALL SELECT 'drop a materialized view', format('DROP MATERIALIZED VIEW %s', id), format('removed materialized view %s', id) FROM own WHERE relkind = 'm'
    UNION ALL SELECT 'increment a sequence', format('ALTER SEQUENCE %s INCREMENT 7', id), format('changed sequence %s', id) FROM own WHERE relkind = 'S'
    UNION ALL SELECT 'drop a table', format('DROP TABLE %s', id), format('removed table %s', id) FROM tab
    UNION ALL SELECT 'rename a table', format('ALTER TABLE %s RENAME TO hand_{n}', id), format('added table %s.hand_{n}', schema) FROM tab
    UNION ALL SELECT 'make a table', format('CREATE TABLE %I.hand_{n} (id int PRIMARY KEY)', nspname), format('added table %I.hand_{n}', nspname) FROM ns
    UNION ALL SELECT 'make a view', format('CREATE VIEW %I.hand_{n} AS SELECT 1 AS one', nspname), format('added view %I.hand_{n}', nspname) FROM ns
    UNION ALL SELECT 'make a sequence', format('CREATE SEQUENCE %I.hand_{n}', nspname), format('added sequence %I.hand_{n}', nspname) FROM ns
    UNION ALL SELECT 'make a type', format('CREATE TYPE %I.hand_{n} AS ENUM (''a'')', nspname), format('added type %I.hand_{n}', nspname) FROM ns
    UNION ALL SELECT 'make a function', format('CREATE FUNCTION %I.hand_{n}() RETURNS int LANGUAGE sql AS ''SELECT 1''', nspname),
            format('added routine %I.hand_{n}()', nspname) FROM ns
    UNION ALL SELECT 'cost of a function', format('ALTER FUNCTION %s COST 77', id), format('changed routine %s', object) FROM fun WHERE prokind = 'f'
    UNION ALL SELECT 'setting of a function', format('ALTER %s %s SET work_mem = ''7MB''', word, id), format('changed routine %s', object) FROM fun
    UNION ALL SELECT 'another body', regexp_replace(pg_get_functiondef(fun.oid), '(AS \$\w*\$)', E'\\1 /* by hand */ ', ''), format('changed routine %s', object)
        FROM fun JOIN pg_language l ON l.oid = prolang WHERE lanname IN ('sql', 'plpgsql') AND prosqlbody IS NULL
    UNION ALL SELECT 'drop a function', format('DROP %s %s', word, id), format('removed routine %s', object) FROM fun
    UNION ALL SELECT 'add a value', format('ALTER TYPE %I.%I ADD VALUE ''hand_{n}''', nspname, typname), format('changed type %I.%I', nspname, typname)
        FROM pg_type JOIN ns ON ns.oid = typnamespace WHERE typtype = 'e' AND typowner = {owner}::regrole
    UNION ALL SELECT 'rename a value', format('ALTER TYPE %I.%I RENAME VALUE %L TO ''hand_{n}''', nspname, typname, enumlabel), format('changed type %I.%I', nspname, typname)
        FROM pg_type t JOIN ns ON ns.oid = typnamespace JOIN pg_enum ON enumtypid = t.oid WHERE typowner = {owner}::regrole
    UNION ALL SELECT 'default of a domain', format('ALTER DOMAIN %I.%I SET DEFAULT ''1''', nspname, typname), format('changed domain %I.%I', nspname, typname)
        FROM pg_type JOIN ns ON ns.oid = typnamespace WHERE typtype = 'd' AND typdefault IS NULL AND typowner = {owner}::regrole
    UNION ALL SELECT 'check of a domain', format('ALTER DOMAIN %I.%I ADD CONSTRAINT hand_{n} CHECK (true) NOT VALID', nspname, typname),
            format('added constraint %s.hand_{n}', t.oid::regtype)
        FROM pg_type t JOIN ns ON ns.oid = typnamespace WHERE typtype = 'd' AND typowner = {owner}::regrole
)
SELECT json_build_object('kind', kind, 'statement', statement, 'named', named) FROM change ORDER BY kind, statement
