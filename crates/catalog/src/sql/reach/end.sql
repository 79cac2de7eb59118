-- The rows of the sections.
-- Tables on which other roles may create triggers, or foreign keys that refer to them.
open AS (
  SELECT c.oid FROM pg_catalog.pg_class c CROSS JOIN LATERAL pg_catalog.aclexplode(c.relacl) a
  WHERE c.oid >= 16384 AND c.relacl IS NOT NULL AND c.relkind IN ('r', 'p', 'v', 'f') AND a.privilege_type IN ('TRIGGER', 'REFERENCES') AND a.grantee <> c.relowner
  UNION
  SELECT t.attrelid FROM pg_catalog.pg_attribute t CROSS JOIN LATERAL pg_catalog.aclexplode(t.attacl) a
  WHERE t.attrelid >= 16384 AND t.attacl IS NOT NULL AND a.privilege_type = 'REFERENCES'),
routine AS (
  SELECT p.oid, p.proname, p.prokind, p.proowner, p.proacl, p.prosecdef, p.prolang, p.prosrc, p.prorettype, n.nspname, s.extname,
    v.run_by, h.event, u.oid IS NOT NULL AS untrusted,
    -- The text of a body shows whether it may execute an argument: EXECUTE and the like, or a language that is
    -- not parsed. A text that is too long to search counts as one that may.
    l.lanname NOT IN ('sql', 'plpgsql', 'internal', 'c') OR pg_catalog.length(p.prosrc) > 65536
      OR pg_catalog.left(p.prosrc, 65536) ~* '\m(execute|query_to_xml\w*|table_to_xml\w*|cursor_to_xml\w*|schema_to_xml\w*|database_to_xml\w*|dblink\w*|ts_stat|crosstab\w*|set_config)\M'
      -- The query of a cursor that the caller opened runs as the role that fetches from it.
      OR 1790 = ANY (p.proargtypes) AND p.prosrc ~* '\m(fetch|move)\M'
      AS executes
  FROM candidate p JOIN space n ON n.oid = p.pronamespace
  JOIN pg_catalog.pg_language l ON l.oid = p.prolang
  LEFT JOIN scripted s ON s.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND s.objid = p.oid
  LEFT JOIN visited v ON v.oid = p.oid
  LEFT JOIN hooked h ON h.oid = p.oid
  LEFT JOIN unconfined u ON u.oid = p.prolang
  WHERE p.prosecdef OR v.oid IS NOT NULL OR h.oid IS NOT NULL
    -- Triggers call it for every role that writes.
    OR u.oid IS NOT NULL AND EXISTS (SELECT FROM pg_catalog.pg_trigger t WHERE t.tgfoid = p.oid AND NOT t.tgisinternal)
    -- As initdb leaves them, the server's own functions check their callers themselves.
    OR p.prolang IN (12, 13) AND (p.proacl IS NOT NULL OR p.oid >= 16384)
      AND p.prosrc ~ '^(pg_read_|pg_file_|be_lo_(im|ex)port|set_user|pg_get_wal_)' AND EXISTS (
      SELECT FROM pg_catalog.aclexplode(coalesce(p.proacl, pg_catalog.acldefault('f', p.proowner))) a WHERE a.grantee <> p.proowner)),
relation AS (
  SELECT c.oid, c.relname, c.relkind, c.relrowsecurity, c.relispopulated, c.relowner, c.reloptions, n.nspname, c.relacl,
    (SELECT pg_catalog.array_agg(g.attnum) FROM guarded g WHERE g.oid = c.oid) AS parts
  FROM pg_catalog.pg_class c JOIN space n ON n.oid = c.relnamespace
  WHERE c.relkind = 'f' OR c.oid IN (SELECT g.oid FROM guarded g) OR c.oid IN (SELECT r.view FROM reads r)
    OR (n.nspname, c.relname) IN (('cron', 'job'), ('utl_file', 'utl_file_dir'), ('pgagent', 'pga_jobstep')) OR c.oid IN (SELECT f.oid FROM routed f) OR c.oid IN (SELECT o.oid FROM open o) OR c.oid IN (SELECT f.oid FROM fed f)
    OR c.oid IN (SELECT r.parent FROM routes r JOIN fed f ON f.oid = r.child)
    OR c.oid IN (SELECT r.parent FROM routes r JOIN pg_catalog.pg_class l ON l.oid = r.child JOIN pg_catalog.pg_namespace s ON s.oid = l.relnamespace
      WHERE (s.nspname, l.relname) IN (('cron', 'job'), ('utl_file', 'utl_file_dir'), ('pgagent', 'pga_jobstep'))))
