-- The end of the query, if the census finds code.
UNION ALL
(SELECT 'domain', pg_catalog.jsonb_build_object('display', n.nspname || '.' || d.typname, 'name', d.typname, 'schema', n.nspname,
  'owner', pg_catalog.pg_get_userbyid(d.typowner), 'run_by', d.run_by)::text
FROM domain d JOIN space n ON n.oid = d.typnamespace LIMIT 100001)
UNION ALL
-- Functions of extensions that any role may install, so that none needs a superuser, and that compute from their arguments: those of
-- these two take random numbers too.
SELECT 'computing', pg_catalog.to_jsonb(n.nspname || '.' || p.proname)::text
FROM pg_catalog.pg_proc p JOIN space n ON n.oid = p.pronamespace
JOIN scripted x ON x.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND x.objid = p.oid
JOIN pg_catalog.pg_extension e ON e.extname = x.extname
JOIN pg_catalog.pg_available_extension_versions v ON v.name = e.extname AND v.version = e.extversion AND v.trusted
GROUP BY n.nspname, p.proname
HAVING pg_catalog.bool_and((p.provolatile = 'i' OR e.extname IN ('pgcrypto', 'uuid-ossp')) AND p.prokind = 'f' AND NOT p.prosecdef
  AND p.proowner IN (SELECT m.oid FROM mighty m)
  AND p.prolang = (SELECT l.oid FROM pg_catalog.pg_language l WHERE l.lanname = 'c'))
UNION ALL
-- A cast of a constant to a superuser's enumeration runs the server's functions.
SELECT 'computing', pg_catalog.to_jsonb(n.nspname || '.' || y.typname)::text
FROM pg_catalog.pg_type y JOIN space n ON n.oid = y.typnamespace
WHERE y.typtype = 'e' AND y.typowner IN (SELECT m.oid FROM mighty m)
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_cast k WHERE y.oid IN (k.castsource, k.casttarget))
UNION ALL
-- Texts of the functions of other roles that run with their owner's privileges and may execute an argument.
(SELECT 'lent', pg_catalog.jsonb_build_object('run_by', 'the function ' || r.oid::pg_catalog.regprocedure::text, 'function', r.oid::pg_catalog.regprocedure::text,
  'language', l.lanname, 'definer', true, 'text', pg_catalog.left(r.prosrc, 65536), 'path', NULL)::text
FROM routine r JOIN pg_catalog.pg_language l ON l.oid = r.prolang
WHERE r.prosecdef AND r.executes AND r.extname IS NULL AND l.lanname IN ('sql', 'plpgsql') AND r.proowner NOT IN (SELECT m.oid FROM mighty m) LIMIT 100001)
UNION ALL
(SELECT 'body', pg_catalog.jsonb_build_object('run_by', b.shown, 'function', CASE WHEN b.function <> 0 THEN b.function::pg_catalog.regprocedure::text END,
  'language', b.language, 'definer', b.definer, 'text', b.text, 'path', b.path,
  'native', NOT EXISTS (SELECT FROM pg_catalog.pg_proc p
    CROSS JOIN LATERAL (SELECT pg_catalog.unnest(p.prorettype || p.proargtypes::pg_catalog.oid[] || coalesce(p.proallargtypes, '{}')) AS oid) t
    WHERE p.oid = b.function AND t.oid >= 16384))::text
FROM body b LIMIT 100001)
