-- What a server makes with each range type from 14 on: the owner, the constructors and the cast of its multirange type, by the
-- names that the comparison of catalogs has for them.
WITH made AS (
    SELECT g.rngtypid, g.rngmultitypid FROM pg_catalog.pg_range g JOIN pg_catalog.pg_type t ON t.oid = g.rngtypid WHERE t.oid >= 16384
)
SELECT 'owner', 'type ' || o.identity FROM made, pg_catalog.pg_identify_object('pg_catalog.pg_type'::pg_catalog.regclass, rngmultitypid, 0) o
UNION ALL
SELECT 'routine', d.objid::pg_catalog.regprocedure::pg_catalog.text FROM made JOIN pg_catalog.pg_depend d
    ON d.refclassid = 'pg_catalog.pg_type'::pg_catalog.regclass AND d.refobjid = rngmultitypid AND d.deptype = 'i'
        AND d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass
UNION ALL
SELECT 'cast', pg_catalog.format('%s as %s', c.castsource::pg_catalog.regtype, c.casttarget::pg_catalog.regtype)
FROM made JOIN pg_catalog.pg_cast c ON c.castsource = rngtypid AND c.casttarget = rngmultitypid
