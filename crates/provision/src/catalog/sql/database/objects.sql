-- Everything in one database that can give a role a privilege, as rows of section and item, without the owners'
-- own privileges. Of the server's and of extensions' objects only privileges beyond those that initdb or the
-- extension gave.
-- Columns of newer majors are read through to_jsonb, so one text serves 13 to 18.
-- A service decides how many objects there are and how long its texts are: each kind ends after 100,001 (the
-- reader reports that), and texts are cut, with their length.
WITH
member AS (
  SELECT d.classid, d.objid, e.oid AS id, e.extname, e.extversion, e.extowner, pg_catalog.age(d.xmin) AS since, pg_catalog.age(e.xmin) AS made
  FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_extension e ON e.oid = d.refobjid
  WHERE d.deptype = 'e' AND d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass),
-- Objects of an extension's script: their entry in a schema and their membership have the same transaction.
-- Anything may be added by ALTER EXTENSION. pg_upgrade keeps OIDs of relations and types, and gives functions
-- new ones.
ext AS (
  SELECT m.* FROM member m
  WHERE NOT (m.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND m.objid < m.id)
    AND NOT EXISTS (
      SELECT FROM pg_catalog.pg_depend n WHERE n.classid = m.classid AND n.objid = m.objid AND n.deptype = 'n'
        AND n.refclassid = 'pg_catalog.pg_namespace'::pg_catalog.regclass AND pg_catalog.age(n.xmin) > m.since)
    AND NOT EXISTS (
      SELECT FROM pg_catalog.pg_event_trigger t WHERE m.classid = 'pg_catalog.pg_event_trigger'::pg_catalog.regclass
        AND t.oid = m.objid AND pg_catalog.age(t.xmin) > m.since)),
space AS (
  SELECT n.*, n.nspname IN ('pg_catalog', 'information_schema', 'pg_toast') AS server
  FROM pg_catalog.pg_namespace n
  WHERE n.nspname NOT LIKE 'pg\_temp\_%' AND n.nspname NOT LIKE 'pg\_toast\_temp\_%'),
-- An aggregate calls functions with its owner's privileges: the caller needs EXECUTE on the aggregate only.
called AS (
  SELECT a.aggfnoid AS aggregate,
    -- The server's own functions that PUBLIC may not call, code in an untrusted language, and functions that
    -- run as another role.
    pg_catalog.bool_or(f.prosecdef AND (f.proowner <> p.proowner
        OR EXISTS (SELECT FROM pg_catalog.pg_roles r WHERE r.oid = f.proowner AND r.rolsuper)) OR CASE WHEN f.oid < 16384 THEN NOT EXISTS (
        SELECT FROM pg_catalog.aclexplode(coalesce(f.proacl, pg_catalog.acldefault('f', f.proowner))) x WHERE x.grantee = 0)
      ELSE (NOT l.lanpltrusted OR l.lanname IN ('c', 'internal')) AND NOT EXISTS (SELECT FROM ext x
        WHERE x.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND x.objid = f.oid) END) AS dangerous
  FROM pg_catalog.pg_aggregate a JOIN pg_catalog.pg_proc p ON p.oid = a.aggfnoid
  JOIN pg_catalog.pg_proc f ON f.oid IN (a.aggtransfn, a.aggfinalfn, a.aggcombinefn, a.aggserialfn, a.aggdeserialfn,
    a.aggmtransfn, a.aggminvtransfn, a.aggmfinalfn)
  JOIN pg_catalog.pg_language l ON l.oid = f.prolang
  WHERE a.aggfnoid >= 16384
  GROUP BY a.aggfnoid),
