-- Requirements on the other server: extensions, and roles that hold privileges in this database. Also the privileges on members of
-- extensions that differ from the extension's own, which the owner cannot grant again.
SELECT 'extension', e.extname::pg_catalog.text, pg_catalog.pg_get_userbyid(e.extowner) = current_user FROM pg_catalog.pg_extension e
WHERE e.extname <> 'plpgsql'
UNION ALL
SELECT DISTINCT 'role', r.rolname::pg_catalog.text, false FROM pg_catalog.pg_shdepend s JOIN pg_catalog.pg_roles r ON r.oid = s.refobjid
WHERE s.dbid = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
    AND s.refclassid = 'pg_catalog.pg_authid'::pg_catalog.regclass AND s.deptype IN ('a', 'r')
    AND NOT EXISTS (SELECT FROM member m WHERE m.classid = s.classid AND m.objid = s.objid)
UNION ALL
SELECT 'audit', 'martydb_serve.audit', false FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = 'martydb_serve' AND c.relname = 'audit'
UNION ALL
SELECT 'rights', pg_catalog.pg_describe_object('pg_catalog.pg_proc'::pg_catalog.regclass, p.oid, 0), false FROM pg_catalog.pg_proc p
JOIN member d ON NOT d.is_part AND d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND d.objid = p.oid
LEFT JOIN pg_catalog.pg_init_privs i ON i.classoid = d.classid AND i.objoid = p.oid AND i.objsubid = 0
WHERE p.proacl::pg_catalog.text IS DISTINCT FROM i.initprivs::pg_catalog.text
UNION ALL
SELECT 'rights', pg_catalog.pg_describe_object('pg_catalog.pg_class'::pg_catalog.regclass, c.oid, 0), false FROM pg_catalog.pg_class c
JOIN member d ON NOT d.is_part AND d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid
LEFT JOIN pg_catalog.pg_init_privs i ON i.classoid = d.classid AND i.objoid = c.oid AND i.objsubid = 0
WHERE c.relacl::pg_catalog.text IS DISTINCT FROM i.initprivs::pg_catalog.text
ORDER BY 1, 2
