-- Everything in one database that can give a role a privilege, as rows of section and item. Owners' own are left out,
-- and of the server's and of extensions' objects only what goes beyond what initdb or the extension gave.
-- Columns that only newer majors have are read through to_jsonb, so that one text serves 13 to 18.
-- A service decides how many objects there are and how long its texts are: kinds of objects end after 100,000 and one
-- (the reader says so), texts are cut and their length is told.
WITH
member AS (
  SELECT d.classid, d.objid, e.oid AS id, e.extname, e.extversion, e.extowner, pg_catalog.age(d.xmin) AS since, pg_catalog.age(e.xmin) AS made
  FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_extension e ON e.oid = d.refobjid
  WHERE d.deptype = 'e' AND d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass),
-- What an extension's script made: the place in a schema and the membership are written in one transaction. What was
-- added by ALTER EXTENSION is anybody's. pg_upgrade keeps the numbers of relations and types, and gives functions new ones.
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
-- What an aggregate calls, it calls with its owner's right to: the caller needs EXECUTE on the aggregate alone.
called AS (
  SELECT a.aggfnoid AS aggregate,
    -- The server's own that PUBLIC may not call, code in an untrusted language, and what runs as another role.
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
-- kind, words for GRANT ... ON and ALTER ..., catalogue, oid, schema, name, owner, rights, the letter of acldefault.
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
  (SELECT 'column', 'TABLE', NULL, 'pg_catalog.pg_class'::pg_catalog.regclass, c.oid, a.attnum, n.nspname, n.server AND c.oid < 16384,
    c.relname, a.attname, pg_catalog.format('%I.%I', n.nspname, c.relname),
    n.nspname || '.' || c.relname || '.' || a.attname, c.relowner, a.attacl, 'c', NULL, false, NULL, NULL, false
  FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid JOIN space n ON n.oid = c.relnamespace
  WHERE a.attacl IS NOT NULL AND NOT a.attisdropped LIMIT 100001)
  UNION ALL
  -- What runs with its owner's rights first.
  (SELECT CASE p.prokind WHEN 'p' THEN 'procedure' ELSE 'function' END,
    CASE p.prokind WHEN 'p' THEN 'PROCEDURE' ELSE 'FUNCTION' END,
    CASE p.prokind WHEN 'p' THEN 'PROCEDURE' WHEN 'a' THEN 'AGGREGATE' ELSE 'FUNCTION' END,
    -- Who may write to pg_catalog can put a function of his own there; the server's have lower numbers.
    'pg_catalog.pg_proc'::pg_catalog.regclass, p.oid, 0, n.nspname, n.server AND p.oid < 16384, p.proname, NULL,
    p.oid::pg_catalog.regprocedure::text, p.oid::pg_catalog.regprocedure::text, p.proowner, p.proacl, 'f',
    CASE WHEN NOT g.dangerous THEN coalesce((SELECT l.oid FROM pg_catalog.pg_language l WHERE l.lanname = 'sql'), p.prolang)
      ELSE p.prolang END,
    p.prosecdef,
    -- The one setting that is judged. A path that was cut does not end as a safe one does.
    (SELECT pg_catalog.array_agg(pg_catalog.left(setting, 16384)) FROM pg_catalog.unnest(p.proconfig) setting
      WHERE pg_catalog.starts_with(setting, 'search_path=')), NULL, false
  FROM pg_catalog.pg_proc p JOIN space n ON n.oid = p.pronamespace
  LEFT JOIN called g ON g.aggregate = p.oid
  -- The server's own three thousand, unless their privileges were changed: naming each of them costs a second.
  WHERE (NOT n.server OR p.oid >= 16384 OR p.proacl IS NOT NULL OR p.proowner <> 10 OR p.prosecdef OR p.oid IN (SELECT i.objoid FROM pg_catalog.pg_init_privs i
      WHERE i.classoid = 'pg_catalog.pg_proc'::pg_catalog.regclass))
    -- A range type's constructors are part of it: the server made them, in the language internal (12 on every major),
    -- and they belong to its first superuser.
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
  UNION ALL
  SELECT 'foreign-data wrapper', 'FOREIGN DATA WRAPPER', 'FOREIGN DATA WRAPPER',
    'pg_catalog.pg_foreign_data_wrapper'::pg_catalog.regclass, f.oid, 0, NULL, false, f.fdwname, NULL,
    pg_catalog.quote_ident(f.fdwname), f.fdwname::text, f.fdwowner, f.fdwacl, 'F', NULL, false, NULL, NULL, false
  FROM pg_catalog.pg_foreign_data_wrapper f
  UNION ALL
  (SELECT 'foreign server', 'FOREIGN SERVER', 'SERVER', 'pg_catalog.pg_foreign_server'::pg_catalog.regclass, s.oid, 0, NULL,
    false, s.srvname, NULL, pg_catalog.quote_ident(s.srvname), s.srvname::text, s.srvowner, s.srvacl, 'S', NULL, false, NULL, NULL, false
  FROM pg_catalog.pg_foreign_server s LIMIT 100001)
  UNION ALL
  -- Every login may make them without end. Those of one owner with equal rights are judged alike, so that the first
  -- thousand stand for all.
  (SELECT 'large object', 'LARGE OBJECT', 'LARGE OBJECT', 'pg_catalog.pg_largeobject_metadata'::pg_catalog.regclass, o.oid, 0,
    NULL, false, o.oid::text::name, NULL, o.oid::text, o.oid::text, o.lomowner, o.lomacl, 'L', NULL, false, NULL, NULL, false
  FROM (
    SELECT m.oid, m.lomowner, m.lomacl,
      pg_catalog.row_number() OVER (PARTITION BY m.lomowner, m.lomacl::text ORDER BY m.oid) AS place
    FROM pg_catalog.pg_largeobject_metadata m) o
  WHERE o.place <= 1000 LIMIT 100001)),
told AS (
  SELECT t.*, x.extname AS extension, x.extversion, x.extowner, x.since,
    -- An update of the extension writes its own row too.
    t.definer AND x.extname IS NOT NULL AND t.acl IS NOT DISTINCT FROM i.initprivs
      AND coalesce((SELECT pg_catalog.age(p.xmin) < least(x.made, x.since) FROM pg_catalog.pg_proc p WHERE p.oid = t.oid), false) AS altered,
    -- The schema public is made by initdb, yet it is the service's.
    t.server AND NOT (t.kind = 'schema' AND t.schema = 'public') AS system,
    coalesce(t.acl, pg_catalog.acldefault(t.letter, t.owner)) AS rights,
    CASE WHEN t.server OR x.extname IS NOT NULL OR t.kind = 'schema' AND t.schema = 'public'
      THEN coalesce(i.initprivs, pg_catalog.acldefault(t.letter, t.owner)) END AS base
  FROM thing t
  LEFT JOIN ext x ON x.classid = t.class AND x.objid = t.oid
  LEFT JOIN pg_catalog.pg_init_privs i ON i.classoid = t.class AND i.objoid = t.oid AND i.objsubid = t.sub),
held AS (
  SELECT t.class, t.oid, t.sub, pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
    'grantee', CASE WHEN a.grantee = 0 THEN NULL ELSE pg_catalog.pg_get_userbyid(a.grantee) END,
    'grantor', pg_catalog.pg_get_userbyid(a.grantor), 'privilege', a.privilege_type, 'grantable', a.is_grantable)
    ORDER BY a.grantee, a.privilege_type, a.grantor) AS acl
  FROM told t CROSS JOIN LATERAL pg_catalog.aclexplode(t.rights) a
  WHERE a.grantee <> t.owner
    -- What PUBLIC holds from the start, or this role does, is no drift.
    -- What an extension gave by name it did not give to a service: it was added to it afterwards.
    AND NOT ((NOT t.definer OR t.extension IS NOT NULL AND NOT t.altered) AND (t.system OR t.extension IS NOT NULL AND (a.grantee = 0 OR pg_catalog.pg_get_userbyid(a.grantee) ~ '^pg_'))
      AND EXISTS (
      SELECT FROM pg_catalog.aclexplode(t.base) b
      WHERE b.grantee IN (a.grantee, 0) AND b.privilege_type = a.privilege_type AND b.is_grantable >= a.is_grantable))
    -- initdb writes down what it grants before it makes the information schema.
    AND NOT (t.server AND t.schema IS NOT DISTINCT FROM 'information_schema' AND a.grantee = 0 AND a.privilege_type IN ('SELECT', 'USAGE') AND NOT a.is_grantable)
  GROUP BY t.class, t.oid, t.sub)
