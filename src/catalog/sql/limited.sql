-- What an admin who is no superuser may not do, as one document; from 15 on single settings can be granted.
SELECT pg_catalog.jsonb_build_object(
  'forbidden_settings', (
    SELECT pg_catalog.jsonb_agg(s.name) FROM pg_catalog.pg_settings s
    WHERE s.context IN ('superuser', 'superuser-backend')
      AND NOT pg_catalog.has_parameter_privilege(current_user, s.name, 'SET')),
  'untrusted_extensions', (
    SELECT pg_catalog.jsonb_agg(DISTINCT v.name) FROM pg_catalog.pg_available_extension_versions v
    WHERE v.superuser AND NOT v.trusted))::text
