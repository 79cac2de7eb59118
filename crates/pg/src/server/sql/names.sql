-- The names of open databases and of roles, as one document.
SELECT pg_catalog.jsonb_build_object(
  'databases', (SELECT pg_catalog.jsonb_agg(d.datname) FROM pg_catalog.pg_database d WHERE d.datallowconn),
  'roles', (SELECT pg_catalog.jsonb_agg(r.rolname) FROM pg_catalog.pg_roles r))::text
