-- The end of the query, if the census finds policies.
UNION ALL
-- Tables with row security: their policies, with the functions that these call and the relations that they read, and the partitions
-- and children that have not the same ones.
(WITH RECURSIVE
-- Functions that a policy calls, and relations that it reads: those that it depends on, behind a view or a parsed body too, and those
-- that the texts of these functions name.
policed AS (
  SELECT y.oid AS policy, d.refclassid AS class, d.refobjid AS oid
  FROM pg_catalog.pg_policy y JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_policy'::pg_catalog.regclass AND d.objid = y.oid
  WHERE d.refobjid >= 16384 AND d.refclassid IN ('pg_catalog.pg_proc'::pg_catalog.regclass, 'pg_catalog.pg_class'::pg_catalog.regclass)
  UNION
  SELECT w.policy, n.class, n.oid FROM policed w CROSS JOIN LATERAL (
    SELECT d.refclassid AS class, d.refobjid AS oid FROM pg_catalog.pg_depend d
    WHERE d.refobjid >= 16384 AND d.refclassid IN ('pg_catalog.pg_proc'::pg_catalog.regclass, 'pg_catalog.pg_class'::pg_catalog.regclass)
      AND (d.classid = w.class AND w.class = 'pg_catalog.pg_proc'::pg_catalog.regclass AND d.objid = w.oid
        OR d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND w.class = 'pg_catalog.pg_class'::pg_catalog.regclass
          AND d.objid IN (SELECT r.oid FROM pg_catalog.pg_rewrite r WHERE r.ev_class = w.oid AND r.ev_type = '1'))
    UNION ALL
    SELECT 'pg_catalog.pg_proc'::pg_catalog.regclass, f.oid FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_proc f ON f.oid >= 16384
    WHERE w.class = 'pg_catalog.pg_proc'::pg_catalog.regclass AND p.oid = w.oid AND pg_catalog.left(p.prosrc, 65536)
      ~* ('\m' || pg_catalog.regexp_replace(f.proname, '(\W)', '\\\1', 'g') || '"?\s*\(')
    UNION ALL
    SELECT 'pg_catalog.pg_class'::pg_catalog.regclass, t.oid FROM pg_catalog.pg_proc p
    JOIN pg_catalog.pg_class t ON t.oid >= 16384 AND t.relkind IN ('r', 'p', 'v', 'm', 'f')
    WHERE w.class = 'pg_catalog.pg_proc'::pg_catalog.regclass AND p.oid = w.oid AND pg_catalog.left(p.prosrc, 65536)
      ~* ('(\mfrom\M([^;]*,)?|\mjoin\M)\s*(only\s+)?("?\w+"?\.)?"?' || pg_catalog.regexp_replace(t.relname, '(\W)', '\\\1', 'g') || '\M')) n)
SELECT 'policy', pg_catalog.jsonb_build_object('table', n.nspname || '.' || c.relname,
  'policies', (SELECT pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
    'name', y.polname, 'restrictive', NOT y.polpermissive, 'command', y.polcmd,
    'roles', (SELECT pg_catalog.jsonb_agg(pg_catalog.pg_get_userbyid(r)) FROM pg_catalog.unnest(y.polroles) r WHERE r <> 0),
    'using', pg_catalog.left(pg_catalog.pg_get_expr(y.polqual, y.polrelid), 65536),
    'check', pg_catalog.left(pg_catalog.pg_get_expr(y.polwithcheck, y.polrelid), 65536),
    'calls', (SELECT pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('function', p.oid::pg_catalog.regprocedure::text,
        'owner', pg_catalog.pg_get_userbyid(p.proowner), 'language', l.lanname, 'text', pg_catalog.left(
          CASE WHEN p.prosrc = '' THEN pg_catalog.pg_get_functiondef(p.oid) ELSE p.prosrc END, 65536)) ORDER BY p.oid)
      FROM policed w JOIN pg_catalog.pg_proc p ON p.oid = w.oid JOIN pg_catalog.pg_language l ON l.oid = p.prolang
      WHERE w.policy = y.oid AND w.class = 'pg_catalog.pg_proc'::pg_catalog.regclass),
    'reads', (SELECT pg_catalog.jsonb_agg(s.nspname || '.' || t.relname ORDER BY t.oid)
      FROM policed w JOIN pg_catalog.pg_class t ON t.oid = w.oid AND t.oid <> c.oid JOIN pg_catalog.pg_namespace s ON s.oid = t.relnamespace
      WHERE w.policy = y.oid AND w.class = 'pg_catalog.pg_class'::pg_catalog.regclass)) ORDER BY y.oid)
    FROM pg_catalog.pg_policy y WHERE y.polrelid = c.oid),
  'leaves', (WITH RECURSIVE below AS (
      SELECT i.inhrelid AS oid FROM pg_catalog.pg_inherits i WHERE i.inhparent = c.oid
      UNION SELECT i.inhrelid FROM below b JOIN pg_catalog.pg_inherits i ON i.inhparent = b.oid)
    SELECT pg_catalog.jsonb_agg(s.nspname || '.' || t.relname ORDER BY t.oid)
    FROM below b JOIN pg_catalog.pg_class t ON t.oid = b.oid JOIN pg_catalog.pg_namespace s ON s.oid = t.relnamespace
    WHERE NOT t.relrowsecurity OR EXISTS (
      -- One that lets more rows through, or a restrictive one that is missing.
      SELECT FROM pg_catalog.pg_policy y WHERE y.polrelid = CASE WHEN y.polpermissive THEN t.oid ELSE c.oid END AND NOT EXISTS (
        SELECT FROM pg_catalog.pg_policy z WHERE z.polrelid = CASE WHEN y.polpermissive THEN c.oid ELSE t.oid END
          AND z.polpermissive = y.polpermissive AND z.polcmd IN ('*', y.polcmd)
          AND pg_catalog.pg_get_expr(z.polqual, z.polrelid) IS NOT DISTINCT FROM pg_catalog.pg_get_expr(y.polqual, y.polrelid)))))::text
FROM pg_catalog.pg_class c JOIN space n ON n.oid = c.relnamespace
WHERE c.relrowsecurity AND c.oid >= 16384 AND EXISTS (SELECT FROM pg_catalog.pg_policy y WHERE y.polrelid = c.oid) LIMIT 100001)