SELECT 'alone', pg_catalog.to_jsonb(
  current_user = session_user AND pg_catalog.current_setting('search_path') = 'pg_catalog')::text
UNION ALL
SELECT 'language', pg_catalog.jsonb_build_object('name', l.lanname, 'trusted', l.lanpltrusted, 'handler', p.prosrc)::text
FROM pg_catalog.pg_language l LEFT JOIN pg_catalog.pg_proc p ON p.oid = l.lanplcallfoid
UNION ALL
SELECT 'extension', pg_catalog.jsonb_build_object(
  'name', e.extname, 'owner', pg_catalog.pg_get_userbyid(e.extowner),
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
  'dbname', (SELECT pg_catalog.substring(pg_catalog.left(o, 1000), 8) FROM pg_catalog.unnest(s.srvoptions) o WHERE o LIKE 'dbname=%' LIMIT 1),
  -- Names of options only: values hold passwords.
  'mappings', (
    SELECT pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
      'role', CASE WHEN u.umuser = 0 THEN NULL ELSE u.usename END,
      'passwordless', u.umoptions @> ARRAY['password_required=false']) ORDER BY u.usename)
    FROM pg_catalog.pg_user_mappings u WHERE u.srvid = s.oid),
  'tables', (
    SELECT pg_catalog.jsonb_agg(x.shown ORDER BY x.shown)
    FROM (
      SELECT n.nspname || '.' || c.relname AS shown
      FROM pg_catalog.pg_foreign_table t JOIN pg_catalog.pg_class c ON c.oid = t.ftrelid
      JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE t.ftserver = s.oid LIMIT 100001) x))::text
