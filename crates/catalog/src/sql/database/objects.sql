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
    l.lanname, NULL, pg_catalog.quote_ident(l.lanname), l.lanname::text, l.lanowner,
    -- Only superusers use one that is not trusted: the server takes no privileges on it.
    CASE WHEN l.lanpltrusted OR l.oid < 16384 THEN l.lanacl ELSE ARRAY[pg_catalog.makeaclitem(l.lanowner, l.lanowner, 'USAGE', true)] END, 'l', NULL, false, NULL, NULL, false
  FROM pg_catalog.pg_language l
