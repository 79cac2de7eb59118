-- Role → databases in which it owns or holds something, as one document; the bootstrap superuser has no rows here.
SELECT coalesce(pg_catalog.jsonb_object_agg(h.role, h.places), '{}')::text FROM (
  SELECT r.rolname AS role, pg_catalog.jsonb_agg(DISTINCT d.datname) AS places
  FROM pg_catalog.pg_shdepend s
  JOIN pg_catalog.pg_roles r ON r.oid = s.refobjid
  JOIN pg_catalog.pg_database d ON d.oid = s.dbid
  WHERE s.refclassid = 'pg_catalog.pg_authid'::pg_catalog.regclass
  GROUP BY r.rolname) h
