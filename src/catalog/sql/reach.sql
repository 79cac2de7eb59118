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
-- Languages whose code is not confined to the database; C and internal functions are known by their symbol.
unconfined AS (SELECT l.oid FROM pg_catalog.pg_language l WHERE NOT l.lanpltrusted AND l.oid NOT IN (12, 13)),
-- Functions that sessions of superusers call by an object of theirs: by an index or statistics, which autovacuum
-- computes, too, by a view, a cast, an operator class, or the body of a function.
mighty AS (SELECT r.oid FROM pg_catalog.pg_roles r WHERE r.rolsuper),
weak AS (
  SELECT p.oid, pg_catalog.lower(n.nspname) AS space, pg_catalog.lower(p.proname) AS name
  FROM pg_catalog.pg_proc p JOIN space n ON n.oid = p.pronamespace
  WHERE p.oid >= 16384 AND p.proowner NOT IN (SELECT m.oid FROM mighty m)),
calls AS (
  SELECT d.refobjid AS function, pg_catalog.pg_describe_object(d.classid, d.objid, 0) AS visitor FROM pg_catalog.pg_depend d
  JOIN weak w ON w.oid = d.refobjid
  WHERE d.refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND CASE d.classid
    WHEN 'pg_catalog.pg_class'::pg_catalog.regclass THEN (SELECT c.relowner FROM pg_catalog.pg_class c WHERE c.oid = d.objid)
    WHEN 'pg_catalog.pg_proc'::pg_catalog.regclass THEN (SELECT c.proowner FROM pg_catalog.pg_proc c WHERE c.oid = d.objid)
    WHEN 'pg_catalog.pg_opfamily'::pg_catalog.regclass THEN (SELECT c.opfowner FROM pg_catalog.pg_opfamily c WHERE c.oid = d.objid)
    WHEN 'pg_catalog.pg_opclass'::pg_catalog.regclass THEN (SELECT c.opcowner FROM pg_catalog.pg_opclass c WHERE c.oid = d.objid)
    WHEN 'pg_catalog.pg_amproc'::pg_catalog.regclass THEN (
      SELECT f.opfowner FROM pg_catalog.pg_amproc a JOIN pg_catalog.pg_opfamily f ON f.oid = a.amprocfamily WHERE a.oid = d.objid)
    WHEN 'pg_catalog.pg_statistic_ext'::pg_catalog.regclass THEN (
      SELECT c.relowner FROM pg_catalog.pg_statistic_ext s JOIN pg_catalog.pg_class c ON c.oid = s.stxrelid WHERE s.oid = d.objid)
    WHEN 'pg_catalog.pg_attrdef'::pg_catalog.regclass THEN (
      SELECT c.relowner FROM pg_catalog.pg_attrdef a JOIN pg_catalog.pg_class c ON c.oid = a.adrelid WHERE a.oid = d.objid)
    WHEN 'pg_catalog.pg_rewrite'::pg_catalog.regclass THEN (
      SELECT c.relowner FROM pg_catalog.pg_rewrite a JOIN pg_catalog.pg_class c ON c.oid = a.ev_class WHERE a.oid = d.objid)
    WHEN 'pg_catalog.pg_policy'::pg_catalog.regclass THEN (
      SELECT c.relowner FROM pg_catalog.pg_policy a JOIN pg_catalog.pg_class c ON c.oid = a.polrelid WHERE a.oid = d.objid)
    WHEN 'pg_catalog.pg_trigger'::pg_catalog.regclass THEN (
      SELECT c.relowner FROM pg_catalog.pg_trigger a JOIN pg_catalog.pg_class c ON c.oid = a.tgrelid WHERE a.oid = d.objid)
    WHEN 'pg_catalog.pg_constraint'::pg_catalog.regclass THEN (
      SELECT coalesce(c.relowner, t.typowner) FROM pg_catalog.pg_constraint a LEFT JOIN pg_catalog.pg_class c ON c.oid = a.conrelid
      LEFT JOIN pg_catalog.pg_type t ON t.oid = a.contypid WHERE a.oid = d.objid)
    END IN (SELECT m.oid FROM mighty m)
  UNION ALL
  -- The server's own types; those of a service are its own affair.
  SELECT c.castfunc, pg_catalog.pg_describe_object('pg_catalog.pg_cast'::pg_catalog.regclass, c.oid, 0) FROM pg_catalog.pg_cast c
  JOIN weak w ON w.oid = c.castfunc
  WHERE c.castcontext IN ('i', 'a') AND c.castsource < 16384 AND c.casttarget < 16384
  UNION ALL
  -- The calls that a body names with their schema, quoted or not, are read out of it once.
  SELECT w.oid, 'the function ' || s.oid::pg_catalog.regprocedure::text FROM pg_catalog.pg_proc s
  CROSS JOIN LATERAL pg_catalog.regexp_matches(pg_catalog.left(s.prosrc, 65536), '([[:alnum:]_$]+)"?\s*\.\s*"?([[:alnum:]_$]+)"?\s*\(', 'g') m
  JOIN weak w ON w.space = pg_catalog.lower(m[1]) AND w.name = pg_catalog.lower(m[2])
  WHERE s.oid >= 16384 AND s.proowner IN (SELECT m.oid FROM mighty m)
    AND (s.prosecdef OR s.prorettype IN ('pg_catalog.event_trigger'::pg_catalog.regtype, 'pg_catalog.trigger'::pg_catalog.regtype))
    AND NOT EXISTS (SELECT FROM scripted x WHERE x.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND x.objid = s.oid)),
