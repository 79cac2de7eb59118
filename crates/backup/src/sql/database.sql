-- Data that no archive contains, as one document: properties of the database itself, its extensions, and objects of roles other
-- than the owner, which an owner may not give away.
base AS (SELECT * FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()),
own AS (SELECT oid FROM pg_catalog.pg_roles WHERE rolname = current_user)
SELECT pg_catalog.jsonb_build_object(
  'lsn', CASE WHEN NOT pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_current_wal_lsn()::text END,
  'server_version', pg_catalog.current_setting('server_version'),
  'server_version_num', pg_catalog.current_setting('server_version_num')::int,
  'database', (SELECT pg_catalog.jsonb_build_object(
    'name', datname, 'owner', pg_catalog.pg_get_userbyid(datdba), 'connection_limit', datconnlimit,
    'encoding', pg_catalog.pg_encoding_to_char(encoding), 'collate', datcollate, 'ctype', datctype,
    'comment', pg_catalog.shobj_description(oid, 'pg_database'),
    'acl', (SELECT coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
        'grantee', CASE WHEN a.grantee <> 0 THEN pg_catalog.pg_get_userbyid(a.grantee) END, 'privilege', a.privilege_type, 'grantable', a.is_grantable)
        ORDER BY a.grantee = 0 DESC, pg_catalog.pg_get_userbyid(a.grantee), a.privilege_type), '[]')
      FROM pg_catalog.aclexplode(coalesce(datacl, pg_catalog.acldefault('d', datdba))) a),
    'settings', (SELECT coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
        'role', CASE WHEN s.setrole <> 0 THEN pg_catalog.pg_get_userbyid(s.setrole) END,
        'name', pg_catalog.split_part(c.line, '=', 1), 'value', pg_catalog.substr(c.line, pg_catalog.strpos(c.line, '=') + 1))
        ORDER BY s.setrole <> 0, pg_catalog.pg_get_userbyid(s.setrole), c.line), '[]')
      FROM pg_catalog.pg_db_role_setting s CROSS JOIN LATERAL pg_catalog.unnest(s.setconfig) c (line) WHERE s.setdatabase = base.oid)
  ) FROM base),
  'public', (SELECT pg_catalog.jsonb_build_object('owner', pg_catalog.pg_get_userbyid(n.nspowner),
      'acl', (SELECT coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
          'grantee', CASE WHEN a.grantee <> 0 THEN pg_catalog.pg_get_userbyid(a.grantee) END, 'privilege', a.privilege_type, 'grantable', a.is_grantable)
          ORDER BY a.grantee = 0 DESC, pg_catalog.pg_get_userbyid(a.grantee), a.privilege_type), '[]')
        FROM pg_catalog.aclexplode(coalesce(n.nspacl, pg_catalog.acldefault('n', n.nspowner))) a))
    FROM pg_catalog.pg_namespace n WHERE n.nspname = 'public'),
  'extensions', (SELECT coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
      'name', e.extname, 'version', e.extversion, 'schema', n.nspname, 'owner', pg_catalog.pg_get_userbyid(e.extowner),
      'comment', pg_catalog.obj_description(e.oid, 'pg_extension')) ORDER BY e.extname), '[]')
    FROM pg_catalog.pg_extension e JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace),
  'large_objects', (SELECT coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
      'oid', m.oid::pg_catalog.int8, 'owner', pg_catalog.pg_get_userbyid(m.lomowner),
      'acl', (SELECT coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
          'grantee', CASE WHEN a.grantee <> 0 THEN pg_catalog.pg_get_userbyid(a.grantee) END, 'privilege', a.privilege_type, 'grantable', a.is_grantable)
          ORDER BY a.grantee = 0 DESC, pg_catalog.pg_get_userbyid(a.grantee), a.privilege_type), '[]')
        FROM pg_catalog.aclexplode(coalesce(m.lomacl, pg_catalog.acldefault('L', m.lomowner))) a WHERE a.grantee <> m.lomowner)) ORDER BY m.oid), '[]')
    FROM pg_catalog.pg_largeobject_metadata m WHERE m.lomowner <> (SELECT oid FROM own)),
  'default_privileges', (SELECT coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
      'role', pg_catalog.pg_get_userbyid(d.defaclrole), 'schema', (SELECT nspname FROM pg_catalog.pg_namespace n WHERE n.oid = d.defaclnamespace),
      'kind', d.defaclobjtype::text,
      'acl', (SELECT coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
          'grantee', CASE WHEN a.grantee <> 0 THEN pg_catalog.pg_get_userbyid(a.grantee) END, 'privilege', a.privilege_type, 'grantable', a.is_grantable)
          ORDER BY a.grantee = 0 DESC, pg_catalog.pg_get_userbyid(a.grantee), a.privilege_type), '[]')
        FROM pg_catalog.aclexplode(d.defaclacl) a)) ORDER BY d.oid), '[]')
    FROM pg_catalog.pg_default_acl d WHERE d.defaclrole <> (SELECT oid FROM own)),
  'roles', (SELECT coalesce(pg_catalog.jsonb_agg(DISTINCT r.rolname), '[]') FROM pg_catalog.pg_shdepend s JOIN pg_catalog.pg_roles r ON r.oid = s.refobjid
    WHERE s.dbid = (SELECT oid FROM base) AND s.refclassid = 'pg_catalog.pg_authid'::pg_catalog.regclass
      AND NOT EXISTS (SELECT FROM member m WHERE m.classid = s.classid AND m.objid = s.objid)
      AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_namespace n ON n.oid = d.refobjid
        WHERE d.refclassid = 'pg_catalog.pg_namespace'::pg_catalog.regclass AND d.classid = s.classid AND d.objid = s.objid
          AND n.nspname ~ '^(pg_temp_|martydb_serve$)')
      AND NOT (s.classid = 'pg_catalog.pg_namespace'::pg_catalog.regclass AND s.objid IN (SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = 'martydb_serve')))
)::text
