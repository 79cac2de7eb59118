-- An aggregate calls functions with its owner's privileges: the caller needs EXECUTE on the aggregate only.
called AS (
  SELECT a.aggfnoid AS aggregate,
    -- The server's own functions that PUBLIC may not call, code in an untrusted language, and functions that
    -- run as another role.
    pg_catalog.bool_or(f.prosecdef AND (f.proowner <> p.proowner
        OR EXISTS (SELECT FROM pg_catalog.pg_roles r WHERE r.oid = f.proowner AND r.rolsuper)) OR CASE WHEN f.oid < 16384 THEN NOT EXISTS (
        SELECT FROM pg_catalog.aclexplode(coalesce(f.proacl, pg_catalog.acldefault('f', f.proowner))) x WHERE x.grantee = 0)
      ELSE (NOT l.lanpltrusted OR l.lanname IN ('c', 'internal')) AND NOT EXISTS (SELECT FROM ext x
        WHERE x.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND x.objid = f.oid) END) AS dangerous
  FROM pg_catalog.pg_aggregate a JOIN pg_catalog.pg_proc p ON p.oid = a.aggfnoid
  JOIN pg_catalog.pg_proc f ON f.oid IN (a.aggtransfn, a.aggfinalfn, a.aggcombinefn, a.aggserialfn, a.aggdeserialfn,
    a.aggmtransfn, a.aggminvtransfn, a.aggmfinalfn)
  JOIN pg_catalog.pg_language l ON l.oid = f.prolang
  WHERE a.aggfnoid >= 16384
  GROUP BY a.aggfnoid),
