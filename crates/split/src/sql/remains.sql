-- Objects of a shared database except for the server's schemas, members of extensions and objects that belong to a
-- table: kind and name.
own AS (
    SELECT n.oid, pg_catalog.quote_ident(n.nspname) AS ident FROM pg_catalog.pg_namespace n
    WHERE n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'martydb', 'martydb_serve', 'martydb_split')
),
part AS (
    -- Of an extension, or of a table: a sequence of its column.
    SELECT m.classid, m.objid FROM member m
    UNION ALL
    SELECT d.classid, d.objid FROM pg_catalog.pg_depend d
    WHERE d.deptype IN ('a', 'i') AND d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
        AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
)
SELECT r.kind, r.name FROM (
    SELECT k.kind, pg_catalog.format('%s.%I', s.ident, c.relname) AS name, 'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid AS class, c.oid
    FROM pg_catalog.pg_class c JOIN own s ON s.oid = c.relnamespace
    JOIN (VALUES ('r', 'table'), ('p', 'table'), ('f', 'foreign table'), ('v', 'view'), ('m', 'materialized view'), ('S', 'sequence'), ('c', 'type')) k (relkind, kind)
        ON k.relkind = c.relkind::pg_catalog.text
  UNION ALL
    SELECT CASE t.typtype WHEN 'd' THEN 'domain' ELSE 'type' END, pg_catalog.format('%s.%I', s.ident, t.typname),
        'pg_catalog.pg_type'::pg_catalog.regclass, t.oid
    FROM pg_catalog.pg_type t JOIN own s ON s.oid = t.typnamespace WHERE t.typtype IN ('d', 'e', 'r')
  UNION ALL
    SELECT CASE p.prokind WHEN 'p' THEN 'procedure' WHEN 'a' THEN 'aggregate' ELSE 'function' END,
        pg_catalog.format('%s.%I(%s)', s.ident, p.proname, pg_catalog.pg_get_function_identity_arguments(p.oid)),
        'pg_catalog.pg_proc'::pg_catalog.regclass, p.oid
    FROM pg_catalog.pg_proc p JOIN own s ON s.oid = p.pronamespace
) r
WHERE NOT EXISTS (SELECT FROM part WHERE part.classid = r.class AND part.objid = r.oid)
ORDER BY r.kind, r.name
