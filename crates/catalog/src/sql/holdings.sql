-- Role, database (NULL for shared objects other than databases), whether it is owned, and objects that only a
-- superuser may own, one row each; the bootstrap superuser has no rows here. Default privileges and user
-- mappings have an owner in PostgreSQL, but REASSIGN OWNED leaves them to DROP OWNED.
SELECT 'held', pg_catalog.jsonb_build_object(
  'role', h.role, 'database', h.place, 'owned', h.owned, 'stuck', h.stuck)::text FROM (
  SELECT DISTINCT r.rolname AS role, d.datname AS place,
    s.deptype = 'o' AND s.classid NOT IN ('pg_catalog.pg_default_acl'::pg_catalog.regclass,
      'pg_catalog.pg_user_mapping'::pg_catalog.regclass) AS owned,
    CASE WHEN s.deptype = 'o' THEN CASE s.classid
      WHEN 'pg_catalog.pg_event_trigger'::pg_catalog.regclass THEN 'an event trigger'
      WHEN 'pg_catalog.pg_foreign_data_wrapper'::pg_catalog.regclass THEN 'a foreign-data wrapper'
      WHEN 'pg_catalog.pg_subscription'::pg_catalog.regclass
        THEN CASE WHEN pg_catalog.current_setting('server_version_num')::int < 160000 THEN 'a subscription' END
    END END AS stuck
  FROM pg_catalog.pg_shdepend s
  JOIN pg_catalog.pg_roles r ON r.oid = s.refobjid
  LEFT JOIN pg_catalog.pg_database d ON d.oid = s.dbid
  WHERE s.refclassid = 'pg_catalog.pg_authid'::pg_catalog.regclass
    AND (d.oid IS NOT NULL OR s.dbid = 0 AND s.deptype = 'o' AND s.classid <> 'pg_catalog.pg_database'::pg_catalog.regclass)) h
