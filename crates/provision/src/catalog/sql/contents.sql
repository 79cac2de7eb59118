-- Contents of one database as rows of section and item, without the server's own schemas and members of extensions.
WITH
member AS (
  SELECT d.classid, d.objid FROM pg_catalog.pg_depend d
  WHERE d.deptype = 'e' AND d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass),
space AS (
  SELECT n.* FROM pg_catalog.pg_namespace n
  WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
    AND n.nspname NOT LIKE 'pg\_temp\_%' AND n.nspname NOT LIKE 'pg\_toast\_temp\_%'
    AND NOT EXISTS (SELECT FROM member m
      WHERE m.classid = 'pg_catalog.pg_namespace'::pg_catalog.regclass AND m.objid = n.oid)),
-- Objects with an owner and without privileges.
plain AS (
  SELECT 'pg_catalog.pg_collation'::pg_catalog.regclass, x.oid, x.collnamespace, x.collowner FROM pg_catalog.pg_collation x
  UNION ALL
  SELECT 'pg_catalog.pg_conversion'::pg_catalog.regclass, x.oid, x.connamespace, x.conowner FROM pg_catalog.pg_conversion x
  UNION ALL
  SELECT 'pg_catalog.pg_operator'::pg_catalog.regclass, x.oid, x.oprnamespace, x.oprowner FROM pg_catalog.pg_operator x
  UNION ALL
  SELECT 'pg_catalog.pg_opclass'::pg_catalog.regclass, x.oid, x.opcnamespace, x.opcowner FROM pg_catalog.pg_opclass x
  UNION ALL
  SELECT 'pg_catalog.pg_opfamily'::pg_catalog.regclass, x.oid, x.opfnamespace, x.opfowner FROM pg_catalog.pg_opfamily x
  UNION ALL
  SELECT 'pg_catalog.pg_statistic_ext'::pg_catalog.regclass, x.oid, x.stxnamespace, x.stxowner FROM pg_catalog.pg_statistic_ext x
  UNION ALL
  SELECT 'pg_catalog.pg_ts_dict'::pg_catalog.regclass, x.oid, x.dictnamespace, x.dictowner FROM pg_catalog.pg_ts_dict x
  UNION ALL
  SELECT 'pg_catalog.pg_ts_config'::pg_catalog.regclass, x.oid, x.cfgnamespace, x.cfgowner FROM pg_catalog.pg_ts_config x),
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
    AND (t.typrelid = 0 OR (SELECT c.relkind = 'c' FROM pg_catalog.pg_class c WHERE c.oid = t.typrelid))
  UNION ALL
  SELECT 'other', p.class, p.oid, p.space, i.type, i.identity, p.owner, NULL::pg_catalog.aclitem[], false, false
  FROM (SELECT * FROM plain WHERE oid >= 16384 OFFSET 0) p(class, oid, space, owner)
  CROSS JOIN LATERAL pg_catalog.pg_identify_object(p.class, p.oid, 0) i)
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
-- Whole schemas (from 15 on) belong to a publication by the catalog pg_publication_namespace, whose OID is 6237.
SELECT 'publication', pg_catalog.jsonb_build_object(
  'name', p.pubname, 'identity', pg_catalog.quote_ident(p.pubname), 'owner', pg_catalog.pg_get_userbyid(p.pubowner),
  'is_list', NOT p.puballtables AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
    WHERE d.classid = 6237 AND d.refclassid = 'pg_catalog.pg_publication'::pg_catalog.regclass AND d.refobjid = p.oid),
  'tables', (
    SELECT pg_catalog.jsonb_agg(pg_catalog.jsonb_build_array(n.nspname, c.relname)) FROM pg_catalog.pg_publication_rel t
    JOIN pg_catalog.pg_class c ON c.oid = t.prrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE t.prpubid = p.oid))::text
FROM pg_catalog.pg_publication p
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
UNION ALL
-- The tables of the data service's own schema, part by part: what differs from what `apply` makes is drift.
SELECT 'record', pg_catalog.jsonb_build_object('table', c.relname, 'parts', (
  SELECT pg_catalog.jsonb_agg(pg_catalog.jsonb_build_array(p.kind, p.name, p.text)) FROM (
    SELECT 'column' AS kind, a.attname::text AS name, pg_catalog.concat(
      pg_catalog.format_type(a.atttypid, a.atttypmod), CASE WHEN a.attnotnull THEN ' NOT NULL' END,
      CASE a.attidentity WHEN 'a' THEN ' GENERATED ALWAYS AS IDENTITY' WHEN 'd' THEN ' GENERATED BY DEFAULT AS IDENTITY' END,
      CASE WHEN a.attgenerated <> '' THEN ' GENERATED' END,
      ' DEFAULT ' || pg_catalog.pg_get_expr(d.adbin, d.adrelid)) AS text
    FROM pg_catalog.pg_attribute a LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    UNION ALL
    -- From 18 on NOT NULL is a constraint too.
    SELECT 'constraint', x.conname, pg_catalog.pg_get_constraintdef(x.oid) FROM pg_catalog.pg_constraint x
    WHERE x.conrelid = c.oid AND x.contype <> 'n'
    UNION ALL
    SELECT 'index', ic.relname, pg_catalog.pg_get_indexdef(i.indexrelid)
    FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class ic ON ic.oid = i.indexrelid
    WHERE i.indrelid = c.oid AND NOT EXISTS (SELECT FROM pg_catalog.pg_constraint x WHERE x.conindid = i.indexrelid)
    UNION ALL
    SELECT 'row security', CASE WHEN c.relforcerowsecurity THEN 'forced' ELSE 'on' END, '' WHERE c.relrowsecurity
    UNION ALL
    SELECT 'policy', y.polname, pg_catalog.concat(CASE WHEN NOT y.polpermissive THEN 'AS RESTRICTIVE ' END, 'FOR ',
      CASE y.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE' ELSE 'ALL' END,
      CASE WHEN y.polroles <> ARRAY[0::oid] THEN ' TO SOME' END,
      ' USING ' || pg_catalog.pg_get_expr(y.polqual, y.polrelid), ' WITH CHECK ' || pg_catalog.pg_get_expr(y.polwithcheck, y.polrelid))
    FROM pg_catalog.pg_policy y WHERE y.polrelid = c.oid
    UNION ALL
    SELECT 'trigger', t.tgname, '' FROM pg_catalog.pg_trigger t WHERE t.tgrelid = c.oid AND NOT t.tgisinternal
    UNION ALL
    SELECT 'rule', r.rulename, '' FROM pg_catalog.pg_rewrite r WHERE r.ev_class = c.oid
    UNION ALL
    SELECT 'property', 'kind', c.relkind::text || c.relpersistence::text WHERE c.relkind <> 'r' OR c.relpersistence <> 'p'
    UNION ALL
    SELECT 'property', 'inheritance', '' FROM pg_catalog.pg_inherits h WHERE c.oid IN (h.inhrelid, h.inhparent)) p))::text
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = 'martydb_serve' AND c.relkind IN ('r', 'p', 'f', 'v', 'm')
