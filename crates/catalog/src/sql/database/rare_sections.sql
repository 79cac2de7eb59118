-- The end of the query, if the census finds any of these.
UNION ALL
SELECT 'extension', pg_catalog.jsonb_build_object(
  'name', e.extname, 'owner', pg_catalog.pg_get_userbyid(e.extowner),
  -- The first object that DROP EXTENSION ... CASCADE by an owner who is no superuser takes along. Parts of operator families are
  -- the extension's own, though some depend on their family alone.
  'used_by', CASE WHEN e.extowner NOT IN (SELECT r.oid FROM pg_catalog.pg_roles r WHERE r.rolsuper) THEN (
    SELECT pg_catalog.pg_describe_object(d.classid, d.objid, d.objsubid)
    FROM listed x JOIN pg_catalog.pg_depend d ON d.refclassid = x.classid AND d.refobjid = x.objid AND d.deptype IN ('n', 'a')
    WHERE x.id = e.oid AND d.classid NOT IN ('pg_catalog.pg_amop'::pg_catalog.regclass, 'pg_catalog.pg_amproc'::pg_catalog.regclass)
      AND NOT EXISTS (SELECT FROM member m WHERE m.classid = d.classid AND m.objid = d.objid)
    ORDER BY d.classid, d.objid, d.objsubid LIMIT 1) END,
  'trusted', (SELECT pg_catalog.bool_or(v.trusted) FROM pg_catalog.pg_available_extension_versions v
    WHERE v.name = e.extname AND v.version = e.extversion),
  'open', (
    SELECT pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
      'schema', o.nspname, 'grantee', CASE WHEN o.grantee = 0 THEN NULL ELSE pg_catalog.pg_get_userbyid(o.grantee) END))
    FROM (
      SELECT n.nspname, a.grantee FROM ext x JOIN pg_catalog.pg_proc p ON p.oid = x.objid JOIN space n ON n.oid = p.pronamespace
      CROSS JOIN LATERAL pg_catalog.aclexplode(coalesce(p.proacl, pg_catalog.acldefault('f', p.proowner))) a
      WHERE x.id = e.oid AND x.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND a.privilege_type = 'EXECUTE'
        AND p.prorettype NOT IN ('pg_catalog.trigger'::pg_catalog.regtype, 'pg_catalog.event_trigger'::pg_catalog.regtype)
      UNION
      SELECT n.nspname, a.grantee FROM ext x JOIN pg_catalog.pg_class c ON c.oid = x.objid JOIN space n ON n.oid = c.relnamespace
      CROSS JOIN LATERAL pg_catalog.aclexplode(c.relacl) a
      WHERE x.id = e.oid AND x.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND a.privilege_type = 'SELECT') o))::text
FROM pg_catalog.pg_extension e WHERE e.extname <> 'plpgsql'
UNION ALL
SELECT 'event_trigger', pg_catalog.jsonb_build_object(
  'name', t.evtname, 'event', t.evtevent, 'enabled', t.evtenabled <> 'D', 'owner', pg_catalog.pg_get_userbyid(t.evtowner),
  'quoted', pg_catalog.quote_ident(t.evtname),
  'function', p.oid::pg_catalog.regprocedure::text, 'function_owner', pg_catalog.pg_get_userbyid(p.proowner),
  'extension', x.extname)::text
FROM pg_catalog.pg_event_trigger t JOIN pg_catalog.pg_proc p ON p.oid = t.evtfoid
LEFT JOIN ext x ON x.classid = 'pg_catalog.pg_event_trigger'::pg_catalog.regclass AND x.objid = t.oid
  AND EXISTS (SELECT FROM ext y WHERE y.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND y.objid = p.oid)
