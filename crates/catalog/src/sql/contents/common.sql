-- Contents as rows of section and item.
-- Objects of initdb have smaller OIDs; reading all of them costs more than everything else.
-- Kind, OID, schema, name, owner, privileges, and the letter of the kind for acldefault.
object AS (
  SELECT CASE WHEN c.relkind IN ('r', 'p', 'f') THEN 'table' WHEN c.relkind = 'v' THEN 'view'
              WHEN c.relkind = 'm' THEN 'materialized_view' ELSE 'sequence' END AS kind,
    'pg_catalog.pg_class'::pg_catalog.regclass AS class, c.oid, c.relnamespace AS space, c.relname AS name,
    NULL::text AS signature, c.relowner AS owner,
    coalesce(c.relacl, pg_catalog.acldefault(CASE WHEN c.relkind = 'S' THEN 's' ELSE 'r' END::"char", c.relowner)) AS acl,
    false AS security_definer,
    -- A serial or identity sequence follows its table.
    c.relkind = 'S' AND EXISTS (SELECT FROM pg_catalog.pg_depend d
      WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid AND d.deptype IN ('a', 'i')
        AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass) AS dependent
  FROM pg_catalog.pg_class c WHERE c.relkind IN ('r', 'p', 'f', 'v', 'm', 'S') AND c.oid >= 16384
  UNION ALL
  SELECT CASE WHEN p.prokind = 'p' THEN 'procedure' ELSE 'function' END,
    'pg_catalog.pg_proc'::pg_catalog.regclass, p.oid, p.pronamespace, p.proname,
    p.oid::pg_catalog.regprocedure::text, p.proowner,
    coalesce(p.proacl, pg_catalog.acldefault('f', p.proowner)), p.prosecdef,
    -- Code in an untrusted language acts as the server's account for every role that may call it, including its
    -- owner.
    -- An aggregate has no language of its own: it calls functions with its owner's privileges.
    p.prokind <> 'a' AND (NOT l.lanpltrusted OR l.lanname IN ('c', 'internal'))
      -- A function of an event trigger runs as every role that runs DDL there, first of all the admin: its
      -- owner matters.
      OR EXISTS (SELECT FROM pg_catalog.pg_event_trigger t WHERE t.evtfoid = p.oid)
  FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_language l ON l.oid = p.prolang
  WHERE p.oid >= 16384
    -- A range type's constructors are part of it: the server makes them, and they belong to its first superuser.
    AND NOT (l.lanname = 'internal' AND p.prosrc IN ('range_constructor2', 'range_constructor3',
      'multirange_constructor0', 'multirange_constructor1', 'multirange_constructor2'))
  UNION ALL
  -- Independent types only: no row types of tables, no arrays, no multiranges.
  SELECT 'type', 'pg_catalog.pg_type'::pg_catalog.regclass, t.oid, t.typnamespace, t.typname, NULL, t.typowner,
    coalesce(t.typacl, pg_catalog.acldefault('T', t.typowner)), false, false
  FROM pg_catalog.pg_type t
  WHERE t.oid >= 16384 AND t.typtype <> 'm' AND NOT (t.typelem <> 0 AND t.typcategory = 'A')
    AND (t.typrelid = 0 OR (SELECT c.relkind = 'c' FROM pg_catalog.pg_class c WHERE c.oid = t.typrelid)))
SELECT 'extension', pg_catalog.jsonb_build_object('name', e.extname, 'schema', n.nspname)::text
FROM pg_catalog.pg_extension e JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace
UNION ALL
SELECT 'schema', pg_catalog.jsonb_build_object(
  'name', n.nspname, 'owner', pg_catalog.pg_get_userbyid(n.nspowner),
  'acl', (
    SELECT pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
      'grantee', CASE WHEN a.grantee = 0 THEN NULL ELSE pg_catalog.pg_get_userbyid(a.grantee) END,
      'grantor', pg_catalog.pg_get_userbyid(a.grantor), 'privilege', a.privilege_type, 'grantable', a.is_grantable))
    FROM pg_catalog.aclexplode(coalesce(n.nspacl, pg_catalog.acldefault('n', n.nspowner))) a
    -- Privileges that an extension's script granted on the schema that it names belong to the extension (see
    -- rights.sql).
    WHERE a.grantee <> 0 OR a.privilege_type <> 'USAGE' OR a.is_grantable OR n.nspname = 'public' OR NOT EXISTS (
      SELECT FROM pg_catalog.pg_init_privs i JOIN pg_catalog.pg_extension e ON e.extnamespace = i.objoid
      JOIN pg_catalog.pg_roles r ON r.rolsuper CROSS JOIN LATERAL pg_catalog.aclexplode(i.initprivs) b
      WHERE i.classoid = 'pg_catalog.pg_namespace'::pg_catalog.regclass AND i.objoid = n.oid AND i.privtype = 'e'
        AND r.oid = n.nspowner AND b.grantee = 0 AND b.privilege_type = 'USAGE')))::text
