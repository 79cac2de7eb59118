-- Tables whose rows are checked or computed by functions that may read other tables, while they are loaded: by CHECK constraints, also
-- of domains, and by generated columns. Schema and name, as an archive lists them.
WITH code AS (
    SELECT p.oid FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_language l ON l.oid = p.prolang
    WHERE l.lanname NOT IN ('internal', 'c') AND p.oid >= 16384
), calls AS (
    SELECT d.classid, d.objid FROM pg_catalog.pg_depend d WHERE d.refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND d.refobjid IN (SELECT oid FROM code)
    UNION
    SELECT d.classid, d.objid FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_operator o ON o.oid = d.refobjid
    WHERE d.refclassid = 'pg_catalog.pg_operator'::pg_catalog.regclass AND o.oprcode IN (SELECT oid FROM code)
), rules AS (
    SELECT k.conrelid, k.contypid FROM pg_catalog.pg_constraint k JOIN calls ON calls.objid = k.oid
    WHERE calls.classid = 'pg_catalog.pg_constraint'::pg_catalog.regclass AND k.contype = 'c'
)
SELECT n.nspname::pg_catalog.text, c.relname::pg_catalog.text FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND (c.oid IN (SELECT conrelid FROM rules)
    OR EXISTS (SELECT FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
               WHERE a.attrelid = c.oid AND NOT a.attisdropped AND (t.oid IN (SELECT contypid FROM rules) OR t.typelem IN (SELECT contypid FROM rules WHERE contypid <> 0)))
    OR EXISTS (SELECT FROM pg_catalog.pg_attrdef f JOIN calls ON calls.objid = f.oid AND calls.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass
               JOIN pg_catalog.pg_attribute a ON a.attrelid = f.adrelid AND a.attnum = f.adnum WHERE f.adrelid = c.oid AND a.attgenerated <> ''))
