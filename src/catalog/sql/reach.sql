-- What in one database can take a role further than its own privileges, as rows of section and item: code that runs
-- with its owner's rights or leads out of the database, views and foreign tables over what is secret, and the schemas
-- that decide who may use them. Members of extensions and the server's own objects are judged like any other, but for
-- what an extension's script made with the rights that it gave. Lists end after 100,000 and one.
WITH
ext AS (
  SELECT d.classid, d.objid, e.extname, e.oid AS extension, pg_catalog.age(d.xmin) AS since FROM pg_catalog.pg_depend d
  JOIN pg_catalog.pg_extension e ON e.oid = d.refobjid
  WHERE d.deptype = 'e' AND d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass),
-- A script's objects get their numbers after the extension, and their place in a schema in the transaction that
-- makes them members.
scripted AS (
  SELECT x.classid, x.objid, x.extname FROM ext x
  WHERE x.objid > x.extension AND NOT EXISTS (
    SELECT FROM pg_catalog.pg_depend n WHERE n.classid = x.classid AND n.objid = x.objid AND n.deptype = 'n'
      AND n.refclassid = 'pg_catalog.pg_namespace'::pg_catalog.regclass AND pg_catalog.age(n.xmin) > x.since)),
space AS (
  SELECT n.oid, n.nspname, n.nspowner, n.nspacl FROM pg_catalog.pg_namespace n
  WHERE n.nspname NOT LIKE 'pg\_temp\_%' AND n.nspname NOT LIKE 'pg\_toast%'),
routine AS (
  SELECT p.oid, p.proname, p.prokind, p.proowner, p.proacl, p.prosecdef, p.prolang, p.prosrc, p.prorettype, n.nspname, s.extname,
    -- The text of a body decides what it can be made to do: EXECUTE and its like, or a language that is not read here.
    -- A text that is too long to search may hold them.
    l.lanname NOT IN ('sql', 'plpgsql', 'internal', 'c') OR pg_catalog.length(p.prosrc) > 65536
      OR pg_catalog.left(p.prosrc, 65536) ~* '\m(execute|query_to_xml\w*|table_to_xml\w*|cursor_to_xml\w*|schema_to_xml\w*|database_to_xml\w*|dblink\w*|ts_stat|crosstab\w*|set_config)\M'
      AS executes
  FROM pg_catalog.pg_proc p JOIN space n ON n.oid = p.pronamespace
  JOIN pg_catalog.pg_language l ON l.oid = p.prolang
  LEFT JOIN scripted s ON s.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND s.objid = p.oid
  WHERE p.prosecdef
    -- As initdb left them the server's own check for themselves.
    OR p.prolang IN (12, 13) AND (p.proacl IS NOT NULL OR p.oid >= 16384)
      AND p.prosrc ~ '^(pg_read_|pg_file_|be_lo_(im|ex)port|set_user|pg_get_wal_)' AND EXISTS (
      SELECT FROM pg_catalog.aclexplode(coalesce(p.proacl, pg_catalog.acldefault('f', p.proowner))) a WHERE a.grantee <> p.proowner)
    OR EXISTS (SELECT FROM pg_catalog.pg_event_trigger t WHERE t.evtfoid = p.oid)),
-- Columns whose values are a secret of the server, or of other roles.
secret AS (
  SELECT 'pg_authid' AS relation, 'rolpassword' AS part UNION ALL SELECT 'pg_shadow', 'passwd'
  UNION ALL SELECT 'pg_subscription', 'subconninfo' UNION ALL SELECT 'pg_user_mapping', 'umoptions'),
guarded AS (
  SELECT c.oid, a.attnum, s.part FROM secret s
  JOIN pg_catalog.pg_class c ON c.relname = s.relation AND c.relnamespace = 'pg_catalog'::pg_catalog.regnamespace
  JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attname = s.part),
made AS (
  SELECT r.oid AS rule, r.ev_class AS view, r.ev_action::text AS tree FROM pg_catalog.pg_rewrite r
  JOIN pg_catalog.pg_class v ON v.oid = r.ev_class AND v.relkind IN ('v', 'm') AND v.oid >= 16384),
reads AS (
  SELECT DISTINCT m.view, d.refobjid AS relation
  FROM made m JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND d.objid = m.rule
    AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjid <> m.view
  JOIN pg_catalog.pg_class t ON t.oid = d.refobjid AND t.relkind IN ('v', 'm', 'f')
  UNION
  -- On the server's own relations no dependency is written down: the parsed query names them by number.
  SELECT m.view, g.oid FROM made m JOIN guarded g ON m.tree LIKE '%:relid ' || g.oid || ' %'
  WHERE pg_catalog.pg_get_viewdef(m.view) ~ ('\m' || g.part || '\M')),
fires AS (
  SELECT t.tgrelid, p.oid AS function FROM pg_catalog.pg_trigger t JOIN pg_catalog.pg_proc p ON p.oid = t.tgfoid
  WHERE NOT t.tgisinternal AND p.prosecdef),
relation AS (
  SELECT c.oid, c.relname, c.relkind, c.relispopulated, c.relowner, c.reloptions, n.nspname, c.relacl,
    (SELECT pg_catalog.array_agg(g.attnum) FROM guarded g WHERE g.oid = c.oid) AS parts
  FROM pg_catalog.pg_class c JOIN space n ON n.oid = c.relnamespace
  WHERE c.relkind = 'f' OR c.oid IN (SELECT g.oid FROM guarded g) OR c.oid IN (SELECT r.view FROM reads r)
    OR c.oid IN (SELECT f.tgrelid FROM fires f))
