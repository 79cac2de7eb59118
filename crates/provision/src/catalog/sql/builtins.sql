-- The server's own views, rules, functions, operators and casts whose rows were rewritten after initdb, as rows
-- of section and item. initdb ends with CREATE EXTENSION plpgsql; its earlier transactions have lower ids, and
-- a rewritten row has a higher xmin. The xmin stays readable: CREATE DATABASE copies it, freezing only sets a
-- flag, VACUUM FULL keeps it, and pg_upgrade starts from a new initdb. A change of privileges rewrites a
-- function too, so its definition is returned as a digest, for a comparison with other databases. Functions in
-- the language internal (12) are skipped: the server calls them by OID without reading the row.
WITH
initdb AS (
  SELECT pg_catalog.min(d.xmin::text::bigint) AS last FROM pg_catalog.pg_depend d
  WHERE d.deptype = 'e' AND d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass
    AND d.refobjid = (SELECT e.oid FROM pg_catalog.pg_extension e WHERE e.extname = 'plpgsql')),
routine AS (
  SELECT p.oid, p.xmin::text::bigint > i.last AS later, p.proacl IS DISTINCT FROM (
      SELECT v.initprivs FROM pg_catalog.pg_init_privs v
      WHERE v.classoid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND v.objoid = p.oid AND v.objsubid = 0) AS granted,
    pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to(pg_catalog.jsonb_build_object(
      'source', pg_catalog.left(p.prosrc, 1000000), 'library', pg_catalog.encode(pg_catalog.convert_to(p.probin, 'SQL_ASCII'), 'hex'),
      'language', p.prolang, 'definer', p.prosecdef, 'settings', pg_catalog.array_to_string(p.proconfig, ' '),
      'body', pg_catalog.to_jsonb(p) ->> 'prosqlbody')::text, 'SQL_ASCII')), 'hex') AS digest
  FROM pg_catalog.pg_proc p CROSS JOIN initdb i WHERE p.oid < 16384 AND p.prolang <> 12
    -- Digests are read from initdb's own databases only: a digest of everything in each database would cost
    -- most of a run.
    AND (p.xmin::text::bigint > i.last OR (
      SELECT d.oid < 16384 FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database())))
SELECT 'dated', pg_catalog.to_jsonb(i.last IS NOT NULL)::text FROM initdb i
UNION ALL
SELECT 'original', pg_catalog.jsonb_build_object('number', r.oid::bigint, 'digest', r.digest)::text FROM routine r WHERE NOT r.later
UNION ALL
SELECT 'routine', pg_catalog.jsonb_build_object(
  'number', r.oid::bigint, 'digest', r.digest, 'shown', 'function ' || r.oid::pg_catalog.regprocedure::text, 'granted', r.granted)::text
FROM routine r WHERE r.later
UNION ALL
SELECT 'rewritten', pg_catalog.to_jsonb(CASE r.rulename WHEN '_RETURN'
    THEN pg_catalog.pg_describe_object('pg_catalog.pg_class'::pg_catalog.regclass, r.ev_class, 0)
    ELSE pg_catalog.pg_describe_object('pg_catalog.pg_rewrite'::pg_catalog.regclass, r.oid, 0) END)::text
FROM pg_catalog.pg_rewrite r CROSS JOIN initdb i WHERE r.ev_class < 16384 AND r.xmin::text::bigint > i.last
UNION ALL
SELECT 'rewritten', pg_catalog.to_jsonb(pg_catalog.pg_describe_object('pg_catalog.pg_operator'::pg_catalog.regclass, o.oid, 0))::text
FROM pg_catalog.pg_operator o CROSS JOIN initdb i WHERE o.oid < 16384 AND o.xmin::text::bigint > i.last
UNION ALL
SELECT 'rewritten', pg_catalog.to_jsonb(pg_catalog.pg_describe_object('pg_catalog.pg_cast'::pg_catalog.regclass, c.oid, 0))::text
FROM pg_catalog.pg_cast c CROSS JOIN initdb i WHERE c.oid < 16384 AND c.xmin::text::bigint > i.last
