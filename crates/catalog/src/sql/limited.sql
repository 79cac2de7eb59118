-- Limits of an admin that is not a superuser, as one document; from 15 on single settings can be granted.
SELECT pg_catalog.jsonb_build_object(
  'forbidden_settings', (
    SELECT pg_catalog.jsonb_agg(s.name) FROM pg_catalog.pg_settings s
    WHERE s.context IN ('superuser', 'superuser-backend')
      AND NOT pg_catalog.has_parameter_privilege(current_user, s.name, 'SET')),
  -- Only a superuser may set names with a dot that no loaded library defines on other roles, unless granted.
  'dotted_settings', (
    SELECT pg_catalog.jsonb_agg(pg_catalog.lower(d.name)) FROM (
      SELECT s.name FROM pg_catalog.pg_settings s WHERE pg_catalog.strpos(s.name, '.') > 0
      UNION ALL
      SELECT a.parname FROM pg_catalog.pg_parameter_acl a
      WHERE pg_catalog.strpos(a.parname, '.') > 0 AND pg_catalog.has_parameter_privilege(current_user, a.parname, 'SET')) d))::text