(SELECT 'schema', pg_catalog.jsonb_build_object('name', n.nspname, 'owner', pg_catalog.pg_get_userbyid(n.nspowner), 'acl', (
    SELECT pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
      'grantee', CASE WHEN a.grantee = 0 THEN NULL ELSE pg_catalog.pg_get_userbyid(a.grantee) END,
      'grantor', pg_catalog.pg_get_userbyid(a.grantor), 'privilege', a.privilege_type, 'grantable', a.is_grantable))
    FROM pg_catalog.aclexplode(coalesce(n.nspacl, pg_catalog.acldefault('n', n.nspowner))) a WHERE a.grantee <> n.nspowner))::text
FROM space n LIMIT 100001)
UNION ALL
(SELECT 'routine', pg_catalog.jsonb_build_object(
  'shown', r.oid::pg_catalog.regprocedure::text, 'schema', r.nspname, 'owner', pg_catalog.pg_get_userbyid(r.proowner),
  'grant_on', CASE r.prokind WHEN 'p' THEN 'PROCEDURE ' ELSE 'FUNCTION ' END || r.oid::pg_catalog.regprocedure::text,
  'definer', r.prosecdef, 'executes', r.executes, 'extension', r.extname,
  'symbol', CASE WHEN r.prolang IN (12, 13) THEN r.prosrc END,
  'trigger', r.prorettype = 'pg_catalog.trigger'::pg_catalog.regtype,
  'event', EXISTS (SELECT FROM pg_catalog.pg_event_trigger t WHERE t.evtfoid = r.oid AND t.evtenabled <> 'D'),
  'called', EXISTS (SELECT FROM pg_catalog.pg_amproc m WHERE m.amproc = r.oid)
    OR EXISTS (SELECT FROM pg_catalog.pg_range g WHERE r.oid IN (g.rngsubdiff, g.rngcanonical)),
  'acl', (
    SELECT pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
      'grantee', CASE WHEN a.grantee = 0 THEN NULL ELSE pg_catalog.pg_get_userbyid(a.grantee) END,
      'grantor', pg_catalog.pg_get_userbyid(a.grantor), 'privilege', a.privilege_type, 'grantable', a.is_grantable))
    FROM pg_catalog.aclexplode(coalesce(r.proacl, pg_catalog.acldefault('f', r.proowner))) a WHERE a.grantee <> r.proowner))::text
FROM routine r LIMIT 100001)
UNION ALL
(SELECT 'relation', pg_catalog.jsonb_build_object(
  'shown', c.nspname || '.' || c.relname, 'schema', c.nspname, 'owner', pg_catalog.pg_get_userbyid(c.relowner),
  'grant_on', 'TABLE ' || pg_catalog.format('%I.%I', c.nspname, c.relname),
  'system', c.oid < 16384, 'materialized', c.relkind = 'm', 'filled', c.relispopulated,
  'invoker', coalesce((SELECT pg_catalog.bool_or(o IN ('security_invoker=true', 'security_invoker=on', 'security_invoker=1', 'security_invoker=yes'))
    FROM pg_catalog.unnest(c.reloptions) o), false),
  'reads', (SELECT pg_catalog.jsonb_agg(t.relnamespace::pg_catalog.regnamespace::text || '.' || t.relname)
    FROM reads r JOIN pg_catalog.pg_class t ON t.oid = r.relation WHERE r.view = c.oid),
  'triggers', (SELECT pg_catalog.jsonb_agg(f.function::pg_catalog.regprocedure::text) FROM fires f WHERE f.tgrelid = c.oid),
  'wrapper', (SELECT w.fdwname FROM pg_catalog.pg_foreign_table t JOIN pg_catalog.pg_foreign_server s ON s.oid = t.ftserver
    JOIN pg_catalog.pg_foreign_data_wrapper w ON w.oid = s.srvfdw WHERE t.ftrelid = c.oid),
  'database', (SELECT pg_catalog.substring(pg_catalog.left(o, 1000), 8) FROM pg_catalog.pg_foreign_table t
    JOIN pg_catalog.pg_foreign_server s ON s.oid = t.ftserver CROSS JOIN LATERAL pg_catalog.unnest(s.srvoptions) o
    WHERE t.ftrelid = c.oid AND o LIKE 'dbname=%' LIMIT 1),
  'acl', (
    SELECT pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
      'grantee', CASE WHEN a.grantee = 0 THEN NULL ELSE pg_catalog.pg_get_userbyid(a.grantee) END,
      'grantor', pg_catalog.pg_get_userbyid(a.grantor), 'privilege', a.privilege_type, 'grantable', a.is_grantable))
    FROM (
      SELECT a.grantee, a.grantor, a.privilege_type, a.is_grantable FROM pg_catalog.aclexplode(coalesce(c.relacl, pg_catalog.acldefault('r', c.relowner))) a
      UNION ALL
      SELECT b.grantee, b.grantor, b.privilege_type, b.is_grantable FROM pg_catalog.pg_attribute t CROSS JOIN LATERAL pg_catalog.aclexplode(t.attacl) b
      WHERE t.attrelid = c.oid AND t.attacl IS NOT NULL AND (c.parts IS NULL OR t.attnum = ANY (c.parts))) a
    WHERE a.grantee <> c.relowner))::text
FROM relation c LIMIT 100001)