UNION ALL
SELECT 'server', pg_catalog.jsonb_build_object(
  'name', s.srvname, 'quoted', pg_catalog.quote_ident(s.srvname), 'wrapper', f.fdwname,
  'owner', pg_catalog.pg_get_userbyid(s.srvowner),
  -- Without a handler no table is read through it, and without dblink or PL/Proxy nothing else connects.
  'connects', f.fdwhandler <> 0 OR EXISTS (SELECT FROM pg_catalog.pg_proc p WHERE p.probin ~ '(dblink|plproxy)'),
  -- Set if no option names another machine or server.
  'local', NOT EXISTS (SELECT FROM pg_catalog.unnest(s.srvoptions) o
    WHERE o ~ '^(hostaddr|service|options)=' OR o LIKE 'host=%' AND o !~ '^host=(localhost|127[.]0[.]0[.]1|::1|/[^,]*)$'
      OR o LIKE 'port=%' AND o <> 'port=' || pg_catalog.current_setting('port')),
  'dbname', (SELECT pg_catalog.substring(pg_catalog.left(o, 1000), 8) FROM pg_catalog.unnest(s.srvoptions) o WHERE o LIKE 'dbname=%' LIMIT 1),
  -- Set if a mapping without a password connects with what its role logged in with: its keys of SCRAM (from 18 on), or a ticket that
  -- it delegates (from 16 on).
  'passes_on', EXISTS (SELECT FROM pg_catalog.unnest(s.srvoptions) o
    WHERE o ~ '^(use_scram_passthrough|gssdelegation)=' AND o !~* '=(0|f|fa|fal|fals|false|n|no|of|off)$'),
  -- No other option's value: they may contain passwords.
  'mappings', (
    SELECT pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
      'role', CASE WHEN u.umuser = 0 THEN NULL ELSE u.usename END,
      'user', (SELECT pg_catalog.substring(pg_catalog.left(o, 1000), 6) FROM pg_catalog.unnest(u.umoptions) o WHERE o LIKE 'user=%' LIMIT 1),
      'bare', (SELECT pg_catalog.bool_and(o LIKE 'user=%') FROM pg_catalog.unnest(u.umoptions) o),
      'passwordless', u.umoptions @> ARRAY['password_required=false']) ORDER BY u.usename)
    FROM pg_catalog.pg_user_mappings u WHERE u.srvid = s.oid),
  'tables', (
    SELECT pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('display', x.shown, 'file', x.file) ORDER BY x.shown)
    FROM (
      SELECT n.nspname || '.' || c.relname AS shown,
        (SELECT pg_catalog.substring(pg_catalog.left(o, 1000), 10) FROM pg_catalog.unnest(t.ftoptions) o WHERE o LIKE 'filename=%' LIMIT 1) AS file
      FROM pg_catalog.pg_foreign_table t JOIN pg_catalog.pg_class c ON c.oid = t.ftrelid
      JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE t.ftserver = s.oid LIMIT 100001) x))::text
FROM pg_catalog.pg_foreign_server s JOIN pg_catalog.pg_foreign_data_wrapper f ON f.oid = s.srvfdw
UNION ALL
-- Its handler belongs to an extension, which also has a validator (text[], oid), and the wrapper has another
-- one or none.
SELECT 'unchecked_wrapper', pg_catalog.to_jsonb(f.fdwname::text)::text
FROM pg_catalog.pg_foreign_data_wrapper f
JOIN ext x ON x.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND x.objid = f.fdwhandler
WHERE NOT EXISTS (SELECT FROM ext y WHERE y.id = x.id AND y.classid = x.classid AND y.objid = f.fdwvalidator)
  AND EXISTS (SELECT FROM ext y JOIN pg_catalog.pg_proc p ON p.oid = y.objid
    WHERE y.id = x.id AND y.classid = x.classid AND p.proargtypes = '1009 26'::pg_catalog.oidvector)
UNION ALL
(SELECT 'trigger', pg_catalog.jsonb_build_object(
  'name', t.tgname, 'quoted', pg_catalog.quote_ident(t.tgname), 'table', pg_catalog.format('%I.%I', n.nspname, c.relname),
  'table_owner', pg_catalog.pg_get_userbyid(c.relowner),
  'function', p.proname, 'function_owner', pg_catalog.pg_get_userbyid(p.proowner),
  'temporary', m.nspname LIKE 'pg\_temp\_%')::text
FROM pg_catalog.pg_trigger t JOIN pg_catalog.pg_class c ON c.oid = t.tgrelid JOIN space n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_proc p ON p.oid = t.tgfoid JOIN pg_catalog.pg_namespace m ON m.oid = p.pronamespace
WHERE NOT t.tgisinternal AND p.proowner <> c.relowner AND m.nspname <> 'pg_catalog'
  AND NOT EXISTS (SELECT FROM ext x WHERE x.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND x.objid = p.oid) LIMIT 100001)

UNION ALL
-- Rows of catalogs that a prepared transaction ends, as an ALTER, a GRANT and a DROP do: it is the one that they name.
SELECT DISTINCT 'pending', pg_catalog.jsonb_build_object('gid', p.gid, 'object', pg_catalog.pg_describe_object(x.class, x.oid, 0),
  'owner', pg_catalog.pg_get_userbyid(x.owner))::text
