WITH available AS MATERIALIZED (
  -- Each scan of the view of versions reads a file for each extension that is installed on the host.
  SELECT v.name, v.schema, v.superuser, v.trusted, v.relocatable, v.version = e.default_version AS usual
  FROM pg_catalog.pg_available_extension_versions v JOIN pg_catalog.pg_available_extensions e ON e.name = v.name)
