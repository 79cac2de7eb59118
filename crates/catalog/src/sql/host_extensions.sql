-- Extensions that are installed on the host, as one document. Each scan of the view of versions reads a file for each of them.
WITH available AS MATERIALIZED (
  SELECT v.name, v.schema, v.requires, v.superuser, v.trusted, v.relocatable, v.version = e.default_version AS usual
  FROM pg_catalog.pg_available_extension_versions v JOIN pg_catalog.pg_available_extensions e ON e.name = v.name),
admin AS (SELECT r.rolsuper FROM pg_catalog.pg_roles r WHERE r.rolname = current_user)
SELECT pg_catalog.jsonb_build_object(
  'needs', (SELECT pg_catalog.jsonb_object_agg(a.name, coalesce(pg_catalog.to_jsonb(a.requires), '[]')) FROM available a WHERE a.usual),
  'fixed', (SELECT pg_catalog.jsonb_object_agg(a.name, a.schema) FROM available a WHERE a.usual AND a.schema IS NOT NULL),
  'relocatable', (SELECT pg_catalog.jsonb_agg(a.name) FROM available a WHERE a.usual AND a.relocatable),
  'settled', (SELECT pg_catalog.jsonb_agg(DISTINCT a.name) FROM available a WHERE a.schema IS NOT NULL),
  -- Only the owner of all its objects may move an extension, and those of a trusted one belong to a superuser.
  'movable', (
    SELECT pg_catalog.jsonb_agg(a.name) FROM available a
    WHERE a.usual AND a.relocatable AND (NOT a.superuser OR (SELECT rolsuper FROM admin))),
  'trusted', (SELECT pg_catalog.jsonb_agg(a.name) FROM available a WHERE a.usual AND a.superuser AND a.trusted),
  'forbidden', (
    SELECT pg_catalog.jsonb_agg(DISTINCT a.name) FROM available a
    WHERE a.superuser AND NOT a.trusted AND NOT (SELECT rolsuper FROM admin)))::text