FROM pg_catalog.pg_prepared_xacts p JOIN (
  SELECT 'pg_catalog.pg_proc'::pg_catalog.regclass AS class, c.oid, c.proowner AS owner, c.xmax AS until FROM pg_catalog.pg_proc c
  UNION ALL
  SELECT 'pg_catalog.pg_class'::pg_catalog.regclass AS class, c.oid, c.relowner AS owner, c.xmax AS until FROM pg_catalog.pg_class c
  UNION ALL
  SELECT 'pg_catalog.pg_namespace'::pg_catalog.regclass AS class, c.oid, c.nspowner AS owner, c.xmax AS until FROM pg_catalog.pg_namespace c
  UNION ALL
  SELECT 'pg_catalog.pg_type'::pg_catalog.regclass AS class, c.oid, c.typowner AS owner, c.xmax AS until FROM pg_catalog.pg_type c
  UNION ALL
  SELECT 'pg_catalog.pg_language'::pg_catalog.regclass AS class, c.oid, c.lanowner AS owner, c.xmax AS until FROM pg_catalog.pg_language c
  UNION ALL
  SELECT 'pg_catalog.pg_foreign_server'::pg_catalog.regclass AS class, c.oid, c.srvowner AS owner, c.xmax AS until FROM pg_catalog.pg_foreign_server c
  UNION ALL
  SELECT 'pg_catalog.pg_foreign_data_wrapper'::pg_catalog.regclass AS class, c.oid, c.fdwowner AS owner, c.xmax AS until FROM pg_catalog.pg_foreign_data_wrapper c
  UNION ALL
  SELECT 'pg_catalog.pg_largeobject_metadata'::pg_catalog.regclass AS class, c.oid, c.lomowner AS owner, c.xmax AS until FROM pg_catalog.pg_largeobject_metadata c
  UNION ALL
  SELECT 'pg_catalog.pg_event_trigger'::pg_catalog.regclass AS class, c.oid, c.evtowner AS owner, c.xmax AS until FROM pg_catalog.pg_event_trigger c
  UNION ALL
  SELECT 'pg_catalog.pg_extension'::pg_catalog.regclass AS class, c.oid, c.extowner AS owner, c.xmax AS until FROM pg_catalog.pg_extension c
  UNION ALL
  SELECT 'pg_catalog.pg_operator'::pg_catalog.regclass AS class, c.oid, c.oprowner AS owner, c.xmax AS until FROM pg_catalog.pg_operator c
  UNION ALL
  SELECT 'pg_catalog.pg_publication'::pg_catalog.regclass AS class, c.oid, c.pubowner AS owner, c.xmax AS until FROM pg_catalog.pg_publication c
  UNION ALL
  SELECT 'pg_catalog.pg_database'::pg_catalog.regclass AS class, c.oid, c.datdba AS owner, c.xmax AS until FROM pg_catalog.pg_database c
  UNION ALL
  SELECT 'pg_catalog.pg_tablespace'::pg_catalog.regclass AS class, c.oid, c.spcowner AS owner, c.xmax AS until FROM pg_catalog.pg_tablespace c
  UNION ALL
  SELECT 'pg_catalog.pg_default_acl'::pg_catalog.regclass AS class, c.oid, c.defaclrole AS owner, c.xmax AS until FROM pg_catalog.pg_default_acl c
  UNION ALL
  SELECT 'pg_catalog.pg_class'::pg_catalog.regclass, a.attrelid, c.relowner, a.xmax FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
  UNION ALL
  SELECT 'pg_catalog.pg_policy'::pg_catalog.regclass, k.oid, c.relowner, k.xmax FROM pg_catalog.pg_policy k JOIN pg_catalog.pg_class c ON c.oid = k.polrelid
  UNION ALL
  SELECT 'pg_catalog.pg_trigger'::pg_catalog.regclass, k.oid, c.relowner, k.xmax FROM pg_catalog.pg_trigger k JOIN pg_catalog.pg_class c ON c.oid = k.tgrelid
  UNION ALL
  SELECT 'pg_catalog.pg_rewrite'::pg_catalog.regclass, k.oid, c.relowner, k.xmax FROM pg_catalog.pg_rewrite k JOIN pg_catalog.pg_class c ON c.oid = k.ev_class
  UNION ALL
  SELECT 'pg_catalog.pg_constraint'::pg_catalog.regclass, k.oid, c.relowner, k.xmax FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_class c ON c.oid = k.conrelid) x ON x.until = p.transaction
WHERE p.database = pg_catalog.current_database()