hooked AS (
  SELECT t.evtfoid AS oid, pg_catalog.min(t.evtname::text) AS event FROM pg_catalog.pg_event_trigger t WHERE t.evtenabled <> 'D' GROUP BY t.evtfoid),
visited AS (SELECT c.function AS oid, pg_catalog.min(c.visitor) AS visitor FROM calls c GROUP BY c.function),
-- Tables of others that superusers write to by an object of theirs: their owners put triggers on them.
fed AS (
  SELECT c.oid, pg_catalog.min(f.visitor) AS visitor FROM pg_catalog.pg_class c JOIN (
    SELECT i.inhrelid AS oid, pg_catalog.pg_describe_object('pg_catalog.pg_class'::pg_catalog.regclass, p.oid, 0) AS visitor
    FROM pg_catalog.pg_inherits i JOIN pg_catalog.pg_class p ON p.oid = i.inhparent
    WHERE p.relkind = 'p' AND p.relowner IN (SELECT m.oid FROM mighty m)
    UNION ALL
    -- Before 16 the rows are written as the subscription's owner.
    SELECT r.srrelid, 'the subscription ' || s.subname FROM pg_catalog.pg_subscription_rel r
    -- Before 14 not every role may read the numbers of subscriptions themselves.
    JOIN pg_catalog.pg_stat_subscription i ON i.subid = r.srsubid
    JOIN pg_catalog.pg_subscription s ON s.subname = i.subname
    WHERE s.subdbid = (SELECT b.oid FROM pg_catalog.pg_database b WHERE b.datname = pg_catalog.current_database())
      AND pg_catalog.current_setting('server_version_num')::int < 160000 AND s.subowner IN (SELECT m.oid FROM mighty m)) f ON f.oid = c.oid
  WHERE c.relkind IN ('r', 'p') AND c.relowner NOT IN (SELECT m.oid FROM mighty m)
  GROUP BY c.oid),
routine AS (
  SELECT p.oid, p.proname, p.prokind, p.proowner, p.proacl, p.prosecdef, p.prolang, p.prosrc, p.prorettype, n.nspname, s.extname,
    v.visitor, h.event, u.oid IS NOT NULL AS untrusted,
    -- The text of a body decides what it can be made to do: EXECUTE and its like, or a language that is not read here.
    -- A text that is too long to search may hold them.
    l.lanname NOT IN ('sql', 'plpgsql', 'internal', 'c') OR pg_catalog.length(p.prosrc) > 65536
      OR pg_catalog.left(p.prosrc, 65536) ~* '\m(execute|query_to_xml\w*|table_to_xml\w*|cursor_to_xml\w*|schema_to_xml\w*|database_to_xml\w*|dblink\w*|ts_stat|crosstab\w*|set_config)\M'
      AS executes
  FROM pg_catalog.pg_proc p JOIN space n ON n.oid = p.pronamespace
  JOIN pg_catalog.pg_language l ON l.oid = p.prolang
  LEFT JOIN scripted s ON s.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND s.objid = p.oid
  LEFT JOIN visited v ON v.oid = p.oid
  LEFT JOIN hooked h ON h.oid = p.oid
  LEFT JOIN unconfined u ON u.oid = p.prolang
  WHERE p.prosecdef OR v.oid IS NOT NULL OR h.oid IS NOT NULL
    -- Triggers call it for every role that writes.
    OR u.oid IS NOT NULL AND EXISTS (SELECT FROM pg_catalog.pg_trigger t WHERE t.tgfoid = p.oid AND NOT t.tgisinternal)
    -- As initdb left them the server's own check for themselves.
    OR p.prolang IN (12, 13) AND (p.proacl IS NOT NULL OR p.oid >= 16384)
      AND p.prosrc ~ '^(pg_read_|pg_file_|be_lo_(im|ex)port|set_user|pg_get_wal_)' AND EXISTS (
      SELECT FROM pg_catalog.aclexplode(coalesce(p.proacl, pg_catalog.acldefault('f', p.proowner))) a WHERE a.grantee <> p.proowner)),
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
  WHERE NOT t.tgisinternal AND (p.prosecdef OR p.prolang IN (SELECT u.oid FROM unconfined u))),
relation AS (
  SELECT c.oid, c.relname, c.relkind, c.relrowsecurity, c.relispopulated, c.relowner, c.reloptions, n.nspname, c.relacl,
    (SELECT pg_catalog.array_agg(g.attnum) FROM guarded g WHERE g.oid = c.oid) AS parts
  FROM pg_catalog.pg_class c JOIN space n ON n.oid = c.relnamespace
  WHERE c.relkind = 'f' OR c.oid IN (SELECT g.oid FROM guarded g) OR c.oid IN (SELECT r.view FROM reads r)
    OR (n.nspname, c.relname) IN (('cron', 'job'), ('utl_file', 'utl_file_dir')) OR c.oid IN (SELECT f.tgrelid FROM fires f) OR c.oid IN (SELECT f.oid FROM fed f))
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
  'visitor', r.visitor, 'event', r.event, 'untrusted', r.untrusted,
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
  'visitor', (SELECT f.visitor FROM fed f WHERE f.oid = c.oid), 'system', c.oid < 16384, 'row_security', c.relrowsecurity,
  -- Whether there is, or was before the last VACUUM, a row in it.
  'stored', c.relkind = 'r' AND pg_catalog.pg_relation_size(c.oid, 'main') > 0, 'materialized', c.relkind = 'm', 'filled', c.relispopulated,
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
