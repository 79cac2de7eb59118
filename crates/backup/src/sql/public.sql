-- The schema `public` of a new database: its owner and privileges, in the form of the record.
SELECT pg_catalog.jsonb_build_object('owner', pg_catalog.pg_get_userbyid(n.nspowner),
    'acl', (SELECT coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
        'grantee', CASE WHEN a.grantee <> 0 THEN pg_catalog.pg_get_userbyid(a.grantee) END, 'privilege', a.privilege_type, 'grantable', a.is_grantable)
        ORDER BY a.grantee = 0 DESC, pg_catalog.pg_get_userbyid(a.grantee), a.privilege_type), '[]')
      FROM pg_catalog.aclexplode(coalesce(n.nspacl, pg_catalog.acldefault('n', n.nspowner))) a))::pg_catalog.text
FROM pg_catalog.pg_namespace n WHERE n.nspname = 'public'