FROM pg_catalog.pg_foreign_server s JOIN pg_catalog.pg_foreign_data_wrapper f ON f.oid = s.srvfdw
UNION ALL
-- Its handler is an extension's, which also made a validator (text[], oid), and the wrapper has another one or none.
SELECT 'unchecked_wrapper', pg_catalog.to_jsonb(f.fdwname::text)::text
FROM pg_catalog.pg_foreign_data_wrapper f
JOIN ext x ON x.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND x.objid = f.fdwhandler
WHERE NOT EXISTS (SELECT FROM ext y WHERE y.id = x.id AND y.classid = x.classid AND y.objid = f.fdwvalidator)
  AND EXISTS (SELECT FROM ext y JOIN pg_catalog.pg_proc p ON p.oid = y.objid
    WHERE y.id = x.id AND y.classid = x.classid AND p.proargtypes = '1009 26'::pg_catalog.oidvector)
UNION ALL
(SELECT 'default', pg_catalog.jsonb_build_object(
  'role', pg_catalog.pg_get_userbyid(d.defaclrole), 'schema', n.nspname, 'object', d.defaclobjtype, 'acl', (
    SELECT pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
      'grantee', CASE WHEN a.grantee = 0 THEN NULL ELSE pg_catalog.pg_get_userbyid(a.grantee) END,
      'grantor', pg_catalog.pg_get_userbyid(a.grantor), 'privilege', a.privilege_type, 'grantable', a.is_grantable)
      ORDER BY a.grantee, a.privilege_type)
    FROM pg_catalog.aclexplode(d.defaclacl) a WHERE a.grantee <> d.defaclrole))::text
