-- Privileges on configuration parameters, from 15 on.
SELECT coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
  'parameter', p.parname, 'grantee', CASE WHEN a.grantee = 0 THEN NULL ELSE pg_catalog.pg_get_userbyid(a.grantee) END,
  'grantor', pg_catalog.pg_get_userbyid(a.grantor), 'privilege', a.privilege_type, 'grantable', a.is_grantable)
  ORDER BY p.parname, a.grantee, a.privilege_type), '[]')::text
FROM pg_catalog.pg_parameter_acl p CROSS JOIN LATERAL pg_catalog.aclexplode(p.paracl) a
