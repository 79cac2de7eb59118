-- The database that each subscription's connection names, and nothing else of it: the rest holds a password.
SELECT coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('name', s.subname, 'from',
  pg_catalog.substring(s.subconninfo, '(?:^|[ ])dbname *= *''?([^'' ]+)')) ORDER BY s.subname), '[]')::text
FROM pg_catalog.pg_subscription s
