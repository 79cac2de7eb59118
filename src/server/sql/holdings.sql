-- Role and database in which it owns or holds something, a row for each pair; the bootstrap superuser has no rows here.
SELECT 'held', pg_catalog.jsonb_build_object('role', r.rolname, 'database', d.datname)::text
FROM (
  SELECT DISTINCT s.refobjid, s.dbid FROM pg_catalog.pg_shdepend s
  WHERE s.refclassid = 'pg_catalog.pg_authid'::pg_catalog.regclass) s
JOIN pg_catalog.pg_roles r ON r.oid = s.refobjid
JOIN pg_catalog.pg_database d ON d.oid = s.dbid
