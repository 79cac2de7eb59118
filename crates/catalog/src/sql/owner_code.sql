-- Code that the server runs with the privileges of a relation's owner, whichever role triggers it, as rows of
-- the relation and the code's author: rules and foreign key actions, which are code themselves; expressions of
-- indexes, statistics and range columns, for autovacuum too; and casts of foreign keys. Functions and domains
-- that are called this way have a row each, with their owners.
WITH RECURSIVE
-- Types with functions: ranges, types with a cast, and types made of these.
typed AS (
  SELECT f.type, f.function FROM (
    SELECT g.rngtypid AS type, pg_catalog.unnest(ARRAY[g.rngsubdiff::oid, g.rngcanonical::oid]) AS function FROM pg_catalog.pg_range g
    UNION ALL
    SELECT (pg_catalog.to_jsonb(g) ->> 'rngmultitypid')::oid, pg_catalog.unnest(ARRAY[g.rngsubdiff::oid, g.rngcanonical::oid]) FROM pg_catalog.pg_range g
    UNION ALL
    SELECT c.castsource, c.castfunc FROM pg_catalog.pg_cast c) f
  WHERE f.type IS NOT NULL AND f.function >= 16384
  UNION
  SELECT t.oid, y.function FROM typed y JOIN pg_catalog.pg_type t ON t.oid >= 16384 AND y.type IN (t.typbasetype, t.typelem)),
-- Objects that lend their owner's privileges to the functions and domains that they name. A database that was
-- just filled has no statistics of its catalogs: the planner expects no row here, and would search all of these
-- once for each dependency.
caller AS MATERIALIZED (
  SELECT 'pg_catalog.pg_class'::pg_catalog.regclass AS class, i.indexrelid AS oid, i.indrelid AS relation FROM pg_catalog.pg_index i
  WHERE i.indrelid >= 16384
  UNION ALL
  SELECT 'pg_catalog.pg_statistic_ext'::pg_catalog.regclass, s.oid, s.stxrelid FROM pg_catalog.pg_statistic_ext s
  UNION ALL
  SELECT a.class, a.oid, a.relation FROM (
    SELECT 'pg_catalog.pg_trigger'::pg_catalog.regclass AS class, t.oid, t.tgrelid AS relation FROM pg_catalog.pg_trigger t WHERE NOT t.tgisinternal
    UNION ALL
    SELECT 'pg_catalog.pg_attrdef'::pg_catalog.regclass, d.oid, d.adrelid FROM pg_catalog.pg_attrdef d
    UNION ALL
    SELECT 'pg_catalog.pg_constraint'::pg_catalog.regclass, k.oid, k.conrelid FROM pg_catalog.pg_constraint k WHERE k.conrelid <> 0) a
  WHERE EXISTS (SELECT FROM pg_catalog.pg_constraint f WHERE f.conrelid = a.relation AND f.contype = 'f'
    AND (f.confdeltype IN ('c', 'n', 'd') OR f.confupdtype IN ('c', 'n', 'd')))),
called AS (
  SELECT c.relation, d.refclassid AS class, d.refobjid AS oid FROM caller c
  CROSS JOIN LATERAL (SELECT d.refclassid, d.refobjid FROM pg_catalog.pg_depend d
    WHERE d.classid = c.class AND d.objid = c.oid OFFSET 0) d
  WHERE d.refobjid >= 16384
  UNION ALL
  SELECT a.attrelid, 'pg_catalog.pg_proc'::pg_catalog.regclass, y.function FROM typed y
  JOIN pg_catalog.pg_attribute a ON a.atttypid = y.type AND a.attrelid >= 16384 AND a.attnum > 0
  UNION ALL
  -- The check of a foreign key reads the referenced table as that table's owner, and casts the value that it
  -- looks for.
  SELECT f.confrelid, 'pg_catalog.pg_proc'::pg_catalog.regclass, y.function FROM typed y
  JOIN pg_catalog.pg_attribute a ON a.atttypid = y.type
  JOIN pg_catalog.pg_constraint f ON f.contype = 'f' AND f.conrelid = a.attrelid AND a.attnum = ANY (f.conkey)),
code AS (
  SELECT g.relation, p.oid::pg_catalog.regprocedure::text AS shown, p.proowner AS owner FROM called g
  LEFT JOIN pg_catalog.pg_operator o ON g.class = 'pg_catalog.pg_operator'::pg_catalog.regclass AND o.oid = g.oid
  JOIN pg_catalog.pg_proc p ON p.oid = CASE g.class WHEN 'pg_catalog.pg_proc'::pg_catalog.regclass THEN g.oid
    WHEN 'pg_catalog.pg_operator'::pg_catalog.regclass THEN o.oprcode END
  WHERE p.oid >= 16384
  UNION ALL
  SELECT g.relation, n.nspname || '.' || t.typname, t.typowner FROM called g
  JOIN pg_catalog.pg_type t ON t.oid = g.oid AND t.typtype = 'd' JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
  WHERE g.class = 'pg_catalog.pg_type'::pg_catalog.regclass),
lent AS (
  SELECT n.nspname || '.' || c.relname AS shown, a.owner FROM (
    SELECT k.relation, k.owner FROM code k
    UNION
    SELECT r.ev_class, c.relowner FROM pg_catalog.pg_rewrite r JOIN pg_catalog.pg_class c ON c.oid = r.ev_class
    WHERE r.ev_type <> '1' AND r.oid >= 16384
    UNION
    SELECT f.conrelid, c.relowner FROM pg_catalog.pg_constraint f JOIN pg_catalog.pg_class c ON c.oid = f.conrelid
    WHERE f.contype = 'f' AND (f.confdeltype IN ('c', 'n', 'd') OR f.confupdtype IN ('c', 'n', 'd'))) a
  JOIN pg_catalog.pg_class c ON c.oid = a.relation JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  UNION
  SELECT k.shown, k.owner FROM code k)
SELECT 'code', pg_catalog.jsonb_build_object('on', l.shown, 'writer', pg_catalog.pg_get_userbyid(l.owner))::text FROM lent l
