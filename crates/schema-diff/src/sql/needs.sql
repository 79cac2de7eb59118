-- Dependencies between objects. A view's rule counts as the view, and a default as its column; other objects without
-- a row of their own (array types, indexes of constraints) are passed through by the reader.
WITH alias AS (
    SELECT 'pg_catalog.pg_rewrite'::pg_catalog.regclass AS classid, oid AS objid, '1259/' || ev_class || '/0' AS key FROM pg_catalog.pg_rewrite WHERE rulename = '_RETURN'
    UNION ALL
    SELECT 'pg_catalog.pg_attrdef'::pg_catalog.regclass, oid, pg_catalog.format('1259/%s/%s', adrelid, adnum) FROM pg_catalog.pg_attrdef
    UNION ALL
    SELECT 'pg_catalog.pg_type'::pg_catalog.regclass, oid, '1259/' || typrelid || '/0' FROM pg_catalog.pg_type WHERE typrelid <> 0
)
SELECT DISTINCT x.key, x.needs FROM (
    SELECT coalesce(a.key, pg_catalog.format('%s/%s/%s', d.classid, d.objid, d.objsubid)) AS key,
           coalesce(b.key, pg_catalog.format('%s/%s/%s', d.refclassid, d.refobjid, d.refobjsubid)) AS needs
    FROM pg_catalog.pg_depend d
    LEFT JOIN alias a ON a.classid = d.classid AND a.objid = d.objid
    LEFT JOIN alias b ON b.classid = d.refclassid AND b.objid = d.refobjid
    WHERE d.objid >= 16384 AND d.refobjid >= 16384 AND d.deptype IN ('n', 'a', 'i', 'P', 'S', 'x')
      -- A sequence that a column owns: a part of the sequence says so.
      AND NOT (d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
               AND d.deptype IN ('a', 'i') AND EXISTS (SELECT FROM pg_catalog.pg_class c WHERE c.oid = d.objid AND c.relkind = 'S'))
) x WHERE x.key <> x.needs
