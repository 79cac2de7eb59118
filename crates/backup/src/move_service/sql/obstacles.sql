-- Objects that a dump as the owner would lack, or that a restore as the owner could not create: the object, the reason, and the
-- solution. Runs as the owner, in the database that moves, after objects.sql. Extensions create their own members.
SELECT pg_catalog.pg_describe_object(classid, oid, 0) AS object, 'belongs to ' || role AS why,
    CASE classid WHEN 'pg_catalog.pg_default_acl'::pg_catalog.regclass THEN 'take them back: ALTER DEFAULT PRIVILEGES ... REVOKE'
        ELSE 'give it to the owner, or remove it' END AS way FROM others
    WHERE NOT EXISTS (SELECT FROM beyond WHERE beyond.classid = others.classid AND beyond.oid = others.oid)
UNION ALL
SELECT pg_catalog.pg_describe_object(classid, oid, 0), 'only a superuser can make it', 'make it part of an extension, or remove it' FROM beyond
UNION ALL
SELECT pg_catalog.pg_describe_object(classid, oid, 0), 'was added to an extension, and no dump holds it',
    'take it out: ALTER EXTENSION ... DROP' FROM added
UNION ALL
SELECT what, 'its owner has no SELECT on it', 'give it back: GRANT ALL TO its owner' FROM rel
WHERE relowner = (SELECT oid FROM own) AND NOT CASE
    WHEN relkind IN ('r', 'p', 'm') THEN pg_catalog.has_table_privilege(oid, 'SELECT')
    WHEN relkind = 'S' THEN pg_catalog.has_sequence_privilege(oid, 'SELECT') ELSE true END
UNION ALL
SELECT 'schema ' || nspname, 'its owner has no USAGE on it', 'give it back: GRANT ALL TO its owner' FROM ns
WHERE nspowner = (SELECT oid FROM own) AND NOT pg_catalog.has_schema_privilege(oid, 'USAGE')
UNION ALL
SELECT what, 'row security hides rows from its owner', 'ALTER TABLE ... NO FORCE ROW LEVEL SECURITY until it has moved' FROM rel
WHERE relkind IN ('r', 'p') AND relowner = (SELECT oid FROM own) AND pg_catalog.row_security_active(oid)
UNION ALL
SELECT 'schema ' || nspname, 'has the name of the data service''s records, and belongs to the service', 'give it another name'
FROM pg_catalog.pg_namespace WHERE nspname = 'martydb_serve' AND nspowner = (SELECT oid FROM own)
UNION ALL
SELECT what, 'is invalid, and a dump leaves it out', 'REINDEX or drop it' FROM rel
JOIN pg_catalog.pg_index i ON i.indexrelid = rel.oid WHERE relkind = 'i' AND NOT i.indisvalid
UNION ALL
SELECT DISTINCT object, 'has rights that ' || pg_catalog.pg_get_userbyid(a.grantor) || ' gave, who is not its owner',
    'have its owner give them, and revoke these'
FROM granted, pg_catalog.aclexplode(acl) a WHERE a.grantor <> owner AND owner = (SELECT oid FROM own)
UNION ALL
SELECT 'foreign-data wrapper ' || fdwname, 'foreign data is not copied', 'remove it until the service has moved' FROM pg_catalog.pg_foreign_data_wrapper f
WHERE NOT EXISTS (SELECT FROM member m WHERE m.classid = 'pg_catalog.pg_foreign_data_wrapper'::pg_catalog.regclass AND m.objid = f.oid)
UNION ALL
SELECT 'foreign server ' || srvname, 'foreign data is not copied', 'remove it until the service has moved' FROM pg_catalog.pg_foreign_server
UNION ALL
SELECT 'event trigger ' || evtname, 'only a superuser can make it', 'remove it until the service has moved' FROM pg_catalog.pg_event_trigger e
WHERE NOT EXISTS (SELECT FROM member m WHERE m.classid = 'pg_catalog.pg_event_trigger'::pg_catalog.regclass AND m.objid = e.oid)
UNION ALL
SELECT 'publication ' || pubname, 'is for all tables, which only a superuser can make', 'remove it until the service has moved'
FROM pg_catalog.pg_publication WHERE puballtables AND pubowner = (SELECT oid FROM own)
UNION ALL
SELECT 'subscription ' || subname, 'is not copied', 'remove it, and make it on the new server' FROM pg_catalog.pg_subscription
WHERE subdbid = (SELECT oid FROM base)
UNION ALL
SELECT 'prepared transaction ' || gid, 'its rows are not visible yet', 'COMMIT PREPARED or ROLLBACK PREPARED it' FROM pg_catalog.pg_prepared_xacts
WHERE database = pg_catalog.current_database()
UNION ALL
SELECT 'replication slot ' || slot_name, 'a reader still waits for changes of this database', 'drop it once its reader has them all'
FROM pg_catalog.pg_replication_slots WHERE database = pg_catalog.current_database()
ORDER BY 1, 2
