-- Limits of an admin that is not a superuser, as one document; before 15 no setting can be granted.
SELECT pg_catalog.jsonb_build_object(
  'forbidden_settings', (
    SELECT pg_catalog.jsonb_agg(s.name) FROM pg_catalog.pg_settings s
    WHERE s.context IN ('superuser', 'superuser-backend')),
  -- Only a superuser may set names with a dot that no loaded library defines on other roles.
  'dotted_settings', (
    SELECT pg_catalog.jsonb_agg(pg_catalog.lower(s.name)) FROM pg_catalog.pg_settings s WHERE pg_catalog.strpos(s.name, '.') > 0))::text
