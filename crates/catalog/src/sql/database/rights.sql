-- Privileges on these objects, and the sections that every database has.
),
told AS (
  SELECT t.*, coalesce(x.extname, o.extname) AS extension, x.extversion, x.extowner, x.since,
    -- An update of the extension rewrites its own row too. A function that is older than its membership was added to it.
    t.definer AND x.extname IS NOT NULL AND t.acl IS NOT DISTINCT FROM i.initprivs
      AND coalesce((SELECT pg_catalog.age(p.xmin) < least(x.made, x.since) OR pg_catalog.age(p.xmin) > x.since FROM pg_catalog.pg_proc p WHERE p.oid = t.oid), false) AS altered,
    -- initdb creates the schema public, but it belongs to the service.
    t.server AND NOT (t.kind = 'schema' AND t.schema = 'public') AS system,
    coalesce(t.acl, pg_catalog.acldefault(t.letter, t.owner)) AS rights,
    CASE WHEN t.server OR x.extname IS NOT NULL OR o.extname IS NOT NULL OR t.kind = 'schema' AND t.schema = 'public'
      THEN coalesce(i.initprivs, pg_catalog.acldefault(t.letter, t.owner)) END AS base,
    o.extname IS NOT NULL AS opened,
    -- Its privileges are those that initdb gave.
    t.server AND NOT t.definer AND t.acl IS NOT DISTINCT FROM i.initprivs AS original
  FROM thing t
  LEFT JOIN ext x ON x.classid = t.class AND x.objid = t.oid
  LEFT JOIN pg_catalog.pg_init_privs i ON i.classoid = t.class AND i.objoid = t.oid AND i.objsubid = t.sub
  -- The schema named in an extension's control file is created before the extension: it is not a member, yet
  -- belongs to it.
  LEFT JOIN LATERAL (SELECT e.extname FROM pg_catalog.pg_extension e JOIN pg_catalog.pg_roles r ON r.rolsuper
    WHERE t.kind = 'schema' AND t.schema <> 'public' AND i.privtype = 'e' AND e.extnamespace = t.oid AND r.oid = t.owner LIMIT 1) o ON true),
held AS (
  SELECT t.class, t.oid, t.sub, pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
    'grantee', CASE WHEN a.grantee = 0 THEN NULL ELSE pg_catalog.pg_get_userbyid(a.grantee) END,
    'grantor', pg_catalog.pg_get_userbyid(a.grantor), 'privilege', a.privilege_type, 'grantable', a.is_grantable)
    ORDER BY a.grantee, a.privilege_type, a.grantor) AS acl
  FROM told t CROSS JOIN LATERAL pg_catalog.aclexplode(t.rights) a
  WHERE a.grantee <> t.owner AND NOT (t.original AND t.system)
    -- Initial privileges of PUBLIC or of this role are not drift.
    -- An extension does not grant by name to a service's role: such a grant was added afterwards.
    AND NOT ((NOT t.definer OR t.extension IS NOT NULL AND NOT t.altered) AND (t.system OR t.extension IS NOT NULL AND (a.grantee = 0 OR pg_catalog.pg_get_userbyid(a.grantee) ~ '^pg_'))
      AND EXISTS (
      SELECT FROM pg_catalog.aclexplode(t.base) b
      WHERE b.grantee IN (a.grantee, 0) AND b.privilege_type = a.privilege_type AND b.is_grantable >= a.is_grantable))
    -- What everybody holds gives a role nothing.
    AND NOT ((t.system OR t.extension IS NOT NULL) AND NOT t.definer AND a.grantee <> 0 AND NOT a.is_grantable AND EXISTS (
      SELECT FROM pg_catalog.aclexplode(t.rights) p WHERE p.grantee = 0 AND p.privilege_type = a.privilege_type))
    -- initdb records its grants before it creates the information schema.
    AND NOT (t.server AND t.schema IS NOT DISTINCT FROM 'information_schema' AND a.grantee = 0 AND a.privilege_type IN ('SELECT', 'USAGE') AND NOT a.is_grantable)
  GROUP BY t.class, t.oid, t.sub)
SELECT 'language', pg_catalog.jsonb_build_object('name', l.lanname, 'trusted', l.lanpltrusted, 'handler', p.prosrc)::text
FROM pg_catalog.pg_language l LEFT JOIN pg_catalog.pg_proc p ON p.oid = l.lanplcallfoid
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
SELECT 'thing', pg_catalog.jsonb_build_object(
  'kind', t.kind, 'schema', t.schema, 'name', t.name, 'column', t.part, 'display', t.shown,
  'grant_on', t.grant_word || ' ' || t.quoted, 'alter', t.alter_word || ' ' || t.quoted,
  'owner', pg_catalog.pg_get_userbyid(t.owner), 'system', t.system, 'extension', t.extension,
  'joined', (SELECT m.extname FROM listed m WHERE m.classid = t.class AND m.objid = t.oid AND t.extension IS NULL),
'altered', t.altered, 'dependent', t.dependent,
  'table', CASE WHEN t.kind = 'sequence' AND t.dependent THEN (
    SELECT n.nspname || '.' || c.relname FROM pg_catalog.pg_depend d
    JOIN pg_catalog.pg_class c ON c.oid = d.refobjid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE d.classid = t.class AND d.objid = t.oid AND d.refclassid = t.class AND d.deptype IN ('a', 'i') LIMIT 1) END,
  -- It had its owner before it became a member (a change of owner rewrites the row), and the script ran as a
  -- superuser, or as another role. Objects of a script belong to the role that runs it, and one transaction
  -- writes both rows.
  'added', t.extension IS NOT NULL AND t.owner <> 10 AND coalesce((
    SELECT pg_catalog.age(s.xmin) > t.since FROM pg_catalog.pg_shdepend s
    WHERE s.dbid = (SELECT b.oid FROM pg_catalog.pg_database b WHERE b.datname = pg_catalog.current_database())
      AND s.classid = t.class AND s.objid = t.oid AND s.objsubid = 0 AND s.deptype = 'o'), false)
    AND (t.owner <> t.extowner OR coalesce((SELECT pg_catalog.bool_and(v.superuser) FROM pg_catalog.pg_available_extension_versions v
      WHERE v.name = t.extension AND v.version = t.extversion), false)),
  'language', l.lanname, 'trusted', l.lanpltrusted, 'definer', t.definer, 'config', t.config, 'options', t.options,
  'returns', CASE WHEN t.language IS NOT NULL THEN
    (SELECT CASE WHEN p.proretset THEN 'SETOF ' ELSE '' END || pg_catalog.format_type(p.prorettype, NULL) FROM pg_catalog.pg_proc p WHERE p.oid = t.oid) END,
  -- An SQL-standard body (BEGIN ATOMIC, from 14 on) leaves the text empty.
  'atomic', t.definer AND l.lanname = 'sql' AND (SELECT pg_catalog.octet_length(p.prosrc) = 0 FROM pg_catalog.pg_proc p WHERE p.oid = t.oid),
  'leakproof', t.language IS NOT NULL AND (SELECT p.proleakproof FROM pg_catalog.pg_proc p WHERE p.oid = t.oid),
