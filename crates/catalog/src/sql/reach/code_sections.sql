-- The end of the query, if the census finds code.
UNION ALL
(SELECT 'domain', pg_catalog.jsonb_build_object('display', n.nspname || '.' || d.typname, 'name', d.typname, 'schema', n.nspname,
  'owner', pg_catalog.pg_get_userbyid(d.typowner), 'run_by', d.run_by)::text
FROM domain d JOIN space n ON n.oid = d.typnamespace LIMIT 100001)
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