FROM space n
UNION ALL
-- True if rare.sql has something to read. Planning it in a new session takes longer than this query, and most databases
-- have nothing for it.
-- An object depends on its schema, except for those of pg_catalog.
SELECT 'rare', pg_catalog.to_jsonb(EXISTS (SELECT FROM space n WHERE n.nspname = 'martydb_serve')
  OR EXISTS (SELECT FROM pg_catalog.pg_publication) OR EXISTS (
  SELECT FROM pg_catalog.pg_depend d JOIN space n ON n.oid = d.refobjid
  WHERE d.refclassid = 'pg_catalog.pg_namespace'::pg_catalog.regclass AND d.classid IN (
    'pg_catalog.pg_collation'::pg_catalog.regclass, 'pg_catalog.pg_conversion'::pg_catalog.regclass,
    'pg_catalog.pg_operator'::pg_catalog.regclass, 'pg_catalog.pg_opclass'::pg_catalog.regclass,
    'pg_catalog.pg_opfamily'::pg_catalog.regclass, 'pg_catalog.pg_statistic_ext'::pg_catalog.regclass,
    'pg_catalog.pg_ts_dict'::pg_catalog.regclass, 'pg_catalog.pg_ts_config'::pg_catalog.regclass)))::text
UNION ALL
SELECT 'default', pg_catalog.jsonb_build_object(
  'role', pg_catalog.pg_get_userbyid(d.defaclrole), 'schema', n.nspname, 'object', d.defaclobjtype,
  'acl', (
    SELECT pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
      'grantee', CASE WHEN a.grantee = 0 THEN NULL ELSE pg_catalog.pg_get_userbyid(a.grantee) END,
      'grantor', pg_catalog.pg_get_userbyid(a.grantor), 'privilege', a.privilege_type, 'grantable', a.is_grantable))
    FROM pg_catalog.aclexplode(d.defaclacl) a))::text
FROM pg_catalog.pg_default_acl d LEFT JOIN pg_catalog.pg_namespace n ON n.oid = d.defaclnamespace
UNION ALL
SELECT 'object', pg_catalog.jsonb_build_object(
  'kind', o.kind, 'schema', n.nspname, 'name', o.name, 'signature', o.signature,
  'owner', pg_catalog.pg_get_userbyid(o.owner), 'security_definer', o.security_definer, 'dependent', o.dependent,
  'is_plain', o.kind = 'table' AND (SELECT c.relkind = 'r' FROM pg_catalog.pg_class c WHERE c.oid = o.oid),
  'policies_spare_owner', o.kind = 'table' AND (
    SELECT c.relrowsecurity AND NOT c.relforcerowsecurity FROM pg_catalog.pg_class c WHERE c.oid = o.oid),
  'of_table', CASE WHEN o.kind = 'sequence' AND o.dependent THEN (
    SELECT c.relname FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_class c ON c.oid = d.refobjid
    WHERE d.classid = o.class AND d.objid = o.oid AND d.deptype IN ('a', 'i') AND d.refclassid = o.class LIMIT 1) END,
  'acl', (
    SELECT pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
      'grantee', CASE WHEN a.grantee = 0 THEN NULL ELSE pg_catalog.pg_get_userbyid(a.grantee) END,
      'grantor', pg_catalog.pg_get_userbyid(a.grantor), 'privilege', a.privilege_type, 'grantable', a.is_grantable))
    FROM pg_catalog.aclexplode(o.acl) a
    -- An owner's own privileges are never drift, and they are most of the entries.
    WHERE a.grantee <> o.owner),
  'columns', (
    SELECT pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
      'column', t.attname,
      'grantee', CASE WHEN a.grantee = 0 THEN NULL ELSE pg_catalog.pg_get_userbyid(a.grantee) END,
      'grantor', pg_catalog.pg_get_userbyid(a.grantor), 'privilege', a.privilege_type, 'grantable', a.is_grantable))
    FROM pg_catalog.pg_attribute t CROSS JOIN LATERAL pg_catalog.aclexplode(t.attacl) a
    WHERE o.class = 'pg_catalog.pg_class'::pg_catalog.regclass AND t.attrelid = o.oid AND t.attacl IS NOT NULL))::text
FROM object o JOIN space n ON n.oid = o.space
WHERE NOT EXISTS (SELECT FROM member m WHERE m.classid = o.class AND m.objid = o.oid)
