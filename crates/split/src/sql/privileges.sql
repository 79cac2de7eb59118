-- The admin's relation to the owners of the relations in martydb.tables, and of the tables whose foreign keys refer to
-- them.
SELECT 'admin', pg_catalog.json_build_object(
        'role', pg_catalog.quote_ident(r.rolname), 'superuser', r.rolsuper, 'makes_roles', r.rolcreaterole, 'sees_all_rows', r.rolbypassrls,
        'database', pg_catalog.quote_ident(pg_catalog.current_database()),
        'creates', pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CREATE')
    )::pg_catalog.text
FROM pg_catalog.pg_roles r WHERE r.rolname = current_user
UNION ALL
SELECT 'relation', pg_catalog.json_build_object(
        'ident', pg_catalog.format('%I.%I', n.nspname, c.relname), 'kind', CASE c.relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END,
        'schema', pg_catalog.quote_ident(n.nspname), 'enters', pg_catalog.has_schema_privilege(n.oid, 'USAGE'),
        'owner', pg_catalog.quote_ident(o.rolname), 'of_superuser', o.rolsuper, 'of_admin', o.rolname = current_user,
        'acts', pg_catalog.pg_has_role(o.oid, 'USAGE'), 'grants', pg_catalog.pg_has_role(o.oid, 'USAGE WITH ADMIN OPTION'),
        'secured', c.relrowsecurity, 'forced', c.relrowsecurity AND c.relforcerowsecurity
    )::pg_catalog.text
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace JOIN pg_catalog.pg_roles o ON o.oid = c.relowner
WHERE (c.oid = ANY (pg_catalog.current_setting('martydb.tables')::pg_catalog.oid[]) OR EXISTS (
        SELECT FROM pg_catalog.pg_constraint k WHERE k.contype = 'f' AND k.conrelid = c.oid
            AND k.confrelid = ANY (pg_catalog.current_setting('martydb.tables')::pg_catalog.oid[])))
    -- A sequence that belongs to a column has the table's owner.
    AND NOT (c.relkind = 'S' AND EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
        AND d.objid = c.oid AND d.refclassid = d.classid AND d.deptype IN ('a', 'i')))
ORDER BY 1, 2
