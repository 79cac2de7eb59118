-- What remains without a table of `moved`, and the statement that detaches it: children of the table, and its sequences that
-- defaults of remaining tables use.
kept AS MATERIALIZED (
    SELECT i.inhrelid AS oid, i.inhparent AS of, CASE WHEN c.relispartition
        THEN pg_catalog.format('ALTER TABLE %I.%I DETACH PARTITION %I.%I', pn.nspname, p.relname, cn.nspname, c.relname)
        ELSE pg_catalog.format('ALTER TABLE %I.%I NO INHERIT %I.%I', cn.nspname, c.relname, pn.nspname, p.relname) END AS statement
    FROM pg_catalog.pg_inherits i JOIN moved m ON m.oid = i.inhparent
    JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid AND c.relkind IN ('r', 'p', 'f') JOIN pg_catalog.pg_namespace cn ON cn.oid = c.relnamespace
    JOIN pg_catalog.pg_class p ON p.oid = i.inhparent JOIN pg_catalog.pg_namespace pn ON pn.oid = p.relnamespace
    WHERE NOT EXISTS (SELECT FROM moved o WHERE o.oid = c.oid)
  UNION ALL
    SELECT c.oid, d.refobjid, pg_catalog.format('ALTER SEQUENCE %I.%I OWNED BY NONE', n.nspname, c.relname)
    FROM pg_catalog.pg_depend d JOIN moved m ON m.oid = d.refobjid
    JOIN pg_catalog.pg_class c ON c.oid = d.objid AND c.relkind = 'S' JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refclassid = d.classid AND d.deptype = 'a'
        AND EXISTS (SELECT FROM pg_catalog.pg_depend u JOIN pg_catalog.pg_attrdef x ON x.oid = u.objid
            WHERE u.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass AND u.refclassid = d.classid AND u.refobjid = c.oid
                AND NOT EXISTS (SELECT FROM moved o WHERE o.oid = x.adrelid))
)
