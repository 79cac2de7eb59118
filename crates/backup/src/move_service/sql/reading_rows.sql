-- Tables whose rows are checked or computed by functions that may read other tables, while they are loaded: by CHECK constraints, also
-- of domains, and by generated columns. Schema and name, as an archive lists them; and, if those functions name another one of these
-- tables, its schema and name. A constraint that is not valid is made behind the rows.
WITH RECURSIVE code AS (
    SELECT p.oid, p.proname, p.prosrc, '\m' || pg_catalog.regexp_replace(p.proname, '([^[:alnum:]_])', '\\\1', 'g') || '\M' AS named
    FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_language l ON l.oid = p.prolang
    WHERE l.lanname NOT IN ('internal', 'c') AND p.oid >= 16384
), calls AS (
    SELECT d.classid, d.objid, d.refobjid AS code FROM pg_catalog.pg_depend d
    WHERE d.refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND d.refobjid IN (SELECT oid FROM code)
    UNION
    SELECT d.classid, d.objid, o.oprcode::pg_catalog.oid FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_operator o ON o.oid = d.refobjid
    WHERE d.refclassid = 'pg_catalog.pg_operator'::pg_catalog.regclass AND o.oprcode IN (SELECT oid FROM code)
), rules AS (
    SELECT k.conrelid, k.contypid, calls.code FROM pg_catalog.pg_constraint k JOIN calls ON calls.objid = k.oid
    WHERE calls.classid = 'pg_catalog.pg_constraint'::pg_catalog.regclass AND k.contype = 'c' AND k.convalidated
), found AS (
    SELECT conrelid AS rel, code FROM rules WHERE conrelid <> 0
    UNION
    SELECT a.attrelid, rules.code FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
    JOIN rules ON rules.contypid <> 0 AND rules.contypid IN (t.oid, t.typelem) WHERE NOT a.attisdropped
    UNION
    SELECT f.adrelid, calls.code FROM pg_catalog.pg_attrdef f
    JOIN calls ON calls.objid = f.oid AND calls.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass
    JOIN pg_catalog.pg_attribute a ON a.attrelid = f.adrelid AND a.attnum = f.adnum WHERE a.attgenerated <> ''
), late AS (
    SELECT DISTINCT c.oid, n.nspname, c.relname, '\m' || pg_catalog.regexp_replace(c.relname, '([^[:alnum:]_])', '\\\1', 'g') || '\M' AS named
    FROM found JOIN pg_catalog.pg_class c ON c.oid = found.rel JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p')
), reached AS (
    SELECT late.oid AS rel, found.code FROM late JOIN found ON found.rel = late.oid
    UNION
    SELECT reached.rel, called.oid FROM reached JOIN code ON code.oid = reached.code
    JOIN code called ON code.prosrc ~* called.named OR EXISTS (SELECT FROM calls
        WHERE calls.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND calls.objid = code.oid AND calls.code = called.oid)
), reading AS (
    SELECT DISTINCT reached.rel, other.oid AS other FROM reached JOIN code ON code.oid = reached.code JOIN late other ON other.oid <> reached.rel
    WHERE code.prosrc ~* other.named OR EXISTS (SELECT FROM pg_catalog.pg_depend d
        WHERE d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND d.objid = code.oid
            AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjid = other.oid)
)
SELECT late.nspname::pg_catalog.text, late.relname::pg_catalog.text, other.nspname::pg_catalog.text, other.relname::pg_catalog.text
FROM late LEFT JOIN reading ON reading.rel = late.oid LEFT JOIN late other ON other.oid = reading.other
