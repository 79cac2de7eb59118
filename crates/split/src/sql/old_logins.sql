-- Logins of the shared database that are not superusers: the role, the databases of this server that it can connect to,
-- and the number of tables here that it may read or change.
SELECT r.rolname::pg_catalog.text,
    ARRAY(SELECT d.datname::pg_catalog.text FROM pg_catalog.pg_database d
        WHERE d.datallowconn AND NOT d.datistemplate AND pg_catalog.has_database_privilege(r.oid, d.oid, 'CONNECT') ORDER BY 1),
    (SELECT pg_catalog.count(*) FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relkind IN ('r', 'p', 'f', 'v', 'm') AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'martydb', 'martydb_serve', 'martydb_split')
            AND pg_catalog.has_schema_privilege(r.oid, n.oid, 'USAGE')
            AND pg_catalog.has_table_privilege(r.oid, c.oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE'))
FROM pg_catalog.pg_roles r
WHERE r.rolcanlogin AND NOT r.rolsuper AND r.rolname !~ '^martydb_split_' AND r.rolname <> current_user
    AND pg_catalog.has_database_privilege(r.oid, pg_catalog.current_database(), 'CONNECT')
ORDER BY 1
