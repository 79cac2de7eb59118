-- The database in each subscription's connection string, and nothing else of it: the rest contains a password.
-- Both forms of a connection string; without a database the server uses the user's name.
SELECT coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('name', s.subname, 'from', CASE
  WHEN s.subconninfo ~ '^postgres(ql)?://' THEN coalesce(
    pg_catalog.substring(s.subconninfo, '[?&]dbname=([^&]+)'),
    pg_catalog.substring(s.subconninfo, '^[a-z]+://[^/?]*/([^?]+)'),
    pg_catalog.substring(s.subconninfo, '[?&]user=([^&]+)'),
    pg_catalog.substring(s.subconninfo, '^[a-z]+://([^/?:@]+)(?::[^/?@]*)?@'))
  ELSE coalesce(
    pg_catalog.substring(s.subconninfo, '(?:^|[ ])dbname *= *''?([^'' ]+)'),
    pg_catalog.substring(s.subconninfo, '(?:^|[ ])user *= *''?([^'' ]+)')) END,
  'escaped', s.subconninfo ~ '^postgres(ql)?://') ORDER BY s.subname), '[]')::text
FROM pg_catalog.pg_subscription s
