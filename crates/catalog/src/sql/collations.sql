-- Databases whose collation version differs from that of the library; from 15 on. An unknown version counts as equal.
SELECT coalesce(pg_catalog.jsonb_object_agg(v.name, pg_catalog.jsonb_build_object('recorded', v.recorded, 'present', v.present)), '{}')::text
FROM (
  SELECT d.datname AS name, d.datcollversion AS recorded, pg_catalog.pg_database_collation_actual_version(d.oid) AS present
  FROM pg_catalog.pg_database d WHERE d.datcollversion IS NOT NULL AND d.datallowconn) v
WHERE v.recorded <> v.present