FROM pg_catalog.pg_default_acl d LEFT JOIN pg_catalog.pg_namespace n ON n.oid = d.defaclnamespace LIMIT 100001)
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
SELECT 'thing', pg_catalog.jsonb_build_object(
  'kind', t.kind, 'schema', t.schema, 'name', t.name, 'column', t.part, 'shown', t.shown,
  'grant_on', t.grant_word || ' ' || t.quoted, 'alter', t.alter_word || ' ' || t.quoted,
  'owner', pg_catalog.pg_get_userbyid(t.owner), 'system', t.system, 'extension', t.extension,
  'joined', (SELECT m.extname FROM member m WHERE m.classid = t.class AND m.objid = t.oid AND t.extension IS NULL),
'altered', t.altered, 'dependent', t.dependent,
  'table', CASE WHEN t.kind = 'sequence' AND t.dependent THEN (
    SELECT n.nspname || '.' || c.relname FROM pg_catalog.pg_depend d
    JOIN pg_catalog.pg_class c ON c.oid = d.refobjid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE d.classid = t.class AND d.objid = t.oid AND d.refclassid = t.class AND d.deptype IN ('a', 'i') LIMIT 1) END,
  -- It belonged to its owner before it was a member (a change of owner writes the row again), and the script runs as
  -- a superuser, or as another role. What a script makes belongs to whom it runs as, in one transaction with both.
  'added', t.extension IS NOT NULL AND t.owner <> 10 AND coalesce((
    SELECT pg_catalog.age(s.xmin) > t.since FROM pg_catalog.pg_shdepend s
    WHERE s.dbid = (SELECT b.oid FROM pg_catalog.pg_database b WHERE b.datname = pg_catalog.current_database())
      AND s.classid = t.class AND s.objid = t.oid AND s.objsubid = 0 AND s.deptype = 'o'), false)
    AND (t.owner <> t.extowner OR coalesce((SELECT pg_catalog.bool_and(v.superuser) FROM pg_catalog.pg_available_extension_versions v
      WHERE v.name = t.extension AND v.version = t.extversion), false)),
  'language', l.lanname, 'trusted', l.lanpltrusted, 'definer', t.definer, 'config', t.config, 'options', t.options,
  'returns', CASE WHEN t.language IS NOT NULL THEN
    (SELECT pg_catalog.format_type(p.prorettype, NULL) FROM pg_catalog.pg_proc p WHERE p.oid = t.oid) END,
  'shadows', CASE WHEN t.kind = 'function' AND NOT t.system THEN EXISTS (
    SELECT FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_proc q
      ON q.proname = p.proname AND q.proargtypes = p.proargtypes AND q.oid <> p.oid
    WHERE p.oid = t.oid AND q.pronamespace = 'pg_catalog'::pg_catalog.regnamespace) ELSE false END,
  -- The server itself calls a trigger's or an operator class's function, and checks no EXECUTE.
  'called', t.definer AND EXISTS (SELECT FROM pg_catalog.pg_depend d
    WHERE d.refclassid = t.class AND d.refobjid = t.oid AND d.classid IN ('pg_catalog.pg_trigger'::pg_catalog.regclass,
      'pg_catalog.pg_event_trigger'::pg_catalog.regclass, 'pg_catalog.pg_amproc'::pg_catalog.regclass)),
  -- A body of its own grammar (BEGIN ATOMIC, from 14 on) leaves the text empty.
  'atomic', t.definer AND l.lanname = 'sql' AND (SELECT pg_catalog.octet_length(p.prosrc) = 0 FROM pg_catalog.pg_proc p WHERE p.oid = t.oid),
  'leakproof', t.language IS NOT NULL AND (SELECT p.proleakproof FROM pg_catalog.pg_proc p WHERE p.oid = t.oid),
  'rules', t.kind = 'table' AND EXISTS (SELECT FROM pg_catalog.pg_rewrite r WHERE r.ev_class = t.oid),
  'acl', h.acl)::text
FROM told t LEFT JOIN held h ON h.class = t.class AND h.oid = t.oid AND h.sub = t.sub
LEFT JOIN pg_catalog.pg_language l ON l.oid = t.language
WHERE h.acl IS NOT NULL OR t.kind <> 'column' AND (NOT t.system AND t.extension IS NULL OR t.definer
  -- The server's and an extension's own, given to another role.
  OR t.owner <> 10 AND NOT EXISTS (SELECT FROM pg_catalog.pg_roles r WHERE r.oid = t.owner AND r.rolsuper))
UNION ALL
(SELECT 'other', pg_catalog.jsonb_build_object(
  'kind', coalesce(i.type, d.classid::pg_catalog.regclass::text), 'shown', coalesce(i.identity, d.objid::text),
  'role', pg_catalog.pg_get_userbyid(d.refobjid), 'owned', d.deptype = 'o', 'named', d.deptype = 'r')::text
FROM pg_catalog.pg_shdepend d
JOIN pg_catalog.pg_database b ON b.oid = d.dbid AND b.datname = pg_catalog.current_database()
LEFT JOIN LATERAL pg_catalog.pg_identify_object(d.classid, d.objid, d.objsubid) i ON true
WHERE d.refclassid = 'pg_catalog.pg_authid'::pg_catalog.regclass AND d.deptype IN ('o', 'a', 'r')
  AND d.classid::pg_catalog.regclass::text NOT IN ('pg_class', 'pg_proc', 'pg_type', 'pg_namespace', 'pg_language',
    'pg_foreign_data_wrapper', 'pg_foreign_server', 'pg_largeobject', 'pg_largeobject_metadata', 'pg_default_acl',
    'pg_extension', 'pg_event_trigger', 'pg_user_mapping')
  AND NOT EXISTS (SELECT FROM ext x WHERE x.classid = d.classid AND x.objid = d.objid) LIMIT 100001)