-- kind, words for GRANT ... ON and ALTER ..., catalog, OID, schema, name, owner, privileges, the letter of
-- acldefault.
thing AS (
  (SELECT CASE c.relkind WHEN 'S' THEN 'sequence' WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view'
              WHEN 'f' THEN 'foreign table' ELSE 'table' END AS kind,
    CASE c.relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END AS grant_word,
    CASE c.relkind WHEN 'S' THEN 'SEQUENCE' WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW'
              WHEN 'f' THEN 'FOREIGN TABLE' ELSE 'TABLE' END AS alter_word,
    'pg_catalog.pg_class'::pg_catalog.regclass AS class, c.oid, 0 AS sub, n.nspname AS schema, n.server AND c.oid < 16384 AS server,
    c.relname AS name, NULL::name AS part, pg_catalog.format('%I.%I', n.nspname, c.relname) AS quoted,
    n.nspname || '.' || c.relname AS shown,
    c.relowner AS owner, c.relacl AS acl, CASE c.relkind WHEN 'S' THEN 's' ELSE 'r' END::"char" AS letter,
    NULL::oid AS language, false AS definer, NULL::text[] AS config, c.reloptions AS options,
    c.relkind = 'S' AND EXISTS (SELECT FROM pg_catalog.pg_depend d
      WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid AND d.deptype IN ('a', 'i')
        AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass) AS dependent
  FROM pg_catalog.pg_class c JOIN space n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') LIMIT 100001)
  UNION ALL
  -- Functions that run with their owner's privileges come first.
  (SELECT CASE p.prokind WHEN 'p' THEN 'procedure' ELSE 'function' END,
    CASE p.prokind WHEN 'p' THEN 'PROCEDURE' ELSE 'FUNCTION' END,
    CASE p.prokind WHEN 'p' THEN 'PROCEDURE' WHEN 'a' THEN 'AGGREGATE' ELSE 'FUNCTION' END,
    -- A role with CREATE on pg_catalog can add a function to it; the server's own have lower OIDs.
    'pg_catalog.pg_proc'::pg_catalog.regclass, p.oid, 0, n.nspname, n.server AND p.oid < 16384, p.proname, NULL,
    p.oid::pg_catalog.regprocedure::text, p.oid::pg_catalog.regprocedure::text, p.proowner, p.proacl, 'f',
    CASE WHEN NOT g.dangerous THEN coalesce((SELECT l.oid FROM pg_catalog.pg_language l WHERE l.lanname = 'sql'), p.prolang)
      ELSE p.prolang END,
    p.prosecdef,
    -- The only setting that the audit judges. A path that was cut does not end as a safe one does.
    (SELECT pg_catalog.array_agg(pg_catalog.left(setting, 16384)) FROM pg_catalog.unnest(p.proconfig) setting
      WHERE pg_catalog.starts_with(setting, 'search_path=')), NULL, false
  FROM pg_catalog.pg_proc p JOIN space n ON n.oid = p.pronamespace
  LEFT JOIN called g ON g.aggregate = p.oid
  -- Excludes the server's own three thousand, unless their privileges changed: naming each of them costs a second.
  WHERE (p.oid >= 16384 OR p.proacl IS NOT NULL OR p.proowner <> 10 OR p.prosecdef
      OR p.pronamespace <> ALL (ARRAY(SELECT n.oid FROM space n WHERE n.server))
      OR p.oid IN (SELECT i.objoid FROM pg_catalog.pg_init_privs i
        WHERE i.classoid = 'pg_catalog.pg_proc'::pg_catalog.regclass))
    -- A range type's constructors are part of it: the server makes them, in the language internal (12 on every
    -- major), and they belong to its first superuser.
    AND NOT (p.prolang = 12 AND p.prosrc IN ('range_constructor2', 'range_constructor3',
      'multirange_constructor0', 'multirange_constructor1', 'multirange_constructor2'))
  ORDER BY p.prosecdef DESC LIMIT 100001)
  UNION ALL
  (SELECT 'type', 'TYPE', 'TYPE', 'pg_catalog.pg_type'::pg_catalog.regclass, t.oid, 0, n.nspname, n.server AND t.oid < 16384, t.typname, NULL,
    pg_catalog.format('%I.%I', n.nspname, t.typname), n.nspname || '.' || t.typname, t.typowner, t.typacl, 'T',
    NULL, false, NULL, NULL, false
  FROM pg_catalog.pg_type t JOIN space n ON n.oid = t.typnamespace
  WHERE t.typtype <> 'm' AND NOT (t.typelem <> 0 AND t.typcategory = 'A')
    AND (t.typrelid = 0 OR (SELECT c.relkind = 'c' FROM pg_catalog.pg_class c WHERE c.oid = t.typrelid))
  LIMIT 100001)
  UNION ALL
  (SELECT 'schema', 'SCHEMA', 'SCHEMA', 'pg_catalog.pg_namespace'::pg_catalog.regclass, n.oid, 0, n.nspname, n.server,
    n.nspname, NULL, pg_catalog.quote_ident(n.nspname), n.nspname::text, n.nspowner, n.nspacl, 'n', NULL, false, NULL, NULL, false
  FROM space n LIMIT 100001)
  UNION ALL
  SELECT 'language', 'LANGUAGE', 'LANGUAGE', 'pg_catalog.pg_language'::pg_catalog.regclass, l.oid, 0, NULL, l.oid < 16384,
    l.lanname, NULL, pg_catalog.quote_ident(l.lanname), l.lanname::text, l.lanowner, l.lanacl, 'l', NULL, false, NULL, NULL, false
  FROM pg_catalog.pg_language l
