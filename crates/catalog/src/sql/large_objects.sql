-- The beginnings of large objects that a role other than a superuser can read, as texts: at most 32 kB of each and
-- of 128, those with privileges for other roles first. Dumps and keys are kept in them.
WITH
chosen AS (
  SELECT m.oid, m.lomacl IS NOT NULL AS granted FROM pg_catalog.pg_largeobject_metadata m
  WHERE m.lomacl IS NOT NULL OR m.lomowner NOT IN (SELECT r.oid FROM pg_catalog.pg_roles r WHERE r.rolsuper)),
first AS (SELECT c.oid FROM chosen c ORDER BY c.granted DESC, c.oid LIMIT 128)
SELECT 'text', pg_catalog.jsonb_build_object('object', 'large object ' || f.oid, 'form', 'hex', 'reader', NULL,
  'text', pg_catalog.encode(coalesce((SELECT pg_catalog.string_agg(l.data, '' ORDER BY l.pageno) FROM pg_catalog.pg_largeobject l
    WHERE l.loid = f.oid AND l.pageno < 16), ''), 'hex'),
  'texts', 1, 'left_out', 0, 'owner', NULL)::text
FROM first f
UNION ALL
SELECT 'unsearched', pg_catalog.to_jsonb((SELECT pg_catalog.count(*) FROM chosen) - (SELECT pg_catalog.count(*) FROM first f
  WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_largeobject l WHERE l.loid = f.oid AND l.pageno >= 16)))::text