(SELECT 'schema', pg_catalog.jsonb_build_object('name', n.nspname, 'owner', pg_catalog.pg_get_userbyid(n.nspowner), 'acl', (
    SELECT pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
      'grantee', CASE WHEN a.grantee = 0 THEN NULL ELSE pg_catalog.pg_get_userbyid(a.grantee) END,
      'grantor', pg_catalog.pg_get_userbyid(a.grantor), 'privilege', a.privilege_type, 'grantable', a.is_grantable))
    FROM pg_catalog.aclexplode(coalesce(n.nspacl, pg_catalog.acldefault('n', n.nspowner))) a WHERE a.grantee <> n.nspowner),
  -- Set if a sign or a call that names no schema may mean more where it is searched than what the server has.
  'steers', EXISTS (SELECT FROM pg_catalog.pg_operator o WHERE o.oprnamespace = n.oid)
    OR EXISTS (SELECT FROM pg_catalog.pg_proc p JOIN ext x ON x.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND x.objid = p.oid
      WHERE p.pronamespace = n.oid))::text
FROM space n LIMIT 100001)
UNION ALL
(SELECT 'routine', pg_catalog.jsonb_build_object(
  'display', r.oid::pg_catalog.regprocedure::text, 'schema', r.nspname, 'owner', pg_catalog.pg_get_userbyid(r.proowner),
  'grant_on', CASE r.prokind WHEN 'p' THEN 'PROCEDURE ' ELSE 'FUNCTION ' END || r.oid::pg_catalog.regprocedure::text,
  'definer', r.prosecdef, 'executes', r.executes, 'extension', r.extname,
  'symbol', CASE WHEN r.prolang IN (12, 13) THEN r.prosrc END,
  'trigger', r.prorettype = 'pg_catalog.trigger'::pg_catalog.regtype,
  'run_by', r.run_by, 'event', r.event, 'untrusted', r.untrusted,
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
  'display', c.nspname || '.' || c.relname, 'schema', c.nspname, 'owner', pg_catalog.pg_get_userbyid(c.relowner),
  'grant_on', 'TABLE ' || pg_catalog.format('%I.%I', c.nspname, c.relname),
  'run_by', (SELECT f.run_by FROM fed f WHERE f.oid = c.oid), 'system', c.oid < 16384, 'row_security', c.relrowsecurity,
  'steers', c.oid IN (SELECT s.oid FROM steering s),
  -- Set if there is a row in it, or was before the last VACUUM.
  'stored', c.relkind = 'r' AND pg_catalog.pg_relation_size(c.oid, 'main') > 0, 'materialized', c.relkind = 'm', 'view', c.relkind = 'v', 'filled', c.relispopulated,
  'invoker', coalesce((SELECT pg_catalog.bool_or(o IN ('security_invoker=true', 'security_invoker=on', 'security_invoker=1', 'security_invoker=yes'))
    FROM pg_catalog.unnest(c.reloptions) o), false),
  'reads', (SELECT pg_catalog.jsonb_agg(t.relnamespace::pg_catalog.regnamespace::text || '.' || t.relname)
    FROM reads r JOIN pg_catalog.pg_class t ON t.oid = r.relation WHERE r.view = c.oid),
  'triggers', (SELECT pg_catalog.jsonb_agg(f.function::pg_catalog.regprocedure::text) FROM fires f WHERE f.tgrelid = c.oid),
  'children', (SELECT pg_catalog.jsonb_agg(t.relnamespace::pg_catalog.regnamespace::text || '.' || t.relname)
    FROM routes r JOIN pg_catalog.pg_class t ON t.oid = r.child WHERE r.parent = c.oid),
  'wrapper', (SELECT w.fdwname FROM pg_catalog.pg_foreign_table t JOIN pg_catalog.pg_foreign_server s ON s.oid = t.ftserver
    JOIN pg_catalog.pg_foreign_data_wrapper w ON w.oid = s.srvfdw WHERE t.ftrelid = c.oid),
  'file', (SELECT pg_catalog.substring(pg_catalog.left(o, 1000), 10) FROM pg_catalog.pg_foreign_table t CROSS JOIN LATERAL pg_catalog.unnest(t.ftoptions) o
    WHERE t.ftrelid = c.oid AND o LIKE 'filename=%' LIMIT 1),
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
