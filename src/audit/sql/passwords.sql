-- How each login's password is kept; what it is never leaves the server.
SELECT coalesce(pg_catalog.jsonb_object_agg(a.rolname, CASE
  WHEN a.rolpassword IS NULL THEN 'none' WHEN a.rolpassword LIKE 'SCRAM-SHA-256$%' THEN 'scram'
  WHEN a.rolpassword LIKE 'md5%' THEN 'md5' ELSE 'unknown' END), '{}')::text
FROM pg_catalog.pg_authid a WHERE a.rolcanlogin
